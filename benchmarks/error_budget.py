"""How much of the positional error each stage causes: replace one stage at a time by the truth, or by the simpler choice, and see.

Works on a finished simulated session:
`python -m benchmarks.error_budget results/demo`. Prints mean absolute errors in nm, the quadratic
curvature of the error in z over y with its standard deviation, and the share of paired points (the least of the three axes), for the
rapid series against the slow one and against the truth; with one angle a frame also after the calibration that Zhao et al. propose.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.distortion.column_map import ColumnMap, read_map
from rapidstem.distortion.image_warping import to_slow_geometry
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.files.mrc_volumes import read_volume
from rapidstem.microscope.truth import AcquisitionTruth, read_truth
from rapidstem.scores.positional_error import errors_of_pairs, line_centroids, position_pairs
from rapidstem.scores.time_lag import cross_calibrated
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.reported_angles import middle_angles_deg, recorded_geometry
from rapidstem.tomography.tilt_geometry import TiltGeometry

THICKNESS_NM, MARGIN_NM, RADIUS_NM, THREADS = 300.0, 100.0, 40.0, 2


@dataclass(frozen=True)
class Chain:
    """The choices of one reconstruction; `None` stands for what the pipeline measures itself."""

    name: str
    denoised: bool = True
    column_map: ColumnMap | None = None
    true_geometry: bool = False
    per_row: bool = True
    binarisation: Literal["hard", "soft"] = "soft"


def chains(truth: AcquisitionTruth) -> Iterator[Chain]:
    """The pipeline as it is, and with one stage replaced."""
    yield Chain("as it is")
    yield Chain("true distortion map", column_map=ColumnMap(truth.rapid_px, truth.slow_px))
    yield Chain("true angles and shifts", true_geometry=True)
    yield Chain("true map, angles and shifts", column_map=ColumnMap(truth.rapid_px, truth.slow_px), true_geometry=True)
    yield Chain("one angle a frame", per_row=False)
    yield Chain("hard binarisation", binarisation="hard")
    yield Chain("no filter", denoised=False)


def centres_of(chain: Chain, stack: FrameStack, denoised: np.ndarray, measured_map: ColumnMap, truth: AcquisitionTruth) -> pd.DataFrame:
    """Centres of the dislocations that one chain finds in the rapid series."""
    frames = to_slow_geometry(denoised if chain.denoised else stack.frames[:].astype(np.float32), chain.column_map or measured_map)
    times = (stack.time_s, stack.line_time_s)
    if chain.true_geometry:
        angles = np.deg2rad(truth.rapid.middle_tilt_deg)
        geometry = TiltGeometry(angles, truth.rapid.shift_px, stack.pixel_size_nm, frames.shape[1], *times)
    else:
        assert stack.tilt_deg is not None
        reported_deg = middle_angles_deg(stack.tilt_deg, *times, frames.shape[1])
        used_times = times if chain.per_row else (None, None)
        recorded = recorded_geometry(reported_deg, frames.shape, stack.pixel_size_nm, *used_times)
        geometry = align_series(frames, recorded, AlignmentSettings(THICKNESS_NM), THREADS).geometry
    lines = binarise(apply_alignment(frames, geometry), chain.binarisation)
    volume = reconstruct(lines, geometry, ReconstructionSettings(THICKNESS_NM + MARGIN_NM), threads=THREADS)
    return locate_centroids(volume, stack.pixel_size_nm)


def error_rows(chain: Chain, centres: pd.DataFrame, references: dict[str, pd.DataFrame]) -> Iterator[dict[str, object]]:
    """One row of the table for each reference, two with one angle a frame."""
    for against, reference in references.items():
        motion = rigid_motion(centres, reference)
        pairs = position_pairs(centres, reference, RADIUS_NM, motion)
        treated = {chain.name: pairs} if chain.per_row else {chain.name: pairs, f"{chain.name}, calibrated": cross_calibrated(pairs)}
        for name, found in treated.items():
            names = {"acquisition": "", "variant": "", "against": against}
            errors = errors_of_pairs(found, centres, reference, RADIUS_NM, motion, **names).set_index("axis")
            row = {f"{axis}_nm": round(errors.loc[axis, "mean_abs_nm"], 2) for axis in "xyz"}
            curvature, sigma = errors.loc["z", ["curvature_nm_per_um2", "curvature_sigma_nm_per_um2"]]
            row |= {"z_curvature_nm_per_um2": round(curvature, 2), "z_curvature_sigma": round(sigma, 2)}
            row |= {"paired_percent": round(errors["paired_percent"].min())}
            yield {"chain": name, "against": against, **row}


def main(folder: Path) -> None:
    """Print the table of one session."""
    truth = read_truth(folder / "truth/series.h5")
    stack = read_stack(folder / "raw/series.rapid.emd")
    denoised = denoise_stack(load_model(folder / f"models/{sys.argv[2] if len(sys.argv) > 2 else 'dlf-slow'}"), stack.frames[:])
    measured_map = read_map(folder / "distortion/map.csv")
    shape = (round((THICKNESS_NM + MARGIN_NM) / stack.pixel_size_nm), *stack.frames.shape[1:])
    true, slow_true = (
        line_centroids([line.points_nm for line in truth.contrast_lines(slow)], shape, stack.pixel_size_nm) for slow in (False, True)
    )
    slow = locate_centroids(*read_volume(folder / "tomograms/series/slow.mrc"))
    references = {"slow": slow, "truth": true}
    rows = list(error_rows(Chain("slow series"), slow, {"truth": slow_true}))
    for chain in chains(truth):
        rows += error_rows(chain, centres_of(chain, stack, denoised, measured_map, truth), references)
        print(f"{chain.name}: done", file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    table.insert(0, "session", folder.name)
    record_table("error_budget", table, ["session", "chain", "against"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
