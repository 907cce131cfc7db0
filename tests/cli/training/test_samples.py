"""`fencepost samples`: what is written, what is said, and what is left alone."""

from __future__ import annotations

from cli.refusal import refused


def test_samples_are_written_and_the_next_command_is_named(fencepost, tmp_path):
    done = fencepost("samples")
    assert done.status == 0, done.err
    assert len(list((tmp_path / "samples" / "leaves" / "oak").glob("*.jpg"))) == 40
    assert len(list((tmp_path / "samples" / "new").glob("*.jpg"))) == 6
    assert "fencepost train --data samples/leaves --out leaves.safetensors" in done.out + done.err


def test_json_lists_the_files(fencepost, tmp_path):
    done = fencepost("samples", "-o", "elsewhere", "--json")
    assert done.json["folder"] == "elsewhere"
    assert len(done.json["files"]) == 206
    assert all((tmp_path / name).is_file() for name in done.json["files"])


def test_existing_files_are_overwritten_only_where_that_is_said(fencepost, tmp_path):
    fencepost("samples")
    first = tmp_path / "samples" / "leaves" / "birch" / "00.jpg"
    first.write_bytes(b"mine")
    refused(fencepost("samples"), "--out", "00.jpg", "--overwrite")
    assert first.read_bytes() == b"mine"
    assert fencepost("samples", "--overwrite").status == 0
    assert first.read_bytes() != b"mine"


def test_no_folder_can_be_made_where_a_file_is(fencepost, tmp_path):
    (tmp_path / "file").write_text("")
    refused(fencepost("samples", "-o", "file"), "--out must name a folder", "file")
