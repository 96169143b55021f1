"""Whether the header of a SER file of TIA can be followed: RosettaSciIO believes its counts, and a damaged one fills the memory.

The layout is that of http://www.er-c.org/cbb/info/TIAformat.
"""

import struct
from pathlib import Path

from rapidstem.errors import InputError

# Marks at the start of TIA's series files, and the version up to which offsets have four bytes (ER-C, "TIA's file format").
_BYTE_ORDER, _SERIES = 0x4949, 0x0197
_NEWEST_WITH_SHORT_OFFSETS = 0x0210
# A series over positions has two; more is a damaged header.
_MOST_DIMENSIONS = 8
_DAMAGED = "its header is damaged; copy it from the microscope again"


def check_ser(path: Path) -> None:
    """Raise an InputError where a count or a length in the header is larger than the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            order, series, version, _, _, total, valid = struct.unpack("<HHHIIII", file.read(22))
            width = "I" if version <= _NEWEST_WITH_SHORT_OFFSETS else "Q"
            offsets, dimensions = struct.unpack(f"<{width}I", file.read(struct.calcsize(f"<{width}I")))
            if (order, series) != (_BYTE_ORDER, _SERIES):
                raise InputError(f"{path}: cannot be read, it is no SER file or {_DAMAGED}")
            counts = [(max(total, valid), size // struct.calcsize(f"<{width}")), (offsets, size), (dimensions, _MOST_DIMENSIONS)]
            for _ in range(min(dimensions, _MOST_DIMENSIONS)):
                file.seek(24, 1)
                for _ in ("description", "unit"):
                    (length,) = struct.unpack("<I", file.read(4))
                    counts.append((length, size))
                    file.seek(min(length, size), 1)
        except struct.error as error:
            raise InputError(f"{path}: cannot be read, {_DAMAGED}") from error
    if any(count > most for count, most in counts):
        raise InputError(f"{path}: cannot be read, {_DAMAGED}")
