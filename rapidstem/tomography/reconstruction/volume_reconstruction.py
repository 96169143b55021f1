"""From an aligned series of lines to a volume: the choice of method and device, block by block."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ctypes.util import find_library
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import get_args

import numpy as np

from rapidstem.errors import InputError
from rapidstem.tomography.aligned_images import scanned_pixels
from rapidstem.tomography.reconstruction.astra_cuda import check_astra_cuda
from rapidstem.tomography.reconstruction.slice_blocks import BlockPlan, Method, matrix_columns, plan_blocks
from rapidstem.tomography.reconstruction.slice_projector import field_rays, system_matrix
from rapidstem.tomography.reconstruction.slice_solvers import Device, SolverSettings, make_solver
from rapidstem.tomography.tilt_geometry import TiltGeometry

# A foil deeper than four times its width is a mistake in units.
_DEEPEST_SHARE = 4


@dataclass(frozen=True)
class ReconstructionSettings:
    """How a volume is reconstructed.

    Attributes
    ----------
    thickness_nm : float
        Thickness of the volume along z.
    method : {"sirt", "ordered-subsets", "weighted-back-projection", "total-variation"}
    iterations : int
        Of SIRT and total variation; steps of ordered subsets.
    isolated : bool
        Whether the volume holds the whole specimen, as of a needle, not a part of a foil (`slice_projector.field_rays`).
    """

    thickness_nm: float
    method: Method = "sirt"
    iterations: int = 50
    isolated: bool = False


def reconstruct(
    series: np.ndarray,
    geometry: TiltGeometry,
    settings: ReconstructionSettings,
    threads: int = 1,
    memory_mb: float | None = None,
    device: Device = "auto",
    frames: np.ndarray | None = None,
    slices: slice | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Reconstruct an aligned tilt series.

    A tilted view shows more of the specimen than the field of view. The volume is therefore reconstructed as much wider along y as a ray
    through the field can reach within the thickness, and cropped; rays that miss the field are left out, and so is what lay outside
    a raw frame before its alignment. Every slice is reconstructed on its own: blocks of slices give the same numbers as the whole.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Aligned series of line images: zero where there is no line.
    geometry : TiltGeometry
        Of the raw frames, with their shifts: they say when a row of the aligned series was scanned, and what was seen.
    settings : ReconstructionSettings
    threads : int
        Blocks of slices that are reconstructed at once on the processor.
    memory_mb : float, optional
        What the job may use, in 10^6 bytes; the blocks are made to fit.
    device : {"auto", "cpu", "cuda", "astra-cuda"}
        Where SIRT runs: the processor, or a graphics card through torch or ASTRA. "auto" takes torch's where there is one.
    frames : np.ndarray, (frame,), bool, optional
        Frames that count (`slice_blocks.half_frames`) among those that the geometry names as used; the angles of their rows are
        interpolated between all frames.
    slices : slice, optional
        Columns of the series to reconstruct (`slice_blocks.slice_range`); the default is all.
    progress : callable, optional
        Called with the slices that are ready and all slices.

    Returns
    -------
    np.ndarray, (z, y, x), float32

    Raises
    ------
    InputError
        If series and geometry do not fit together, the thickness or the memory is of no use, or there is no such method, device or slice.
    """
    _check_series(series, geometry)
    used = _used_frames(geometry, frames)
    depth, device = _depth_px(settings.thickness_nm, geometry), _available_device(device, settings.method)
    columns, wanted = series.shape[2], _wanted_columns(slices, series.shape[2])
    shared = matrix_columns(geometry, columns)
    brightness = _brightness(series[used], settings.method)
    solving = SolverSettings(geometry, depth, settings.method, settings.iterations, device, used, brightness, settings.isolated)
    held_bytes = series.nbytes + 4 * depth * geometry.rows * len(wanted)
    workers = threads if device == "cpu" else 1
    plan = _told_plan(solving, len(wanted), workers, memory_mb, held_bytes, shared < columns)
    solver_of = lru_cache(plan.threads)(lambda column: make_solver(solving, column))
    if shared == columns:
        solver_of(None)
    volume = np.empty((depth, geometry.rows, len(wanted)), np.float32)

    def reconstruct_block(block: range) -> int:
        solve = solver_of(None if shared == columns else block.start // shared * shared + (shared - 1) / 2)
        part = np.ascontiguousarray(series[:, :, block.start : block.stop], np.float32)
        solved = solve(part, scanned_pixels(geometry, columns, block))
        volume[:, :, block.start - wanted.start : block.stop - wanted.start] = solved
        return len(block)

    ready = 0
    with ThreadPoolExecutor(plan.threads) as pool:
        for count in pool.map(reconstruct_block, _blocks(wanted, shared, plan.width)):
            ready += count
            if progress is not None:
                progress(ready, len(wanted))
    return volume


def _told_plan(
    solving: SolverSettings, columns: int, workers: int, memory_mb: float | None, held_bytes: int, own_matrices: bool
) -> BlockPlan:
    """The blocks that fit into the memory; the log says which, and where they make the job slower."""
    rays = solving.rays(None)[0]
    wished, plan = (
        plan_blocks(rays, columns, solving.method, workers, limit, held_bytes, own_matrices=own_matrices) for limit in (None, memory_mb)
    )
    print(
        f"{solving.method} on {solving.device}: blocks of {plan.width} slices, {plan.threads} at once ({workers} allowed)", file=sys.stderr
    )
    if plan != wished:
        print(f"for want of memory; with more of it blocks of {wished.width} slices, {wished.threads} at once", file=sys.stderr)
    return plan


def project_volume(volume: np.ndarray, geometry: TiltGeometry, isolated: bool = False) -> np.ndarray:
    """The aligned series that a volume (z, y, x) would give, (frame, y, x); zero where no ray of the field was seen.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
        Voxels of the pixels' size.
    geometry : TiltGeometry
        Of the aligned series.
    isolated : bool
        Whether the volume holds an object that ends within the field.

    Returns
    -------
    np.ndarray, (frame, y, x)
        float32.
    """
    depth, rows, columns = volume.shape
    shared = matrix_columns(geometry, columns)
    series = np.zeros((geometry.frames * rows, columns), np.float32)
    for group in _blocks(range(columns), shared, shared):
        rays, used = field_rays(geometry, depth, None if shared == columns else group.start + (shared - 1) / 2, isolated=isolated)
        margin = (rays.width_px - rows) // 2
        wide = np.pad(volume[:, :, group.start : group.stop], ((0, 0), (margin, margin), (0, 0)))
        series[used, group.start : group.stop] = system_matrix(rays) @ wide.reshape(-1, len(group))
    return series.reshape(geometry.frames, rows, columns)


def _blocks(wanted: range, shared: int, width: int) -> Iterator[range]:
    """Ranges of at most `width` columns, none across the border of columns that share a matrix."""
    for group in range(wanted.start // shared * shared, wanted.stop, shared):
        start, stop = max(group, wanted.start), min(group + shared, wanted.stop)
        for first in range(start, stop, width):
            yield range(first, min(first + width, stop))


def _depth_px(thickness_nm: float, geometry: TiltGeometry) -> int:
    depth = round(thickness_nm / geometry.pixel_size_nm)
    if depth < 1:
        raise InputError(f"a thickness of {thickness_nm} nm holds no voxel of {geometry.pixel_size_nm} nm: give the thickness in nm")
    if depth > _DEEPEST_SHARE * geometry.rows:
        raise InputError(
            f"a thickness of {thickness_nm} nm is {depth} voxels, more than {_DEEPEST_SHARE} times the {geometry.rows} rows of a frame: "
            "give the thickness in nm, or check the pixel size"
        )
    return depth


def _available_device(device: Device, method: Method) -> Device:
    if method not in get_args(Method):
        raise InputError(f"the reconstruction {method!r} is unknown: choose one of {', '.join(get_args(Method))}")
    if device not in get_args(Device):
        raise InputError(f"the device {device!r} is unknown: choose one of {', '.join(get_args(Device))}")
    if method != "sirt" and device in ("cuda", "astra-cuda"):
        raise InputError(f"{method} runs on the processor alone: choose device cpu or auto, or the method sirt")
    if device == "astra-cuda":
        check_astra_cuda()
    if device == "auto":
        return "cuda" if method == "sirt" and _torch_has_card() else "cpu"
    return device


def _torch_has_card() -> bool:
    """Whether torch can use a graphics card; without the card's driver torch is not even imported."""
    if find_library("cuda") is None or find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def _wanted_columns(slices: slice | None, columns: int) -> range:
    wanted = range(columns)[slices or slice(None)]
    if len(wanted) == 0 or wanted.step != 1:
        raise InputError(f"{slices} of a series of {columns} columns holds no slices: give a range of its columns")
    return wanted


def _brightness(series: np.ndarray, method: Method) -> float:
    """Mean of what is positive; only total variation asks for it."""
    if method != "total-variation":
        return 0.0
    positive = series[series > 0]
    return float(positive.mean(dtype=float)) if positive.size else 1.0


def _check_series(series: np.ndarray, geometry: TiltGeometry) -> None:
    if series.ndim != 3 or series.shape[:2] != (geometry.frames, geometry.rows):
        raise InputError(
            f"a series of shape {series.shape} does not fit the geometry of {geometry.frames} frames with {geometry.rows} rows: "
            "give angles for exactly the frames of the series"
        )
    if geometry.columns is not None and geometry.columns != series.shape[2]:
        raise InputError(f"a series of {series.shape[2]} columns does not fit the geometry of {geometry.columns}: give both the same")
    if not np.all(np.isfinite(series)):
        raise InputError("the aligned series holds values that are no numbers: fill or cut what no frame has seen")


def _used_frames(geometry: TiltGeometry, frames: np.ndarray | None) -> np.ndarray:
    chosen = geometry.used if frames is None else np.asarray(frames, bool)
    if chosen.shape != (geometry.frames,):
        raise InputError(f"{chosen.size} frames are chosen or left out, of a series of {geometry.frames}: say so for each of them")
    if not (geometry.used & chosen).any():
        raise InputError(f"none of the {geometry.frames} frames is to be used: choose at least one")
    return geometry.used & chosen
