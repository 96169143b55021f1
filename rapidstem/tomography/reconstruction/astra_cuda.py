"""ASTRA's own SIRT on a graphics card, with one projection for every ray of a slice."""

import astra
import numpy as np

from rapidstem.errors import InputError
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry


def check_astra_cuda() -> None:
    """Raise InputError where ASTRA cannot use a graphics card."""
    if not astra.use_cuda():
        raise InputError(
            "device astra-cuda: this ASTRA finds no graphics card; install astra-toolbox with CUDA on a machine that has one, "
            "or choose device cpu"
        )


def astra_vectors(rays: SliceGeometry) -> np.ndarray:
    """Geometry `parallel3d_vec` in voxels, (ray, 12): direction of the ray, centre of the detector, its steps along columns and rows.

    ASTRA's volume is (Z, Y, X); ours is (z, y, x), so that the axes are the same. The detector of a ray is one row of pixels along x.

    Parameters
    ----------
    rays : SliceGeometry
        Of one slice.

    Returns
    -------
    np.ndarray, (ray, 12)
        In voxels.
    """
    cosine, sine, none = np.cos(rays.angle_rad), np.sin(rays.angle_rad), np.zeros(len(rays.angle_rad))
    direction = [none, -sine, cosine]
    centre = [none, rays.height_px * cosine, rays.height_px * sine]
    return np.stack([*direction, *centre, none + 1, none, none, none, cosine, sine], axis=1)


def astra_sirt(rays: SliceGeometry, projections: np.ndarray, iterations: int, seen: np.ndarray | None = None) -> np.ndarray:
    """Reconstruct a block of slices with `SIRT3D_CUDA`; the numbers differ a little from those of the linear projector.

    Parameters
    ----------
    rays : SliceGeometry
    projections : np.ndarray, (ray, slice), float32
    iterations : int
    seen : np.ndarray, (ray, slice), bool, optional

    Returns
    -------
    np.ndarray, (voxel, slice), float32
    """
    slices = projections.shape[1]
    volume_geometry = astra.create_vol_geom(rays.width_px, slices, rays.depth_px)
    projection_geometry = astra.create_proj_geom("parallel3d_vec", 1, slices, astra_vectors(rays))
    data = [astra.data3d.create("-sino", projection_geometry, np.ascontiguousarray(projections, np.float32)[None])]
    volume = astra.data3d.create("-vol", volume_geometry, 0)
    settings = astra.astra_dict("SIRT3D_CUDA") | {"ProjectionDataId": data[0], "ReconstructionDataId": volume}
    settings["option"] = {"MinConstraint": 0.0}
    if seen is not None:
        data.append(astra.data3d.create("-sino", projection_geometry, seen.astype(np.float32)[None]))
        settings["option"]["SinogramMaskId"] = data[1]
    algorithm = astra.algorithm.create(settings)
    try:
        astra.algorithm.run(algorithm, iterations)
        return astra.data3d.get(volume).reshape(-1, slices)
    finally:
        astra.algorithm.delete(algorithm)
        astra.data3d.delete([volume, *data])
