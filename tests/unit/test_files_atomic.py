"""Files that appear only when they are complete, also when the writer is killed, the power fails or the disk is full."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside


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


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".123.a.csv").write_text("half")
    others = {".123.aa.csv", ".x.a.csv", "123.a.csv", ".123.b.a.csv"}
    for name in others:
        (tmp_path / name).touch()
    with written_beside(tmp_path / "a.csv") as temporary:
        temporary.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", *others}


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("4096 requested and 1000 written"),
        ValueError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_full_disk_is_said_with_the_file(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(InputError, match=r"volume\.mrc: the disk is full"), written_beside(tmp_path / "volume.mrc") as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_full_disk_that_a_library_wraps_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="full"), written_beside(tmp_path / "a") as temporary:
        try:
            np.zeros(1).tofile(temporary)
            raise OSError(errno.ENOSPC, "no room")
        except OSError as error:
            raise RuntimeError("cannot close the file") from error


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
