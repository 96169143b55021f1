"""How well dislocations are located: methods, tilt within a frame, stated uncertainties, resolution.

Works on a finished simulated session:
`python -m benchmarks.position_accuracy results/demo [variant]` (the default is rapid-dlf-slow).
Makes the tomograms of the even and of the odd frames, and one with a single angle a frame, from the aligned series in the session.
Prints mean absolute errors in nm with the shares of paired centres (of the reference, and of the measured ones) for both methods and two
thresholds; then, for the default method, the curvature of the error in z over y, the root mean square of the errors over their stated
standard deviations, and the resolution by Fourier shell correlation.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centre_uncertainty import position_uncertainty
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.files.mrc_volumes import read_series, read_volume
from rapidstem.microscope.truth import read_truth
from rapidstem.scores.positional_error import errors_of_pairs, line_centroids, position_pairs
from rapidstem.scores.shell_correlation import GOLD_STANDARD, directional_correlations, resolution_nm
from rapidstem.scores.time_lag import cross_calibrated
from rapidstem.tomography.geometry_files import read_geometry
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

RADIUS_NM, THREADS, SLOW = 40.0, 2, "slow"
SETTINGS: dict[str, dict[str, Any]] = {
    "centroid, threshold 0.4": {"method": "centroid", "threshold": 0.4, "least_length_nm": 0.0},
    "centroid": {"method": "centroid"},
    "fit (default)": {},
}


def aligned_lines(folder: Path, variant: str) -> tuple[np.ndarray, TiltGeometry]:
    """Aligned line images of a variant, and their geometry."""
    stem = folder / "tilt_series/series"
    return read_series(stem / f"{variant}.binary.mrc")[0], read_geometry(stem / f"{variant}.angles.csv")


def halves(folder: Path, variant: str, thickness_nm: float) -> list[np.ndarray]:
    """Tomograms from the even and from the odd frames."""
    series, geometry = aligned_lines(folder, variant)
    number = np.arange(geometry.frames) % 2
    return [reconstruct(series, geometry, ReconstructionSettings(thickness_nm), threads=THREADS, frames=number == half) for half in (0, 1)]


def error_row(pairs: pd.DataFrame, measured: pd.DataFrame, reference: pd.DataFrame) -> dict[str, object]:
    """Errors of one comparison in one row."""
    names = {"acquisition": "", "variant": "", "against": ""}
    errors = errors_of_pairs(pairs, measured, reference, RADIUS_NM, rigid_motion(measured, reference), **names).set_index("axis")
    row: dict[str, object] = {f"{axis}_nm": errors.loc[axis, "mean_abs_nm"].round(2) for axis in "xyz"}
    row |= {f"{plane}_paired_percent": errors.loc[axis, "paired_percent"].round(1) for axis, plane in (("x", "xz"), ("y", "yz"))}
    row |= {f"{plane}_real_percent": errors.loc[axis, "paired_measured_percent"].round(1) for axis, plane in (("x", "xz"), ("y", "yz"))}
    curvature, sigma = errors.loc["z", ["curvature_nm_per_um2", "curvature_sigma_nm_per_um2"]]
    normalised = {f"normalised_{axis}": errors.loc[axis, "normalised_rms"].round(2) for axis in "xyz"}
    return row | {"z_curvature_nm_per_um2": round(curvature, 2), "z_curvature_sigma": round(sigma, 2)} | normalised


def compared(name: str, measured: pd.DataFrame, references: dict[str, pd.DataFrame], calibrated: bool = False) -> list[dict[str, object]]:
    """One row for each reference."""
    rows = []
    for against, reference in references.items():
        pairs = position_pairs(measured, reference, RADIUS_NM, rigid_motion(measured, reference))
        pairs = cross_calibrated(pairs) if calibrated else pairs
        rows.append({"centres": name, "against": against} | error_row(pairs, measured, reference))
    return rows


def main(folder: Path, variant: str) -> None:
    """Print the tables of one session."""
    volumes = {name: read_volume(folder / f"tomograms/series/{name}.mrc") for name in (SLOW, variant)}
    shape, voxel_size_nm = volumes[SLOW][0].shape, volumes[SLOW][1]
    true = read_truth(folder / "truth/series.h5")
    lines = {name: [line.points_nm for line in true.contrast_lines(slow=name == SLOW)] for name in (SLOW, variant)}
    slow_truth, truth = ({"truth": line_centroids(lines[name], shape, voxel_size_nm)} for name in (SLOW, variant))
    rows, shells = [], []
    for name, options in SETTINGS.items():
        slow, rapid = (locate_centroids(*volumes[key], **options) for key in (SLOW, variant))
        rows += compared(f"slow, {name}", slow, slow_truth) + compared(f"rapid, {name}", rapid, {"slow": slow} | truth)
    stated = {}
    for key, centres in ((SLOW, slow), (variant, rapid)):
        even, odd = halves(folder, key, shape[0] * voxel_size_nm)
        sigma = position_uncertainty(centres, *(locate_centroids(half, voxel_size_nm) for half in (even, odd)))
        stated[key] = pd.concat([centres, sigma], axis=1)
        for direction, table in directional_correlations(even, odd, voxel_size_nm).groupby("direction", sort=False):
            shells.append({"series": key, "direction": direction, "half_bit_nm": resolution_nm(table)})
            shells[-1] |= {"gold_standard_nm": resolution_nm(table, GOLD_STANDARD)}
    rows += compared("rapid, one angle a row", stated[variant], {"slow": stated[SLOW]} | truth)
    series, geometry = aligned_lines(folder, variant)
    settings = ReconstructionSettings(shape[0] * voxel_size_nm)
    frame = locate_centroids(reconstruct(series, geometry.per_frame(), settings, threads=THREADS), voxel_size_nm)
    rows += compared("rapid, one angle a frame", frame, {"slow": slow} | truth)
    rows += compared("rapid, one angle a frame, calibrated", frame, {"slow": slow} | truth, calibrated=True)
    session = {"session": folder.name, "variant": variant}
    record_table("position_accuracy", pd.DataFrame(rows).assign(**session), ["session", "variant", "centres", "against"])
    record_table("position_accuracy.resolution", pd.DataFrame(shells).round(1).assign(**session), ["session", "series", "direction"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"), sys.argv[2] if len(sys.argv) > 2 else "rapid-dlf-slow")
