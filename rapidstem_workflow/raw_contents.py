"""What tells a raw file that was replaced from one that was only copied or touched."""

import hashlib
from functools import cache
from pathlib import Path

_BLOCKS = 8
_BLOCK_BYTES = 4096


@cache
def content_mark(path: str) -> str:
    """A file's size and a hash of eight evenly spaced pieces of it, the first and the last bytes among them; empty for no file.

    Raw files are too large to be hashed as a whole whenever the graph of jobs is built. Another measurement differs in every piece, as
    its noise does; a change of a few bytes between the pieces goes unseen.
    """
    if not Path(path).is_file():
        return ""
    size = Path(path).stat().st_size
    pieces = hashlib.sha256()
    with Path(path).open("rb") as file:
        for number in range(_BLOCKS):
            file.seek(number * max(size - _BLOCK_BYTES, 0) // (_BLOCKS - 1))
            pieces.update(file.read(_BLOCK_BYTES))
    return f"{size}-{pieces.hexdigest()[:16]}"
