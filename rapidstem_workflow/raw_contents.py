"""What tells a raw file that was replaced from one that was only copied or touched; zarr stores are folders of many files."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rapidstem.files import STORE_ENDINGS, angle_file, is_zarr_store, parts_beside
from rapidstem.numerics import evenly_spread

_BLOCKS = 8
_BLOCK_BYTES = 4096


@cache
def content_mark(path: str) -> str:
    """A file's size and a hash of eight evenly spaced pieces of it, the first and the last bytes among them; empty for no file.

    Raw files are too large to be hashed as a whole whenever the graph of jobs is built. Another measurement differs in every piece, as
    its noise does; a change of a few bytes between the pieces goes unseen. Of a zarr store the names and sizes of all its files count, and
    the first bytes of eight of them. What is read with a file counts, too: the tilts beside a series, the pixels beside an EMI.
    """
    if is_zarr_store(Path(path)):
        own = _folder_mark(Path(path))
    elif Path(path).is_file():
        own = file_mark(Path(path))
    else:
        return ""
    tilts = angle_file(Path(path))
    return "+".join([own, *map(file_mark, parts_beside(Path(path))), *([file_mark(tilts)] if tilts else [])])


def file_mark(path: Path) -> str:
    """A file's size and a hash of its pieces, without what lies beside it."""
    size = path.stat().st_size
    pieces = hashlib.sha256()
    with path.open("rb") as file:
        for number in range(_BLOCKS):
            file.seek(number * max(size - _BLOCK_BYTES, 0) // (_BLOCKS - 1))
            pieces.update(file.read(_BLOCK_BYTES))
    return f"{size}-{pieces.hexdigest()[:16]}"


def _folder_mark(folder: Path) -> str:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    pieces = hashlib.sha256(repr([(path.relative_to(folder).as_posix(), size) for path, size in zip(files, sizes, strict=True)]).encode())
    for number in evenly_spread(len(files), _BLOCKS):
        with files[number].open("rb") as file:
            pieces.update(file.read(_BLOCK_BYTES))
    return f"{sum(sizes)}-{pieces.hexdigest()[:16]}"


def stores_mb(paths: Iterable[str]) -> float:
    """Megabytes in the zarr stores among some paths: Snakemake counts a folder as a few bytes."""
    return sum(_folder_mb(str(path)) for path in paths if str(path).lower().endswith(STORE_ENDINGS))


@cache
def _folder_mb(path: str) -> float:
    return sum(each.stat().st_size for each in Path(path).rglob("*") if each.is_file()) / 1e6
