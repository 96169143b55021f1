"""Tilt series of an isolated object (a needle, a particle) whose images grow or fall with the mass along the beam."""

import numpy as np

from rapidstem.errors import InputError
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.moment_alignment import align_moments
from rapidstem.tomography.alignment.projection_matching import match_projections
from rapidstem.tomography.tilt_geometry import TiltGeometry

# Of the largest mean row: more of the object at the edge means that it reaches beyond.
_LARGEST_SHARE_AT_EDGE = 0.1


def align_density(recorded: TiltGeometry, series: np.ndarray, thickness_nm: float, angle_sigma_deg: float) -> AlignedSeries:
    """Shifts and axis from the object's moments, then angles and shifts from the projections of its reconstruction.

    Where the shape of the object does not fix the angles, these stay as reported, and a warning says so.

    Parameters
    ----------
    recorded : TiltGeometry
        Reported angles and times.
    series : np.ndarray, (frame, y, x)
        Frames of a bright object on a dark background or of a dark one on a bright background.
    thickness_nm : float
        Of the volume; it must hold the object.
    angle_sigma_deg : float
        How far the reported angles may be off.

    Returns
    -------
    AlignedSeries

    Raises
    ------
    InputError
        If the object reaches the upper or the lower edge of the frames.
    """
    density = object_density(series)
    moments = align_moments(density, recorded)
    matched = match_projections(density, moments.geometry, thickness_nm, np.deg2rad(angle_sigma_deg))
    return AlignedSeries.without_points(
        matched.geometry,
        recorded.angle_rad,
        sigma_deg=np.rad2deg(matched.sigma[:, 0]),
        shift_sigma_px=matched.sigma[:, 1:],
        method="projection-matching",
        warnings=() if matched.angles_refined else ("the shape of the object does not fix the tilt angles: they are as reported",),
        axis_rotation_sigma_deg=float(np.rad2deg(moments.rotation_sigma_rad)),
        rms_residual_px=moments.rms_residual_px,
    )


def object_density(series: np.ndarray) -> np.ndarray:
    """Images that are zero around the object and positive on it, float32.

    The background is the median of a frame's upper and lower edge; the object is what is brighter, or darker, on average.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Raw or denoised frames.

    Returns
    -------
    np.ndarray, (frame, y, x)
        In the unit of the series.

    Raises
    ------
    InputError
        If the object reaches these edges.
    """
    series = np.asarray(series, np.float32)
    edges = np.concatenate([series[:, :2], series[:, -2:]], axis=1).reshape(len(series), -1)
    signed = series - np.median(edges, axis=1)[:, None, None]
    signed *= np.sign(np.mean(signed)) or 1.0
    density = np.maximum(signed, 0)
    profile = density.mean(axis=(0, 2))
    if max(profile[0], profile[-1]) > _LARGEST_SHARE_AT_EDGE * profile.max():
        raise InputError(
            "the object reaches the upper or lower edge of the frames: the features density are for isolated objects, "
            "set tomography.alignment_features to lines for dislocations in a foil"
        )
    return density
