"""Many pictures from one place to another: which file goes where, on all cores, and what failed.

Everything that can be known to go wrong is found out before the first file is written.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import ArgumentError, DataError, FencepostError
from ...filtering.formats.zarr_files import is_zarr
from ...filtering.writing import is_picture_name
from ...text import plural
from .console import Interrupted, images_bar
from .outputs import check_folder, check_new, check_writable, is_file_name
from .processes import can_fork, copies

COMPARISON = "-compare"
_SMALL = 1 << 14  # bytes of a file of which two threads at once would mostly wait for Python's lock
_WORTH_A_PROCESS = 200  # files, of which small ones take some 0.2 ms each
Result = tuple[dict[str, Any] | None, str]  # a record, or None and the problem


@dataclass(frozen=True)
class Job:
    """One picture: where it is, where its result goes, and where, if anywhere, both go.

    `again`: Whether the result may be there, of a process that was killed.
    """

    source: Path
    target: Path
    comparison: Path | None = None
    again: bool = False

    @property
    def outputs(self) -> list[Path]:
        """The files that are written."""
        return [self.target] if self.comparison is None else [self.target, self.comparison]


def plan(
    inputs: Iterable[Path], out: Path, *, ending: str | None, compare: bool, overwrite: bool
) -> tuple[list[Job], list[Path]]:
    """Return what is to be done, and what is passed over, or raise an error if it cannot be."""
    inputs = list(dict.fromkeys(inputs))
    passed_over: list[Path] = []
    targets = [target for given in inputs for target in _targets(given, out, passed_over)]
    single = len(inputs) == 1 and not _is_folder(inputs[0])
    if not single and is_file_name(out) and is_picture_name(out):
        raise ArgumentError(
            f"--out must name a folder for several images. Received: {out}, the name of a file, "
            f"for {plural(len(targets), 'image')}. Name a folder, or use one image."
        )
    jobs = []
    for source, name in targets:
        target = out if single and is_file_name(out) else out / name
        if ending:
            target = target.with_suffix("." + ending.lstrip(".").lower())
        beside = target.with_name(f"{target.stem}{COMPARISON}{target.suffix}") if compare else None
        jobs.append(Job(source, target, beside))
    _check_distinct(jobs)
    _check_replaced(jobs, overwrite)
    if single and jobs[0].target.parent.is_dir() and not is_zarr(jobs[0].target):
        check_writable("--out", jobs[0].target)
    else:
        check_folder("--out", jobs[0].target.parent if single else out)
    return jobs, passed_over


def _targets(given: Path, out: Path, passed_over: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the pictures of one argument, each with its name below the output folder."""
    from ...files.folders import visible_files

    if not given.exists():
        raise DataError(f"{given}: there is no such file or folder.")
    if not _is_folder(given):
        yield given, Path(given.name)
        return
    if out.resolve() == given.resolve() or given.resolve() in out.resolve().parents:
        raise ArgumentError(
            f"--out must lie outside the folder that is read, else results would be read as images "
            f"the next time. Received: {out}, within {given}. Use a folder beside it."
        )
    files, others = visible_files(given)
    if not files:
        raise DataError(
            f"{given}: the folder must contain images. Received: none, and "
            f"{plural(len(others), 'other file')}."
        )
    passed_over += others
    for file in files:
        yield file, file.relative_to(given)


