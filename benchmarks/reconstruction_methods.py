"""Reconstruction methods and binarisations against the truth, on the aligned series of a finished simulated session.

Run from the root of the repository: `python -m benchmarks.reconstruction_methods results/demo`. For the slow and the rapid
series it prints mean absolute errors of the centres in nm, against the truth and of the rapid series against the slow one, the shares of
the reference's centres that are found and of the found ones that are the reference's, how much longer a spot is along z than along y
(1 without a missing wedge), and seconds of processor time.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.files.mrc_volumes import read_series
from rapidstem.microscope.truth import read_truth
from rapidstem.scores.positional_error import line_centroids, positional_errors
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.geometry_files import read_geometry
from rapidstem.tomography.reconstruction.slice_blocks import Method
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

LINE_WIDTH_NM, RADIUS_NM, SPOT_NM = 13.7, 40.0, 25.0
METHODS: tuple[Method, ...] = ("sirt", "ordered-subsets", "total-variation", "weighted-back-projection")
BINARISATIONS: tuple[Literal["soft", "hard"], ...] = ("soft", "hard")


def aligned_series(folder: Path, variant: str) -> tuple[np.ndarray, TiltGeometry]:
    """The aligned frames of a variant and their geometry, every row with its own angle where the stage turned."""
    return read_series(folder / f"tilt_series/series/{variant}.mrc")[0], read_geometry(folder / f"tilt_series/series/{variant}.angles.csv")


def elongation(volume: np.ndarray, centres: pd.DataFrame, voxel_size_nm: float) -> float:
    """Median over the centres of the yz sections of the spread along z over that along y, of what exceeds half of the maximum."""
    half = round(SPOT_NM / voxel_size_nm)
    offset_z, offset_y = np.mgrid[-half : half + 1, -half : half + 1]
    ratios = []
    middle = (np.array(volume.shape) - 1) / 2
    for row in centres[centres["plane"] == "yz"].itertuples():
        z, y, x = np.rint(np.array([row.z_nm, row.y_nm, row.x_nm]) / voxel_size_nm + middle).astype(int)
        window = volume[max(z - half, 0) : z + half + 1, max(y - half, 0) : y + half + 1, x]
        if window.shape == offset_z.shape:
            excess = np.maximum(window - window.max() / 2, 0)
            ratios.append(np.sqrt(np.average(offset_z**2, weights=excess) / max(np.average(offset_y**2, weights=excess), 1e-9)))
    return float(np.median(ratios))


def score_rows(folder: Path, variants: list[str], thickness_nm: float, threads: int) -> Iterator[dict[str, object]]:
    """One row of the table for each binarisation, method and variant against the truth, and for each later variant against the first."""
    truth = read_truth(folder / "truth/series.h5")
    lines = {variant: [line.points_nm for line in truth.contrast_lines(slow=variant == "slow")] for variant in variants}
    aligned = {variant: aligned_series(folder, variant) for variant in variants}
    for binarisation, method in product(BINARISATIONS, METHODS):
        found: dict[str, pd.DataFrame] = {}
        for variant, (series, geometry) in aligned.items():
            pixel_nm = geometry.pixel_size_nm
            binary = binarise(series, binarisation, LINE_WIDTH_NM / (2 * pixel_nm))
            start = time.process_time()
            volume = reconstruct(binary, geometry, ReconstructionSettings(thickness_nm, method), threads=threads, device="cpu")
            busy_s = round(time.process_time() - start, 1)
            found[variant] = locate_centroids(volume, pixel_nm)
            own = {"z_over_y": round(elongation(volume, found[variant], pixel_nm), 2), "busy_s": busy_s}
            names = {"series": variant, "lines": binarisation, "method": method}
            true = line_centroids(lines[variant], volume.shape, pixel_nm)
            yield names | {"against": "truth", **centre_scores(found[variant], true), **own}
            if variant != variants[0]:
                yield names | {"against": variants[0], **centre_scores(found[variant], found[variants[0]])}


def centre_scores(centres: pd.DataFrame, reference: pd.DataFrame) -> dict[str, float]:
    """Errors and shares after a rigid motion is taken away, as in the evaluation."""
    motion = rigid_motion(centres, reference)
    errors = positional_errors(centres, reference, RADIUS_NM, motion, acquisition="", variant="", against="truth").set_index("axis")
    scores = {f"{axis}_nm": round(errors.loc[axis, "mean_abs_nm"], 2) for axis in "xyz"}
    return scores | {
        "found_percent": round(errors["paired_percent"].mean(), 1),
        "real_percent": round(errors["paired_measured_percent"].mean(), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--variants", nargs="+", default=["slow", "rapid-dlf-slow"])
    parser.add_argument("--thickness-nm", type=float, default=400.0, help="of the volume")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rows = list(score_rows(options.folder, options.variants, options.thickness_nm, options.threads))
    table = pd.DataFrame(rows)
    table.insert(0, "session", options.folder.name)
    record_table("reconstruction_methods", table, ["session", "series", "lines", "method", "against"])


if __name__ == "__main__":
    main()
