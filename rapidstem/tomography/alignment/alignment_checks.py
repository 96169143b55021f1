"""What a user should look at after an alignment."""

import numpy as np

from rapidstem.tomography.tilt_geometry import TiltGeometry
from rapidstem.tomography.vacuum import FOIL

# A fifth: a foil's thickness is seldom known better. Depth is known worse the less the series is tilted, as one over the sine.
_THICKER_THAN_STATED = 1.2
_MUCH_VACUUM = 0.1


def alignment_warnings(
    geometry: TiltGeometry, recorded: TiltGeometry, angle_sigma_rad: float, foil_px: tuple[float, float], thickness_nm: float
) -> tuple[str, ...]:
    """What a user should look at although the alignment has succeeded, a sentence each.

    Parameters
    ----------
    geometry : TiltGeometry
        As found.
    recorded : TiltGeometry
        With the reported angles; frames that are not used here were left out beforehand.
    angle_sigma_rad : float
        How far the reported angles may be off.
    foil_px : tuple of float
        Lower and upper surface of the foil, from the points on dislocations.
    thickness_nm : float
        Of the foil, as the configuration says.

    Returns
    -------
    tuple of str
        Empty where all is well.
    """
    warnings = []
    lost = np.flatnonzero(recorded.used & ~geometry.used)
    if lost.size:
        frames = ", ".join(map(str, lost))
        warnings.append(f"frames {frames} (counted from 0) do not show the specimen where the others say that it is, and are left out")
    spread = float(np.std((geometry.angle_rad - recorded.angle_rad)[geometry.used]))
    if spread > 2.5 * angle_sigma_rad:
        warnings.append(
            f"the angles found differ from the reported ones by {np.rad2deg(spread):.2f} degrees rms, more than the "
            f"{np.rad2deg(angle_sigma_rad):.2f} expected: check the order and the sign of the reported angles"
        )
    found_nm = (foil_px[1] - foil_px[0]) * geometry.pixel_size_nm
    largest_tilt_rad = np.abs(geometry.angle_rad[geometry.used]).max()
    if found_nm * np.sin(largest_tilt_rad) > _THICKER_THAN_STATED * thickness_nm:
        warnings.append(
            f"dense lines reach over {found_nm:.0f} nm in depth: a volume for a foil of {thickness_nm:.0f} nm "
            "cannot hold the specimen; correct the thickness, unless the foil leans or is bent in the field of view"
        )
    return tuple(warnings)


def vacuum_warning(places: np.ndarray) -> tuple[str, ...]:
    """Say how much of the frames is vacuum and its rim, where that is a tenth or more of a frame; a sentence or none.

    Parameters
    ----------
    places : np.ndarray, (frame, y, x)
        As `rapidstem.tomography.vacuum_places` gives it.

    Returns
    -------
    tuple of str
    """
    share = np.mean(places != FOIL, axis=(1, 2))
    if share.max() < _MUCH_VACUUM:
        return ()
    worst = int(np.argmax(share))
    return (
        f"vacuum and its rim, where no line is looked for, cover {100 * np.mean(share):.0f} % of the frames, and most of frame {worst} "
        f"(counted from 0): {100 * share[worst]:.0f} %",
    )