def skipped_files(paths: list[Path]) -> str:
    """Name files that were skipped."""
    some = ", ".join(str(path) for path in paths[:3])
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return f"Skipped, as not images by their names: {some}{more}."


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder of images; a Zarr array is one image."""
    return path.is_dir() and not is_zarr(path)


def _check_distinct(jobs: list[Job]) -> None:
    taken: dict[tuple[str, str], Path] = {}
    real = functools.cache(os.path.realpath)  # texts, for a path takes as long as its file to write
    for job in jobs:
        for output in job.outputs:
            folder, name = os.path.split(output)
            other = taken.setdefault((real(folder), name), job.source)
            if other is not job.source and other != job.source:
                raise ArgumentError(
                    f"every result must have its own name. Received: {other} and "
                    f"{job.source}, which would both become {output}. Use two runs, and two "
                    "folders."
                )


def _check_replaced(jobs: list[Job], overwrite: bool) -> None:
    there = [output for job in jobs for output in job.outputs if os.path.exists(output)]
    folders = [output for output in there if _is_folder(output)]
    if folders:
        raise DataError(f"{folders[0]} is a folder, where a file should go. Use another --out.")
    check_new("--out", there, overwrite)


@dataclass
class Outcome:
    """What became of the pictures, in the order of the jobs."""

    done: dict[Path, dict[str, Any]]
    failed: dict[Path, str]


def run(
    jobs: list[Job],
    work: Callable[[Job], dict[str, Any]],
    threads: int | None,
    *,
    several: bool = True,
) -> Outcome:
    """Do all jobs, several at a time if so; a picture that is refused does not stop the others.

    Every file is written under another name and renamed, so that Ctrl-C leaves whole files only.
    """
    from ... import get_num_threads, set_num_threads

    cores = threads or os.cpu_count() or 1
    workers = min(cores, len(jobs)) if several else 1
    small, others = list[Job](), jobs
    if workers > 1 and len(jobs) >= _WORTH_A_PROCESS and can_fork():
        small, others = _parted(jobs)
    before = get_num_threads()
    set_num_threads(max(1, cores // workers))
    outcome = Outcome({}, {})
    try:
        with (
            copies(
                len(small),
                workers if small else 0,
                lambda index: _outcome(small[index], work),
                lambda index: _outcome(replace(small[index], again=True), work),
            ) as collect,
            images_bar(len(jobs)) as advance,
        ):

            def note(job: Job, result: Result) -> None:
                record, problem = result
                if record is None:
                    outcome.failed[job.source] = problem
                else:
                    outcome.done[job.source] = record
                advance()

            collect(lambda index, result: note(small[index], result))
            with closing(_results(others, work, workers)) as results:
                for job, result in results:
                    note(job, result())
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped; {len(outcome.done):,} of {plural(len(jobs), 'image')} done. "
            "All files written are complete."
        ) from None
    finally:
        set_num_threads(before)
    return outcome


def _parted(jobs: list[Job]) -> tuple[list[Job], list[Job]]:
    """Return the jobs whose files are small, and the others."""
    small, others = list[Job](), list[Job]()
    for job in jobs:
        (small if _is_small(job.source) else others).append(job)
    return small, others


def _is_small(path: Path) -> bool:
    try:
        return os.stat(path).st_size < _SMALL
    except OSError:
        return True  # what is wrong is said by what reads it


def _results(
    jobs: list[Job], work: Callable[[Job], dict[str, Any]], workers: int
) -> Generator[tuple[Job, Callable[[], Result]], None, None]:
    """Yield each job when its result can be had, with the function that gives it."""
    alone, large = (jobs, []) if workers == 1 else _parted(jobs)
    for job in alone:
        yield job, functools.partial(_outcome, job, work)
    if not large:
        return
    from concurrent.futures import ThreadPoolExecutor, as_completed

    pool = ThreadPoolExecutor(workers)
    try:
        futures = {pool.submit(_outcome, job, work): job for job in large}
        for future in as_completed(futures):
            yield futures[future], future.result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(job: Job, work: Callable[[Job], dict[str, Any]]) -> Result:
    """Do a job; return its record, or None and the problem."""
    try:
        return work(job), ""
    except FencepostError as error:
        return None, str(error)
    except MemoryError:
        return None, f"{job.source}: there is not enough memory for this image."
    except OSError as error:
        return None, f"{error.filename or job.source}: {error.strerror or error}."
    except Exception as error:  # of a library, at a file that it did not expect: the others go on
        return None, f"{job.source}: {type(error).__name__}: {error}"
