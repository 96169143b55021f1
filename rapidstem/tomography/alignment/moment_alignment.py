"""Shifts and tilt axis of an isolated object, from its mass and its centre of mass in every column."""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

# Of the search for the tilt axis about x or y; by judgement, scans are turned so that the axis lies along one of them.
_LARGEST_ROTATION_DEG = 20.0
# Of the columns: farther profiles may share nothing but empty columns.
_LARGEST_SHARE = 1 / 3
# Until profiles no longer move.
_PROFILE_STEPS = 8
# Of the heaviest column: lighter ones have no centre of mass worth the name.
_LEAST_SHARE_OF_MASS = 0.1


@dataclass(frozen=True)
class MomentAlignment:
    """Geometry from moments, the standard deviation of the axis' rotation, and what is left of the centres of mass (rms, px)."""

    geometry: TiltGeometry
    rotation_sigma_rad: float
    rms_residual_px: float


def align_moments(density: np.ndarray, geometry: TiltGeometry) -> MomentAlignment:
    """Shifts and rotation of the axis that make every slice across the axis a projection of one body.

    Across the true axis the mass of each column does not change with the tilt, which fixes the shifts along the axis; and the centre
    of mass of each column moves as a cos(tilt) + b sin(tilt) with the column's own a and b, which fixes the shifts across it. The rotation
    is the one that leaves the least of these centres of mass unexplained.

    Parameters
    ----------
    density : np.ndarray, (frame, y, x)
        Images that grow with the mass along the beam, zero around the object.
    geometry : TiltGeometry
        Tilt angles, good to some degrees; shifts and rotation where the search starts.

    References
    ----------
    M. Radermacher, in Electron Tomography, ed. J. Frank (Plenum 1992), on alignment by moments; S. Helgason and D. Ludwig's consistency
    conditions of projections.
    """

    def unexplained(rotation_deg: float) -> float:
        return _aligned_at(density, geometry, np.deg2rad(rotation_deg))[1]

    trials = np.linspace(-_LARGEST_ROTATION_DEG, _LARGEST_ROTATION_DEG, 11)
    best = trials[int(np.argmin([unexplained(trial) for trial in trials]))]
    found = scipy.optimize.minimize_scalar(unexplained, bounds=(best - 4, best + 4), method="bounded", options={"xatol": 0.01})
    aligned, square = _aligned_at(density, geometry, np.deg2rad(found.x))
    curvature = (unexplained(found.x + 1) + unexplained(found.x - 1) - 2 * square) / np.deg2rad(1) ** 2
    columns = density.shape[2]
    sigma = np.sqrt(2 * square / max(curvature, 1e-12) / columns)
    return MomentAlignment(aligned, float(sigma), float(np.sqrt(square)))


def _aligned_at(density: np.ndarray, geometry: TiltGeometry, rotation_rad: float) -> tuple[TiltGeometry, float]:
    """Shifts for one rotation of the axis, and the mean square of what they leave of the centres of mass."""
    geometry = replace(geometry, axis_rotation_rad=rotation_rad)
    mass, _ = _column_moments(density, geometry)
    geometry = _moved(geometry, np.zeros(geometry.frames), _whole_steps(mass, int(np.argmin(np.abs(geometry.angle_rad)))))
    for _ in range(_PROFILE_STEPS):
        mass, _ = _column_moments(density, geometry)
        geometry = _moved(geometry, np.zeros(geometry.frames), _profile_steps(mass))
    mass, moment = _column_moments(density, geometry)
    across, square = _common_height(mass, moment, geometry.angle_rad)
    return _moved(geometry, across, np.zeros(geometry.frames)), square


def _column_moments(density: np.ndarray, geometry: TiltGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Mass and first moment along y of every aligned column, (frame, x)."""
    aligned = apply_alignment(density, geometry, order=1)
    height = np.arange(density.shape[1]) - (density.shape[1] - 1) / 2
    return aligned.sum(axis=1), np.einsum("fyx,y->fx", aligned, height)


def _whole_steps(mass: np.ndarray, reference: int) -> np.ndarray:
    """By how many whole columns the mass of each frame lies beside that of one frame, (frame,): where their overlap differs least."""
    columns = mass.shape[1]
    reach = int(_LARGEST_SHARE * columns)
    lags = sorted(range(-reach, reach + 1), key=abs)
    differences = [
        np.mean((mass[:, max(lag, 0) : columns + min(lag, 0)] - mass[reference, max(-lag, 0) : columns + min(-lag, 0)]) ** 2, axis=1)
        for lag in lags
    ]
    return np.asarray(lags, float)[np.argmin(differences, axis=0)]


def _profile_steps(mass: np.ndarray) -> np.ndarray:
    """How far along x the mass of each frame lies from the mean, to first order, (frame,)."""
    mean = mass.mean(axis=0)
    slope = np.gradient(mean)
    weight = slope * np.hanning(len(mean) + 2)[1:-1]
    return np.clip(-(mass - mean) @ weight / max(slope @ weight, 1e-12), -3, 3)


def _common_height(mass: np.ndarray, moment: np.ndarray, angle_rad: np.ndarray) -> tuple[np.ndarray, float]:
    """Height of every frame, (frame,), given that each column's centre of mass moves as a cos(tilt) + b sin(tilt)."""
    mean = mass.mean(axis=0)
    kept = mean > _LEAST_SHARE_OF_MASS * mean.max()
    centre, weight = moment[:, kept] / np.maximum(mass[:, kept], 1e-3 * mean.max()), mean[kept] / mean[kept].sum()
    orbit = np.column_stack([np.cos(angle_rad), np.sin(angle_rad)])
    free = np.eye(len(angle_rad)) - orbit @ np.linalg.pinv(orbit)
    height = free @ (centre @ weight)
    left = free @ (centre - height[:, None])
    return height, float(np.mean(left**2 @ weight))


def _moved(geometry: TiltGeometry, across: np.ndarray, along: np.ndarray) -> TiltGeometry:
    return replace(geometry, shift_px=geometry.shift_px + np.column_stack(turned(across, along, geometry.axis_rotation_rad)))
