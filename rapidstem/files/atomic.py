"""Files that appear only when they are complete, and then survive a power cut."""

import errno
import glob
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rapidstem.errors import ResourceError

# what file systems answer that cannot flush a folder, or are flushed by their server alone
_CANNOT_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# what libraries say that do not pass the system's error number on: NumPy, HDF5, safetensors
_FULL_TEXT = re.compile(r"\d+ requested and \d+ written|No space left on device|File too large|quota exceeded", re.IGNORECASE)

_FULL_WORDS = "the disk is full, or your quota on it; make room and start again. Nothing half written is kept"


@contextmanager
def written_beside(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    The content reaches the disk before the name does, and the name before this returns: what is there after a power cut is the whole file
    or the one before it. The temporary name keeps the suffixes of `path`, so that libraries which look at them write the right format. What
    a writer that was killed has left there is removed first.

    Parameters
    ----------
    path
        The file that is to appear; its folder is made.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ResourceError
        when the disk has no room for the file.
    """
    path = Path(path)
    with _place_beside(path) as temporary:
        yield temporary
        _flush(temporary)
        temporary.replace(path)


@contextmanager
def folder_written_beside(path: Path | str) -> Iterator[Path]:
    """Do the same for a folder of many files, which takes the place of an older one; see `written_beside`.

    Between the old folder and the new one there is a moment with neither.

    Parameters
    ----------
    path
        The folder that is to appear; the one that holds it is made.

    Yields
    ------
    Path
        Folder to make and to write into.

    Raises
    ------
    ResourceError
        when the disk has no room for the files.
    """
    path = Path(path)
    with _place_beside(path) as temporary:
        yield temporary
        for entry in (temporary, *temporary.rglob("*")):
            _flush(entry)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)


@contextmanager
def _place_beside(path: Path) -> Iterator[Path]:
    """Give a temporary place beside `path`; nothing is left there, the name of `path` reaches the disk, and a full disk is said."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield temporary
        _flush(path.parent)
    except Exception as error:
        if _is_full(error):
            raise ResourceError(f"{path}: {_FULL_WORDS}") from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True) if temporary.is_dir() else temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file, or the list of a folder's files, is on the disk, where the file system can do that."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    for leftover in path.parent.glob(f".*.{glob.escape(path.name)}"):
        if leftover.name.removesuffix(f".{path.name}").removeprefix(".").isdigit():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or what has caused it, says that there is no room."""
    while error is not None:
        if getattr(error, "errno", None) in _FULL or _FULL_TEXT.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def emptied_folder(path: Path) -> Path:
    """The folder of the files that an index names, without what an earlier run has left: its name is the index's without the suffix.

    The index goes as well: it is written last, so that it never names files that are not there.

    Parameters
    ----------
    path
        The index.
    """
    folder = path.with_suffix("")
    path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return folder
