"""What reconstructs a block of slices: one solver for each method and device, all made for one group of columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from rapidstem.tomography.reconstruction.astra_cuda import astra_sirt
from rapidstem.tomography.reconstruction.back_projection import angular_weights, back_project, filtered_rows
from rapidstem.tomography.reconstruction.ordered_subsets import SubsetOperators, ordered_subset_slices
from rapidstem.tomography.reconstruction.sirt import SirtOperator, sirt_slices
from rapidstem.tomography.reconstruction.slice_blocks import Method
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry, field_rays, system_matrix, tile_order, with_columns
from rapidstem.tomography.reconstruction.sparse_products import SparseRows
from rapidstem.tomography.reconstruction.total_variation import PrimalDualOperator, total_variation_slices
from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad

Device = Literal["auto", "cpu", "cuda", "astra-cuda"]
Solver = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SolverSettings:
    """How every block of a volume is reconstructed.

    Attributes
    ----------
    geometry : TiltGeometry
    depth_px : int
    method, iterations, device
        As in `reconstruction.reconstruct`; the device is one of "cpu", "cuda" and "astra-cuda".
    frames : np.ndarray, (frame,), bool
        Frames that count.
    brightness : float
        Mean of what is not zero in the whole series; total variation weighs its penalty by it.
    isolated : bool
        Whether the volume holds the whole specimen.
    """

    geometry: TiltGeometry
    depth_px: int
    method: Method
    iterations: int
    device: Device
    frames: np.ndarray
    brightness: float
    isolated: bool

    def rays(self, column: float | None) -> tuple[SliceGeometry, np.ndarray]:
        """Rays of the slice in a column, and their indices in the flattened (frame, row)."""
        return field_rays(self.geometry, self.depth_px, column, self.frames, self.isolated)


def make_solver(settings: SolverSettings, column: float | None) -> Solver:
    """Give a function of a block of the series and of where it was seen, both (frame, row, slice), that returns (z, y, slice).

    Parameters
    ----------
    settings : SolverSettings
    column : float or None
        Column of the aligned series whose angles count; None is the middle one.
    """
    rays, used = settings.rays(column)
    margin = (rays.width_px - settings.geometry.rows) // 2

    def cropped(voxels: np.ndarray) -> np.ndarray:
        return voxels.reshape(rays.depth_px, rays.width_px, -1)[:, margin : margin + settings.geometry.rows]

    if settings.method == "weighted-back-projection":
        return _back_projection(settings, column, rays, used, cropped)
    if settings.method == "ordered-subsets":
        solve = _ordered_subsets(settings, rays, used // settings.geometry.rows)
    else:
        solve = {"sirt": _sirt, "total-variation": _total_variation}[settings.method](settings, rays)

    def iterative(block: np.ndarray, seen: np.ndarray) -> np.ndarray:
        mask = seen.reshape(-1, seen.shape[2])[used]
        return cropped(solve(block.reshape(-1, block.shape[2])[used], None if mask.all() else mask))

    return iterative


def _sirt(settings: SolverSettings, rays: SliceGeometry) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    if settings.device == "astra-cuda":
        return lambda projections, mask: astra_sirt(rays, projections, settings.iterations, mask)
    if settings.device == "cuda":
        from rapidstem.tomography.reconstruction.torch_sirt import TorchSirt

        on_card = TorchSirt(system_matrix(rays))
        return lambda projections, mask: on_card.reconstruct(projections, settings.iterations, mask)
    matrix, order = _tiled(rays)
    operator = SirtOperator.from_matrix(matrix)
    return lambda projections, mask: _in_place(sirt_slices(operator, projections, settings.iterations, mask), order)


def _ordered_subsets(
    settings: SolverSettings, rays: SliceGeometry, frame: np.ndarray
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    matrix, order = _tiled(rays)
    subsets = SubsetOperators.from_matrix(matrix, frame)
    return lambda projections, mask: _in_place(ordered_subset_slices(subsets, projections, settings.iterations, mask), order)


def _tiled(rays: SliceGeometry) -> tuple[scipy.sparse.csr_matrix, np.ndarray]:
    """The matrix with its voxels by tiles, and their order."""
    order = tile_order(rays)
    return with_columns(system_matrix(rays), order), order


def _in_place(tiled: np.ndarray, order: np.ndarray) -> np.ndarray:
    volume = np.empty_like(tiled)
    volume[order] = tiled
    return volume


def _total_variation(settings: SolverSettings, rays: SliceGeometry) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    operator = PrimalDualOperator.from_matrix(system_matrix(rays), rays.depth_px, rays.width_px)
    return lambda projections, mask: total_variation_slices(operator, projections, settings.iterations, settings.brightness, mask)


def _back_projection(
    settings: SolverSettings, column: float | None, rays: SliceGeometry, used: np.ndarray, cropped: Callable[[np.ndarray], np.ndarray]
) -> Solver:
    transposed = SparseRows.from_matrix(scipy.sparse.csr_matrix(system_matrix(rays).T))
    angle = aligned_row_angles_rad(settings.geometry, column)
    weights = np.zeros_like(angle)
    weights[settings.frames] = angular_weights(angle[settings.frames])

    def solve(block: np.ndarray, seen: np.ndarray) -> np.ndarray:
        filtered = filtered_rows(np.where(seen, block, np.float32(0)))
        return cropped(back_project(transposed, filtered.reshape(-1, block.shape[2])[used], weights.ravel()[used]))

    return solve
