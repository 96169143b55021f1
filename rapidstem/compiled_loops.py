"""Loops that numba compiles, and keeps on disk for the jobs that follow."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function by numba when it is first called, without the interpreter's lock; later processes find it on disk.

    The compiled code lies in `rapidstem-loops` in numba's own folder (`NUMBA_CACHE_DIR`), or else in the user's folder for such files
    (`XDG_CACHE_HOME`, `~/.cache`), by a digest of all modules of the function's room: numba looks only at the module of the function
    itself, and would keep old code where another has changed. Where nothing can be written, each process compiles anew.

    Parameters
    ----------
    **options
        As of `numba.njit`.

    Returns
    -------
    callable
        A decorator.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        room = Path(function.__code__.co_filename).parent
        before = numba.config.CACHE_DIR
        try:
            numba.config.CACHE_DIR = str(_cache_folder(before) / _sources_digest(room))
            return numba.njit(nogil=True, cache=True, **options)(function)
        except (OSError, RuntimeError):
            return numba.njit(nogil=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return decorate


def _cache_folder(of_numba: str) -> Path:
    folder = of_numba or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "rapidstem-loops"


@lru_cache
def _sources_digest(room: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(room.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
