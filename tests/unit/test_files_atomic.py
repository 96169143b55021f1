"""Files that appear only when they are complete, also when the writer is killed, the power fails or the disk is full."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.atomic import emptied_folder, folder_written_beside, written_beside


def test_nothing_appears_when_the_writer_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), written_beside(tmp_path / "a/table.csv") as temporary:
        temporary.write_text("half")
        raise RuntimeError("broken")
    assert list((tmp_path / "a").iterdir()) == []


def test_an_old_file_stays_when_the_writer_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_beside(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError("broken")
    assert path.read_text() == "old"


@pytest.mark.parametrize("written", ["a.csv", "[a].csv"])
def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path, written: str) -> None:
    (tmp_path / f".123.{written}").write_text("half")
    others = {f".123.a{written}", f".x.{written}", f"123.{written}", f".123.b.{written}"}
    for name in others:
        (tmp_path / name).touch()
    with written_beside(tmp_path / written) as temporary:
        temporary.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {written, *others}


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "no more for you"),
        OSError(errno.EFBIG, "no more for you"),
        OSError("4096 requested and 1000 written"),
        ValueError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_full_disk_is_said_with_the_file(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(InputError, match=r"volume\.mrc: the disk is full"), written_beside(tmp_path / "volume.mrc") as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_full_disk_that_a_library_wraps_is_recognised(tmp_path: Path, link: str) -> None:
    wrapped = RuntimeError("cannot close the file")
    setattr(wrapped, link, OSError(errno.ENOSPC, "no room"))
    with pytest.raises(InputError, match="full"), written_beside(tmp_path / "a") as temporary:
        np.zeros(1).tofile(temporary)
        raise wrapped


def test_other_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), written_beside(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "not yours")


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []

    def record(descriptor: int) -> None:
        flushed.append((Path(f"/proc/self/fd/{descriptor}").readlink(), (tmp_path / "a.csv").exists()))

    monkeypatch.setattr(os, "fsync", record)
    with written_beside(tmp_path / "a.csv") as temporary:
        temporary.write_text("whole")
        assert flushed == []
    assert flushed == [(temporary, False), (tmp_path, True)]


def test_an_old_folder_stays_when_the_writer_fails(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(RuntimeError), folder_written_beside(tmp_path / "a.zarr") as temporary:
        (temporary / "0").mkdir(parents=True)
        raise RuntimeError("broken")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.zarr"]


def test_an_index_goes_with_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    for name in ("lines.pvd", "lines/00000.vtp", "lines.csv"):
        (tmp_path / name).touch()
    assert emptied_folder(tmp_path / "lines.pvd") == tmp_path / "lines"
    assert list(tmp_path.iterdir()) == [tmp_path / "lines.csv"]


def test_all_of_a_folder_is_on_the_disk_before_it_takes_the_place_of_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flushed = tmp_path / "a.zarr", []
    for folder in (path, tmp_path / ".123.a.zarr"):
        (folder / "old").mkdir(parents=True)
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: flushed.append((Path(f"/proc/self/fd/{descriptor}").readlink(), (path / "old").exists()))
    )
    with folder_written_beside(path) as temporary:
        (temporary / "0/c").mkdir(parents=True)
        (temporary / "0/c/1").write_text("whole")
        assert (path / "old").exists() and flushed == []
    parts = [temporary, temporary / "0", temporary / "0/c", temporary / "0/c/1"]
    assert sorted(flushed[:-1]) == [(part, True) for part in parts] and flushed[-1] == (tmp_path, False)
    assert [entry.relative_to(tmp_path).as_posix() for entry in sorted(tmp_path.rglob("*"))] == [
        "a.zarr",
        "a.zarr/0",
        "a.zarr/0/c",
        "a.zarr/0/c/1",
    ]


@pytest.mark.parametrize(("number", "passes"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)])
def test_a_disk_that_fails_is_an_error_and_one_that_cannot_flush_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, passes: bool
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, "no flush")

    monkeypatch.setattr(os, "fsync", fail)
    try:
        with written_beside(tmp_path / "a.csv") as temporary:
            temporary.write_text("whole")
    except OSError:
        assert not passes
    assert (tmp_path / "a.csv").exists() == passes
