"""Volumes and series of frames as OME-Zarr (NGFF 0.5), in several resolutions, written block by block.

Needs the packages of the group `ome-zarr` (zarr, yaozarrs), which are loaded when they are used.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rapidstem.errors import ResourceError
from rapidstem.files.atomic import folder_written_beside

# Planes in memory at once, and edge of the pieces that a viewer loads: halved six times they still fall on whole planes.
_BLOCK_PLANES, _CHUNK_PX = 64, 256
# Resolutions are halved until an image is a thumbnail.
_COARSEST_PX = 128
# Of the group `ome-zarr`.
_PACKAGES = ("zarr", "yaozarrs")


class Planes(Protocol):
    """A volume or a series that is read a few planes at a time: an array, an MRC file mapped into memory, an open stack of frames."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def __getitem__(self, planes: slice) -> np.ndarray: ...


def check_zarr_packages(wanted: str) -> None:
    """See whether the packages are installed, without loading them.

    Parameters
    ----------
    wanted
        What needs them: a path, or a key of the configuration.

    Raises
    ------
    ResourceError
        when one is missing; names what needs it.
    """
    if not all(find_spec(name) for name in _PACKAGES):
        raise ResourceError(f"{wanted}: OME-Zarr needs the packages of the group ome-zarr; install them (pip install .[ome-zarr])")


def write_zarr_volume(path: Path | str, volume: Planes, voxel_size_nm: float) -> None:
    """Write a volume (z, y, x), float32; its origin is its middle, as in the tables of lines.

    Parameters
    ----------
    path
        Folder to write, `*.ome.zarr`; it appears only when it is complete, and takes the place of an older one.
    volume : (z, y, x)
        Read 64 planes at a time.
    voxel_size_nm
        Edge length of a voxel in nm.

    Raises
    ------
    ResourceError
        when the packages of the group `ome-zarr` are not installed.
    ValueError
        when the volume is not three-dimensional or the size is not positive.
    """
    _write(path, volume, "zyx", (voxel_size_nm,) * 3, (True, True, True))


def write_zarr_series(path: Path | str, frames: Planes, pixel_size_nm: float) -> None:
    """Write a series of frames (frame, y, x), float32, the origin in the middle of a frame; frames are counted, and never averaged.

    Parameters
    ----------
    path
        Folder to write, `*.ome.zarr`; it appears only when it is complete, and takes the place of an older one.
    frames : (frame, y, x)
        Read 64 frames at a time.
    pixel_size_nm
        Edge length of a pixel in nm.

    Raises
    ------
    ResourceError
        when the packages of the group `ome-zarr` are not installed.
    ValueError
        when the series is not three-dimensional, or the size is not positive.
    """
    _write(path, frames, "tyx", (1.0, pixel_size_nm, pixel_size_nm), (False, True, True))


def _write(path: Path | str, planes: Planes, names: str, steps: Sequence[float], halved: Sequence[bool]) -> None:
    check_zarr_packages(str(path))
    from yaozarrs.write.v05 import prepare_image

    path = Path(path)
    if len(planes.shape) != 3:
        raise ValueError(f"an OME-Zarr image here has three axes, not {len(planes.shape)}")
    if not min(steps) > 0:
        raise ValueError(f"the voxel size must be positive, not {min(steps)}")
    shapes = _level_shapes(planes.shape, halved)
    image = _metadata(path.name.removesuffix(".zarr").removesuffix(".ome"), names, planes.shape, steps, halved, len(shapes))
    chunks = (_BLOCK_PLANES if halved[0] else 1, _CHUNK_PX, _CHUNK_PX)
    with folder_written_beside(path) as temporary:
        _, levels = prepare_image(temporary, image, [(shape, "float32") for shape in shapes], chunks=chunks, writer="zarr")
        for start in range(0, planes.shape[0], _BLOCK_PLANES):
            _write_block(levels, np.asarray(planes[start : start + _BLOCK_PLANES], np.float32), start, halved)


def _write_block(levels: dict[str, Any], block: np.ndarray, start: int, halved: Sequence[bool]) -> None:
    for level in range(len(levels)):
        if level:
            block = _halved(block, halved)
        first = start >> level if halved[0] else start
        if len(block):
            levels[str(level)][first : first + len(block)] = block


def _level_shapes(shape: Sequence[int], halved: Sequence[bool]) -> list[tuple[int, ...]]:
    shapes = [tuple(shape)]
    while max(shapes[-1][1:]) > _COARSEST_PX:
        smaller = tuple(size // 2 if half else size for size, half in zip(shapes[-1], halved, strict=True))
        if 0 in smaller:
            break
        shapes.append(smaller)
    return shapes


def _halved(block: np.ndarray, halved: Sequence[bool]) -> np.ndarray:
    """Means of pairs along the axes that are halved; an odd last plane is left out."""
    for axis in (axis for axis, half in enumerate(halved) if half):
        count = block.shape[axis] // 2
        pairs = np.take(block, range(2 * count), axis).reshape(*block.shape[:axis], count, 2, *block.shape[axis + 1 :])
        block = pairs.mean(axis=axis + 1)
    return block


def _metadata(name: str, names: str, shape: Sequence[int], steps: Sequence[float], halved: Sequence[bool], levels: int) -> Any:
    """Names, units and the place of every resolution: a coarse pixel lies in the middle of those that it is the mean of."""
    from yaozarrs import v05

    time = v05.TimeAxis(name="t", unit=None)
    axes = [time if axis == "t" else v05.SpaceAxis(name=axis, unit="nanometer") for axis in names]
    datasets = []
    for level in range(levels):
        factors = [2**level if half else 1 for half in halved]
        middle = [0.0 if axis == "t" else -(size - 1) / 2 for axis, size in zip(names, shape, strict=True)]
        scale = [step * factor for step, factor in zip(steps, factors, strict=True)]
        offset = [step * (place + (factor - 1) / 2) for step, place, factor in zip(steps, middle, factors, strict=True)]
        transformations = [v05.ScaleTransformation(scale=scale), v05.TranslationTransformation(translation=offset)]
        datasets.append(v05.Dataset(path=str(level), coordinateTransformations=transformations))
    return v05.Image(multiscales=[v05.Multiscale(name=name, axes=axes, datasets=datasets)])
