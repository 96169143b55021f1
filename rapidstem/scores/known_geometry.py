"""How near to the truth a tilt series can come: its errors with the true geometry, and with the true lines known beforehand, too."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.dislocations import locate_centroids, rigid_motion
from rapidstem.lines import FittingSettings, refit_lines
from rapidstem.scores.positional_error import errors_of_pairs, line_centroids, position_pairs
from rapidstem.tomography import TiltGeometry, apply_alignment, binarise
from rapidstem.tomography.reconstruction import ReconstructionSettings, reconstruct

GEOMETRY, GEOMETRY_AND_LINES = "geometry", "geometry and lines"
BOUND_COLUMNS = ["acquisition", "variant", "known", "axis", "mean_abs_nm", "bias_nm", "paired_percent", "angle_rms_deg"]


def accuracy_bound(
    frames: np.ndarray, geometry: TiltGeometry, lines: Sequence[np.ndarray], depth_nm: float, radius_nm: float, line_width_nm: float
) -> pd.DataFrame:
    """Errors of the centres that filtered frames give with the true geometry, and with the true lines known beforehand, too.

    Parameters
    ----------
    frames : np.ndarray, (frame, y, x)
        Filtered frames, corrected with the true distortion.
    geometry : TiltGeometry
        True angles and shifts.
    lines : sequence of np.ndarray, (n, 3)
        True lines that have contrast, x, y, z in nm.
    depth_nm : float
        Height of the volume.
    radius_nm : float
        Largest distance of a pair.
    line_width_nm : float
        Full width of the lines at half depth.

    Returns
    -------
    DataFrame
        One row an axis and `known` (`geometry`: reconstructed as the chain does; `geometry and lines`: the true lines refined in the
        frames): `axis`, `mean_abs_nm`, `bias_nm`, `paired_percent`.
    """
    series = apply_alignment(frames, geometry)
    binary = binarise(series, "soft", line_width_nm / (2 * geometry.pixel_size_nm))
    volume = reconstruct(binary, geometry, ReconstructionSettings(depth_nm))
    true = line_centroids(lines, volume.shape, geometry.pixel_size_nm)
    refitted = refit_lines(series, geometry, lines, FittingSettings(line_width_nm=line_width_nm))
    found = {
        GEOMETRY: locate_centroids(volume, geometry.pixel_size_nm, line_width_nm=line_width_nm),
        GEOMETRY_AND_LINES: line_centroids(refitted, volume.shape, geometry.pixel_size_nm),
    }
    return pd.concat([_errors(centres, true, radius_nm).assign(known=known) for known, centres in found.items()], ignore_index=True)


def angle_spread_deg(measured: TiltGeometry, angle_rad: np.ndarray) -> float:
    """How far measured angles are off, not counting what all are off by alike.

    Parameters
    ----------
    measured
    angle_rad : (frame,)
        The true ones.

    Returns
    -------
    float
        Root mean square over the used frames, in degrees.
    """
    return float(np.rad2deg(np.std((measured.angle_rad - angle_rad)[measured.used])))


def _errors(centres: pd.DataFrame, true: pd.DataFrame, radius_nm: float) -> pd.DataFrame:
    motion = rigid_motion(centres, true)
    pairs = position_pairs(centres, true, radius_nm, motion)
    table = errors_of_pairs(pairs, centres, true, radius_nm, motion, acquisition="", variant="", against="truth")
    return table[["axis", "mean_abs_nm", "bias_nm", "paired_percent"]]
