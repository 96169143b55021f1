"""Tilt series in which a grabber or an export has written frames twice: at another angle they show what another frame has shown."""

from dataclasses import replace

import numpy as np

from rapidstem.errors import InputError
from rapidstem.frames.repeated_frames import repeated_images, torn_images
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.frame_selection import filled_between
from rapidstem.tomography.tilt_geometry import TiltGeometry

# As of a tilt series at all (`reported_angles`).
_FEWEST_FRAMES = 5


def without_repetitions(recorded: TiltGeometry, series: np.ndarray) -> tuple[TiltGeometry, tuple[str, ...]]:
    """Mark the frames that repeat an earlier one, or rows of their neighbour, as not used.

    Parameters
    ----------
    recorded : TiltGeometry
        Before the alignment.
    series : np.ndarray, (frame, y, x)
        Raw or denoised frames.

    Returns
    -------
    TiltGeometry
    tuple of str
        Warnings that name the frames; empty where there are none.

    Raises
    ------
    InputError
        If too few frames are left.
    """
    first = repeated_images(series)
    repeated = {number: int(first[number]) for number in np.flatnonzero(first != np.arange(len(series))).tolist()}
    scanned = np.swapaxes(series, 1, 2) if recorded.slow_scan == "columns" else series
    torn = {number: other for number, other in torn_images(scanned).items() if not {number, other} & repeated.keys()}
    used = recorded.used.copy()
    used[[*repeated, *torn]] = False
    if used.sum() < min(_FEWEST_FRAMES, recorded.used.sum()):
        raise InputError(
            f"{len(repeated) + len(torn)} of the {len(series)} frames of the tilt series repeat others, pixel by pixel: export it anew"
        )
    warnings = []
    if repeated:
        warnings.append(f"frames {_pairs(repeated)} (counted from 0) repeat earlier ones (in brackets), pixel by pixel, and are left out")
    if torn:
        warnings.append(
            f"frames {_pairs(torn)} (counted from 0) share rows with a neighbour (in brackets): one of the two is torn; both are left out"
        )
    return replace(recorded, used=used), tuple(warnings)


def _pairs(frames: dict[int, int]) -> str:
    return ", ".join(f"{number} ({frames[number]})" for number in sorted(frames))


def of_used_frames(geometry: TiltGeometry) -> TiltGeometry:
    """The geometry of the used frames alone."""
    used = geometry.used
    time_s = None if geometry.time_s is None else geometry.time_s[used]
    return replace(geometry, angle_rad=geometry.angle_rad[used], shift_px=geometry.shift_px[used], time_s=time_s, used=used[used])


def among_all_frames(found: AlignedSeries, recorded: TiltGeometry) -> AlignedSeries:
    """What was found for the used frames, with those that are not used between them: their angles and shifts are interpolated."""
    used = recorded.used

    def spread(values: np.ndarray) -> np.ndarray:
        everywhere = np.full((recorded.frames, *values.shape[1:]), np.nan)
        everywhere[used] = values
        return everywhere

    angle_rad = np.where(used, spread(found.geometry.angle_rad), recorded.angle_rad)
    shift_px = np.nan_to_num(spread(found.geometry.shift_px))
    placed = replace(found.geometry, angle_rad=angle_rad, shift_px=shift_px, time_s=recorded.time_s, used=used)
    return replace(
        found,
        geometry=filled_between(placed, recorded.angle_rad, used),
        reported_deg=np.rad2deg(recorded.angle_rad),
        sigma_deg=spread(found.sigma_deg),
        shift_sigma_px=spread(found.shift_sigma_px),
        frame_residual_px=spread(found.frame_residual_px),
    )
