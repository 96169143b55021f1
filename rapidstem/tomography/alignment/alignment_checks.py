"""What is wrong with a tilt series, before and after its alignment."""

import numpy as np

from rapidstem.errors import InputError
from rapidstem.tomography.tilt_geometry import TiltGeometry

_FEWEST_FRAMES = 5
_SMALLEST_RANGE_DEG = 20.0
_LARGEST_ANGLE_DEG = 100.0


def checked_angles_rad(series: np.ndarray, reported_deg: np.ndarray | None) -> np.ndarray:
    """The reported angles in radians, if they can be those of the series.

    Raises
    ------
    InputError
        If angles are missing, of another number than the frames, not in degrees, or no tilt series.
    """
    if reported_deg is None:
        raise InputError(
            "the tilt series has no tilt angles: put a text file with one angle in degrees a line beside it, of the same name "
            "with the ending .rawtlt, .tlt, .csv or .txt"
        )
    reported_deg = np.asarray(reported_deg, float)
    if series.ndim != 3 or reported_deg.shape != (len(series),):
        raise InputError(f"a series of {len(series)} frames needs as many reported angles, not {reported_deg.size}")
    if not np.all(np.isfinite(reported_deg)):
        missing = ", ".join(str(frame) for frame in np.flatnonzero(~np.isfinite(reported_deg))[:8])
        raise InputError(f"the reported angles of frames {missing} (counted from 0) are missing: give the angle of every frame")
    if np.abs(reported_deg).max() > _LARGEST_ANGLE_DEG:
        raise InputError(f"a reported angle is {np.abs(reported_deg).max():.4g} degrees: give tilts between -90 and 90 degrees, in degrees")
    extent = float(np.ptp(reported_deg))
    if 0 < extent < _SMALLEST_RANGE_DEG and extent <= np.pi and np.abs(reported_deg).max() <= np.pi / 2:
        raise InputError(f"the reported angles run over {extent:.3g} only, as if they were in radians: give angles in degrees")
    if len(series) < _FEWEST_FRAMES or extent < _SMALLEST_RANGE_DEG:
        raise InputError(
            f"{len(series)} frames over {extent:.1f} degrees are no tilt series: "
            f"at least {_FEWEST_FRAMES} frames over {_SMALLEST_RANGE_DEG:.0f} degrees are needed"
        )
    return np.deg2rad(reported_deg)


def alignment_warnings(
    geometry: TiltGeometry, reported_rad: np.ndarray, angle_sigma_rad: float, used: np.ndarray, height_px: np.ndarray, thickness_nm: float
) -> tuple[str, ...]:
    """What a user should look at although the alignment has succeeded, a sentence each.

    Parameters
    ----------
    geometry : TiltGeometry
        As found.
    reported_rad : np.ndarray, (frame,)
    angle_sigma_rad : float
        How far these may be off.
    used : np.ndarray, (frame,), bool
    height_px : np.ndarray, (point,)
        z of the points on dislocations.
    thickness_nm : float
        Of the foil, as the configuration says.
    """
    warnings = []
    if not used.all():
        frames = ", ".join(str(frame) for frame in np.flatnonzero(~used))
        warnings.append(f"frames {frames} (counted from 0) do not show the specimen where the others say that it is, and are left out")
    difference = (geometry.angle_rad - reported_rad)[used]
    spread = float(np.std(difference))
    if spread > 2.5 * angle_sigma_rad:
        warnings.append(
            f"the angles found differ from the reported ones by {np.rad2deg(spread):.2f} degrees rms, more than the "
            f"{np.rad2deg(angle_sigma_rad):.2f} expected: check the order and the sign of the reported angles"
        )
    beyond = float(np.mean(np.abs(height_px) * geometry.pixel_size_nm > 0.6 * thickness_nm)) if len(height_px) else 0.0
    if beyond > 0.1:
        warnings.append(
            f"{beyond:.0%} of the points on dislocations lie outside a foil of {thickness_nm:.0f} nm: a volume of this thickness "
            "cannot hold the specimen; correct the thickness"
        )
    return tuple(warnings)
