"""Whether the compression of a data set can be undone here, asked before any job starts."""

from pathlib import Path
from typing import Any

from rapidstem.errors import InputError

# registered filters that h5py brings nothing for (https://github.com/HDFGroup/hdf5_plugins)
_NAMES = {307: "bzip2", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32017: "SZ", 32026: "Blosc2"}


def check_filters(path: Path, pixels: Any) -> None:
    """Raise an InputError where a data set of h5py is compressed with a filter that is not installed."""
    import h5py

    created = pixels.id.get_create_plist()
    for number in range(created.get_nfilters()):
        code, _, _, name = created.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            called = _NAMES.get(code) or name.decode("utf-8", "replace") or f"filter {code}"
            raise InputError(
                f"{path}: the pixels are compressed with {called}, which HDF5 cannot undo here; save it with gzip or without compression"
            )
