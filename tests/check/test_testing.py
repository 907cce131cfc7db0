"""`assert_exact`: passes, fails with the findings and their repairs, and hides its own frame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fencepost as fp

EXACT = ((1, 28, 28), "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2)")
DROPPING = ((1, 29, 29), 'Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2, remainder="crop")')
FAR = ((1, 28, 28), "Conv2d(6, 3, padding=1), ReLU")  # a receptive field of 3 × 3: a note


def test_passes():
    fp.check.assert_exact(EXACT)
    fp.check.assert_exact(FAR)
    fp.check.assert_exact(DROPPING, allow=["fp201"])
    fp.check.assert_exact(DROPPING, fail_on="error")


def test_fails_with_the_repair():
    with pytest.raises(AssertionError) as caught:
        fp.check.assert_exact(DROPPING)
    text = str(caught.value)
    assert text.startswith("layers is not exact.\n\nwarning FP201")
    assert "28 × 28 or 30 × 30 here" in text
    assert "FP302" not in text  # the note is not what failed
    with pytest.raises(AssertionError, match="FP302"):
        fp.check.assert_exact(FAR, fail_on="note")
    with pytest.raises(AssertionError, match="FP303"):
        fp.check.assert_exact(FAR, object_size=9)


def test_shortcuts_of_resnets_are_allowed_unless_said_otherwise():
    torch = pytest.importorskip("torch")

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
            self.shortcut = torch.nn.Conv2d(3, 8, 1, stride=2)

        def forward(self, x):
            return self.body(x) + self.shortcut(x)

    fp.check.assert_exact(Block(), (3, 5, 5), fail_on="note")
    with pytest.raises(AssertionError, match="FP203"):
        fp.check.assert_exact(Block(), (3, 5, 5), fail_on="note", allow=())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allow": ["FP999"]}, r"A code must be one of FP101 to .* 'FP999'"),
        ({"fail_on": "never"}, r"fail_on must be one of"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(fp.ArgumentError, match=words):
        fp.check.assert_exact(EXACT, **options)


def test_pytest_shows_the_line_of_the_test_and_not_ours(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        f"import fencepost as fp\n\n\ndef test_sizes():\n    fp.check.assert_exact({DROPPING!r})\n"
    )
    source = str(Path(fp.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_theirs.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join([source, *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "warning FP201" in done.stdout
    assert "test_theirs.py:5: AssertionError" in done.stdout
    assert "testing.py" not in done.stdout
