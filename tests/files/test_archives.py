"""Archives as people have them, and as somebody may have made them who means no good."""

import bz2
import gc
import gzip
import io
import lzma
import os
import tarfile
import warnings
import zipfile

import pytest

from datasets.refusal import refused
from fencepost.files import archives
from fencepost.files.archives import open_archive

FILES = {"cat/1.png": b"one" * 400, "cat/2.png": b"two", "dog/long" + "g" * 120 + ".png": b"three"}
PACKED = {"": lambda data: data, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def tar(*members, kind=tarfile.PAX_FORMAT):
    """Return a tar of (name, content), or of members with other types."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as made:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                made.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            made.addfile(info, io.BytesIO(member[1]))
    return file.getvalue()


def special(name, kind, to=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def opened(tmp_path, content, name="a.tar"):
    path = tmp_path / name
    path.write_bytes(content)
    return open_archive(path)


def contents(archive):
    return {name: archive.read(name) for name in archive.members}


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["a.tar", "photos"])
def test_tars(tmp_path, ending, kind, name):
    if kind == tarfile.USTAR_FORMAT:
        files = {name.replace("g" * 120, "g" * 60): content for name, content in FILES.items()}
    else:
        files = FILES
    packed = PACKED[ending](tar(*files.items(), kind=kind))
    archive = opened(tmp_path, packed, name + (ending if name != "photos" else ""))
    assert contents(archive) == files
    assert archive.folders == {"cat", "dog"}
    assert [size for size, _ in archive.members.values()] == [1200, 3, 5]
    assert os.listdir(tmp_path) == [name + (ending if name != "photos" else "")]


def test_names_that_begin_with_the_folder_itself(tmp_path):
    """As `tar cf photos.tar .` writes them, with a member for each folder."""
    folders = [special(name, tarfile.DIRTYPE) for name in (".", "./cat", "./empty/")]
    archive = opened(tmp_path, tar(*folders, ("./cat/1.png", b"1"), ("./cat//2.png", b"2")))
    assert contents(archive) == {"cat/1.png": b"1", "cat/2.png": b"2"}
    assert archive.folders == {"cat", "empty"}


def test_zips(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name, content in FILES.items():
            made.writestr(f"./{name}", content)
        made.mkdir("empty") if hasattr(made, "mkdir") else made.writestr("empty/", "")
        made.writestr("__MACOSX/cat/._1.png", b"resources")
    archive = open_archive(tmp_path / "a.zip")
    assert contents(archive) == FILES
    assert archive.folders == {"cat", "dog", "empty"}
    assert archive.has_checksums


def test_zips_of_windows(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name in ("empty\\", "cat\\1.png", "dog\\2.png"):
            info = zipfile.ZipInfo("x")
            info.filename, info.create_system = name, 0  # which its constructor would decide
            made.writestr(info, name.encode())
    archive = open_archive(tmp_path / "a.zip")
    assert contents(archive) == {"cat/1.png": b"cat\\1.png", "dog/2.png": b"dog\\2.png"}
    assert archive.folders == {"cat", "dog", "empty"}


def test_of_several_files_under_one_name_the_last_is_read(tmp_path):
    archive = opened(tmp_path, tar(("1.png", b"old"), ("2.png", b"2"), ("1.png", b"renewed")))
    assert contents(archive) == {"1.png": b"renewed", "2.png": b"2"}
    assert archive.members["1.png"][0] == 7


@pytest.mark.parametrize("name", ["../1.png", "cat/../../1.png", "/etc/1.png", "a/.."])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_files_outside_of_the_folder(tmp_path, name, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "tar":
        path.write_bytes(tar(("cat/1.png", b"1"), (name, b"2")))
    else:
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(name, b"2")
    refused(
        lambda: open_archive(path), f"must lie below its folder. Received: {name}. Leave", path=path
    )


def test_hard_links_are_followed_within_the_archive(tmp_path):
    same = special("dog/1.png", tarfile.LNKTYPE, "./cat/1.png")
    outside = special("dog/2.png", tarfile.LNKTYPE, "/etc/passwd")
    archive = opened(tmp_path, tar(("cat/1.png", b"content"), same, outside))
    assert archive.read("dog/1.png") == b"content"
    assert archive.members["dog/1.png"][0] == 7
    with pytest.raises(OSError, match="a link to a file that is not in the archive"):
        archive.read("dog/2.png")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.CHRTYPE, "not a file"),
        (tarfile.BLKTYPE, "not a file"),
        (tarfile.FIFOTYPE, "not a file"),
    ],
)
def test_links_and_devices_are_listed_and_never_read(tmp_path, kind, words):
    archive = opened(tmp_path, tar(("1.png", b"1"), special("2.png", kind, "/etc/passwd")))
    assert archive.members["2.png"][0] > 0  # or it would be called empty
    with pytest.raises(OSError, match=words):
        archive.read("2.png")


def test_links_in_a_zip(tmp_path):
    info = zipfile.ZipInfo("1.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(info, "/etc/passwd")
    with pytest.raises(OSError, match="a symbolic link"):
        open_archive(tmp_path / "a.zip").read("1.png")


def test_files_too_large_are_refused_when_they_are_read(tmp_path, monkeypatch):
    """A film beside the photographs, or the arrays of an npz file, do no harm."""
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1000)
    archive = opened(tmp_path, tar(*FILES.items()))
    assert archive.read("cat/2.png") == b"two"
    with pytest.raises(OSError, match=r"0.0 GB: unpack the archive"):
        archive.read("cat/1.png")


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.7])
def test_a_tar_that_is_cut_off(tmp_path, ending, share):
    files = [(f"cat/{k}.png", os.urandom(700)) for k in range(20)]
    packed = PACKED[ending](tar(*files, kind=tarfile.GNU_FORMAT))
    cut = packed[: int(len(packed) * share) | 1]
    refused(lambda: opened(tmp_path, cut, f"a.tar{ending}"), "must be a tar archive that can be")


@pytest.mark.parametrize("at", range(0, 3 * 512, 16))
def test_damage_is_never_a_shorter_list(tmp_path, at):
    """`tarfile` ends quietly at a header whose checksum is wrong, but for the first."""
    whole = tar(*((f"{k}.png", b"x" * 100) for k in range(5)), kind=tarfile.GNU_FORMAT)
    damaged = bytearray(whole)
    damaged[at] ^= 0x55
    try:
        archive = opened(tmp_path, bytes(damaged))
    except Exception as error:
        assert "must be a tar archive that can be read" in str(error)
    else:
        assert archive is None or len(archive.members) == 5


def header(name=b"1.png", size=b"00000000000\0", kind=b"0"):
    block = bytearray(512)
    block[: len(name)], block[124:136], block[156:157] = name, size, kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    "content",
    [
        header(size=b"\xff" * 12) + bytes(2048),  # a negative size: an endless loop (CVE-2025-8194)
        header(size=b"\xff" * 10 + b"\xfe\0") + bytes(2048),
        header(size=b"\x80" + b"\0" * 5 + b"\x7f" * 6),  # petabytes
        header(size=b"77777777777\0", kind=b"x") + bytes(2048),  # extended headers of 8 GB
        header(size=b"77777777777\0", kind=b"L") + bytes(2048),
        b"".join(header(size=b"00000000001\0", kind=b"L") + bytes(512) for _ in range(5000)),
    ],
)
def test_headers_that_lie(tmp_path, content):
    whole = tar(("0.png", b"first"))[:1024] + content
    refused(lambda: opened(tmp_path, whole), "must be a tar archive that can be read")


@pytest.mark.parametrize("content", [header(size=b"\xff" * 12) + bytes(2048), b"x" * 700])
def test_what_is_refused_is_closed(tmp_path, content):
    whole = tar(("0.png", b"first"))[:1024] + content
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        refused(lambda: opened(tmp_path, whole), "must be a tar archive that can be read")
        gc.collect()
    assert not [each for each in caught if each.category is ResourceWarning]


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(archives, "_PIECE", 1 << 16)
    packed = lzma.compress(tar(("1.png", bytes(4 << 20))))
    refused(lambda: opened(tmp_path, packed, "a.tar.xz"), "expands to more than")
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1 << 30)
    assert opened(tmp_path, packed, "a.tar.xz").members["1.png"][0] == 4 << 20
    monkeypatch.setattr(archives, "ROOM", 1 << 60)
    refused(lambda: opened(tmp_path, packed, "a.tar.xz"), "needs more than", "GB that are free")


def test_an_archive_that_is_replaced_while_it_is_used(tmp_path):
    archive = opened(tmp_path, tar(*FILES.items()))
    path = tmp_path / "a.tar"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(OSError, match="has changed since"):
        archive.read("cat/1.png")


def test_a_tar_without_files(tmp_path):
    """It begins with zeros, as other files do; the name decides."""
    assert opened(tmp_path, tar()).members == {}
    assert opened(tmp_path, tar(), "images.idx") is None


@pytest.mark.parametrize("content", [b"", b"PNG", bytes(512), gzip.compress(bytes(2000)), b"BZh91"])
def test_what_is_no_archive(tmp_path, content):
    assert opened(tmp_path, content, "a.idx") is None
    assert open_archive(tmp_path) is None
