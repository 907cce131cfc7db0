"""A Cortex-M4 and a Cortex-M7 in QEMU: what it takes to run a program there with semihosting."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

#: Board of QEMU by processor, and its floating-point unit. https://www.qemu.org/docs/master/system/arm/mps2.html
BOARDS = {
    "cortex-m4": ("mps2-an386", "fpv4-sp-d16"),
    "cortex-m7": ("mps2-an500", "fpv5-d16"),
}
_GCC, _QEMU = "arm-none-eabi-gcc", "qemu-system-arm"

# The vector table, and the floating-point unit switched on (Armv7-M manual, B3.2.20) before newlib.
_START = """
extern void _start(void);
void reset(void);
void reset(void)
{
    *(volatile unsigned *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb\\n isb");
    _start();
}
__attribute__((section(".vectors"), used)) const struct {
    unsigned stack;
    void (*reset)(void);
} vectors = {0x20400000, reset};
"""
_LAYOUT = """
MEMORY { flash : ORIGIN = 0, LENGTH = 4M  ram : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.init) *(.fini) } > flash
  .ARM.exidx : { *(.ARM.exidx*) } > flash
  .data : { *(.data*) KEEP(*(.init_array*)) } > ram
  .bss : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; end = .; __end__ = .; } > ram
}
"""


def missing() -> str | None:
    """Say what is not installed, or None."""
    for tool in (_GCC, _QEMU):
        if not shutil.which(tool):
            return f"{tool} is not installed: apt-get install gcc-arm-none-eabi qemu-system-arm"
    found = subprocess.run(
        [_GCC, "-print-file-name=rdimon.specs"], capture_output=True, text=True, check=False
    )
    if "/" not in found.stdout:
        return "newlib is not installed: apt-get install libnewlib-arm-none-eabi"
    return None


def compiler(processor: str) -> list[str]:
    """Return the command of the compiler for a processor."""
    fpu = BOARDS[processor][1]
    return [_GCC, f"-mcpu={processor}", "-mthumb", "-mfloat-abi=hard", f"-mfpu={fpu}"]


def run(processor: str, header: Path, prefix: str, flags: list[str]) -> str:
    """Compile the test program of a header for a processor, run it, and return what it prints."""
    board, _ = BOARDS[processor]
    folder = header.parent
    (folder / "start.c").write_text(_START)
    (folder / "board.ld").write_text(_LAYOUT)
    program = folder / f"{header.stem}-{processor}.elf"
    command = [
        *compiler(processor), *flags, f"-D{prefix.upper()}_MAIN", "-x", "c", str(header),
        str(folder / "start.c"), "--specs=rdimon.specs", "-T", str(folder / "board.ld"),
        "-o", str(program), "-lm",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    emulate = [_QEMU, "-M", board, "-nographic", "-semihosting-config", "enable=on,target=native",
               "-kernel", str(program)]  # fmt: skip
    return subprocess.run(emulate, capture_output=True, text=True, check=False, timeout=600).stdout
