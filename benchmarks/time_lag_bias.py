"""Whether the geometry with a tilt for every row bends the volume: `python -m benchmarks.time_lag_bias`.

Noise-free series of random lines are projected by the formula, once with the stage turning while the rows are scanned and once with
the stage at rest, and reconstructed with the known geometry. Prints for each seed the mean absolute differences of the centres in nm,
and the curvature of the difference in z over y with its standard deviation (jackknife over lines): without a bias that covers zero.
"""

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.scores.difference_fit import quadratic_fit
from rapidstem.scores.positional_error import line_centroids, position_pairs
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry
from tests.unit.tomography_phantoms import make_phantom, project_lines

SEEDS, THICKNESS_NM, THREADS = (11, 12, 13), 400.0, 2


def centres_of(series: np.ndarray, geometry: TiltGeometry) -> pd.DataFrame:
    """Centres in the tomogram of a series with known geometry."""
    lines = binarise(apply_alignment(series, geometry))
    return locate_centroids(reconstruct(lines, geometry, ReconstructionSettings(THICKNESS_NM), threads=THREADS), geometry.pixel_size_nm)


def compared(name: str, measured: pd.DataFrame, reference: pd.DataFrame) -> dict[str, object]:
    """Differences and their curvature."""
    pairs = position_pairs(measured, reference, 40.0, rigid_motion(measured, reference)).query("plane == 'yz'")
    fit = quadratic_fit(pairs, "y")
    row = {"compared": name, "pairs": len(pairs), "y_nm": pairs["dy_nm"].abs().mean(), "z_nm": pairs["dz_nm"].abs().mean()}
    return row | {"z_curvature_nm_per_um2": fit.curvature_nm_per_um2, "sigma": fit.curvature_sigma_nm_per_um2}


def main() -> None:
    """Print the table of all seeds."""
    rows = []
    for seed in SEEDS:
        phantom = make_phantom(seed)
        geometry, still = phantom.geometry, phantom.geometry.per_frame()
        slow = centres_of(project_lines(phantom.lines_nm, still, phantom.series.shape[2]), still)
        row_wise, frame_wise = centres_of(phantom.series, geometry), centres_of(phantom.series, still)
        depth = round(THICKNESS_NM / geometry.pixel_size_nm)
        truth = line_centroids(phantom.lines_nm, (depth, *phantom.series.shape[1:]), geometry.pixel_size_nm)
        found = [compared("one angle a row, against slow", row_wise, slow), compared("one angle a frame, against slow", frame_wise, slow)]
        found += [compared("one angle a row, against truth", row_wise, truth), compared("slow, against truth", slow, truth)]
        rows += [{"seed": seed} | row for row in found]
    record_table("time_lag_bias", pd.DataFrame(rows).round(2), ["seed", "compared"])


if __name__ == "__main__":
    main()
