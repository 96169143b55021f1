"""Loops that numba compiles, and keeps on disk for the jobs that follow."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba

_CONFIG: Any = numba.config


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
        folder = _writable_folder(Path(function.__code__.co_filename).parent)
        before = _CONFIG.CACHE_DIR
        try:
            _CONFIG.CACHE_DIR = folder
            return numba.njit(nogil=True, cache=bool(folder), **options)(function)
        finally:
            _CONFIG.CACHE_DIR = before

    return decorate


def _writable_folder(room: Path) -> str:
    """Where compiled functions of a room are kept, empty where nothing can be."""
    try:
        base = _CONFIG.CACHE_DIR or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "rapidstem-loops" / _sources_digest(room)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


@lru_cache
def _sources_digest(room: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(room.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
