"""Shifts of a tilt series from cross-correlation, its angles as reported: where too few lines can be followed."""

from dataclasses import replace

import numpy as np

from rapidstem.numerics import whole_pixels
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts
from rapidstem.tomography.alignment.frame_selection import filled_between
from rapidstem.tomography.alignment.quick_reconstruction import quick_volume, without_axial_trend
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.tilt_geometry import TiltGeometry

_WARNING = (
    "the shifts come from cross-correlation and the angles are those that the goniometer reported: "
    "positions along z are as wrong as these, and their errors are not known"
)


def align_by_correlation(
    recorded: TiltGeometry,
    series: np.ndarray,
    thickness_nm: float,
    angle_sigma_deg: float,
    line_width_nm: float,
    threads: int = 1,
) -> AlignedSeries:
    """Keep the reported angles; take the shifts from neighbouring frames and from the projections of a quick reconstruction.

    Parameters
    ----------
    recorded : TiltGeometry
        Reported angles and times.
    series : np.ndarray, (frame, y, x)
        Bright-field frames, denoised and free of scan distortion.
    thickness_nm : float
        Of the foil.
    angle_sigma_deg : float
        How far the reported angles may be off.
    line_width_nm : float
        Full width of the lines at half depth.
    threads : int

    Returns
    -------
    AlignedSeries
        The standard deviations of the angles are those stated for the reported ones; those of the shifts are not known.
    """
    frames = len(series)
    lines = binarise(series, "soft", line_width_nm / (2 * recorded.pixel_size_nm), threads=threads)
    line_px = whole_pixels(line_width_nm, recorded.pixel_size_nm)
    used = recorded.used
    coarse = replace(recorded, shift_px=coarse_shifts(lines, recorded.angle_rad, line_px=line_px, threads=threads))
    geometry = without_axial_trend(lines, coarse, thickness_nm, line_px, threads)
    _, geometry = quick_volume(lines, geometry, thickness_nm, used, line_px, threads)
    geometry = filled_between(geometry, recorded.angle_rad, used)
    zero = int(np.argmin(np.where(used, np.abs(recorded.angle_rad), np.inf)))
    geometry = replace(geometry, shift_px=geometry.shift_px - geometry.shift_px[zero] * _of_origin(geometry, zero))
    return AlignedSeries.without_points(
        geometry,
        recorded.angle_rad,
        sigma_deg=np.full(frames, float(angle_sigma_deg)),
        shift_sigma_px=np.full((frames, 2), np.nan),
        method="cross-correlation",
        warnings=(_WARNING,),
    )


def _of_origin(geometry: TiltGeometry, zero: int) -> np.ndarray:
    """What a movement of the origin by one pixel in the frame `zero` is in every frame, (frame, 2)."""
    return np.column_stack([np.cos(geometry.angle_rad) / np.cos(geometry.angle_rad[zero]), np.ones(geometry.frames)])
