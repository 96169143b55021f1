"""Zarr stores as raw files: opened, and refused where they were not written or copied whole.

Needs the packages of the group `ome-zarr`, which are loaded when they are used.
"""

from pathlib import Path
from typing import Any

from rapidstem.errors import InputError

STORE_ENDINGS = (".zspy", ".zarr")


def is_zarr_store(path: Path) -> bool:
    """Whether a path has an ending of zarr stores and is a folder, as they are.

    Parameters
    ----------
    path
        Of the sheet.
    """
    return path.suffix.lower() in STORE_ENDINGS and path.is_dir()


def open_store(path: Path) -> Any:
    """Open a store and give its array or group of zarr.

    Parameters
    ----------
    path
        Folder of the store.

    Returns
    -------
    zarr.Array or zarr.Group

    Raises
    ------
    InputError
        when zarr is not installed, or the folder holds neither an array nor a group.
    """
    try:
        import zarr
    except ImportError:
        raise InputError(f"{path}: zarr stores need the packages of the group ome-zarr; install them (pip install .[ome-zarr])") from None
    try:
        return zarr.open(str(path), mode="r")
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{path}: is no zarr store, or a half-written one: its description (zarr.json, .zarray or .zgroup) cannot be read ({reason}); "
            "copy the whole folder again"
        ) from error


def image_arrays(store: Any) -> dict[str, Any]:
    """All arrays of a store with two axes and more, by their paths in it.

    Parameters
    ----------
    store
        As `open_store` gives it.

    Returns
    -------
    dict
        Arrays of zarr.
    """
    if hasattr(store, "shape"):
        return {"": store} if store.ndim > 1 else {}
    found: dict[str, Any] = {}
    for name, member in store.members():
        found |= {f"{name}/{below}".rstrip("/"): array for below, array in image_arrays(member).items()}
    return found


def check_whole(path: Path, array: Any) -> None:
    """See whether all pieces of an array are there: frames have noise, so that none is left out as empty.

    Parameters
    ----------
    path
        Of the store, for messages.
    array
        Of zarr.

    Raises
    ------
    InputError
        where pieces are missing, or have 0 bytes.
    """
    present, wanted = array.nchunks_initialized, array.nchunks
    if present < wanted:
        raise InputError(
            f"{path}: is half-written: {wanted - present} of the {wanted} pieces of its images ({array.path or 'the array'}) are missing; "
            "copy the whole folder again, and save it with empty pieces where a program leaves them out"
        )
    empty = next((file for file in sorted((path / array.path).rglob("*")) if file.is_file() and file.stat().st_size == 0), None)
    if empty is not None:
        raise InputError(f"{path}: is half-written: {empty.relative_to(path)} has 0 bytes; copy the whole folder again")
