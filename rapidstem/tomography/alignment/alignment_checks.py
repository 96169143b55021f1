"""What a user should look at after an alignment."""

import numpy as np

from rapidstem.tomography.tilt_geometry import TiltGeometry


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
