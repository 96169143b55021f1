"""What each hard condition does to the chain: slow series of small simulated sessions, one condition at a time.

`python -m benchmarks.hard_conditions --size 128 --pixel 4.56 --step 3.5 --seeds 1 2 dirt hole` simulates one slow series a condition
and seed (all conditions without names; `demo` is the series without any), aligns, reconstructs and traces it, and prints how much of the
length of lines with contrast is found and how much of the traced length is real (within 20 nm of such a line), what lies beside the
false length, the mean absolute errors of paired centres, and those of the angles.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.line_tracing import trace_lines
from rapidstem.dislocations.pairing import RigidMotion, rigid_motion
from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.microscope.hard_conditions import SINGLE_CONDITIONS
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem.microscope.specimen.foil_faults import FoilFaults
from rapidstem.microscope.truth import AcquisitionTruth, read_truth
from rapidstem.scores.line_recovery import line_detection, sampled
from rapidstem.scores.positional_error import errors_of_pairs, line_centroids, position_pairs
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.reported_angles import recorded_geometry

MARGIN_NM, RADIUS_NM, PAIRING_NM = 100.0, 20.0, 40.0
RIM_NM, BESIDE_NM = 60.0, 30.0
SLOW_ANGLE_SIGMA_DEG = 0.1


def simulated(settings: MicroscopeSettings) -> tuple[FrameStack, AcquisitionTruth]:
    """The slow series of one session and its truth."""
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder) / name for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("tilt_series", "series", None, settings, rapid, slow, truth)
        return read_stack(slow), read_truth(truth)


def false_causes(traced: list[np.ndarray], true: list[np.ndarray], faults: FoilFaults, motion: RigidMotion) -> dict[str, float]:
    """Shares (in %) of the traced length that is no line and lies at a rim, at a foreign body, or elsewhere."""
    places = motion.apply(sampled(traced)[0])
    false = places[cKDTree(sampled(true)[0]).query(places)[0] > RADIUS_NM]
    rim, body = np.zeros((2, len(false)), bool)
    if faults.shape is not None:
        rim = faults.shape.from_rim_nm(*false[:, :2].T) < RIM_NM
    if faults.bodies is not None:
        nearest, which = cKDTree(faults.bodies.centre_nm).query(false)
        body = ~rim & (nearest < faults.bodies.radius_nm[which] + BESIDE_NM)
    counts = {"at_rims": rim.sum(), "at_bodies": body.sum(), "elsewhere": (~rim & ~body).sum()}
    return {f"false_{name}_percent": round(float(100 * count / max(len(places), 1)), 1) for name, count in counts.items()}


def chain_row(stack: FrameStack, truth: AcquisitionTruth, settings: MicroscopeSettings) -> dict[str, float]:
    """The row of the table that one series gives."""
    frames, pixel_nm, thickness = stack.frames[:].astype(np.float32), stack.pixel_size_nm, settings.foil_thickness_nm
    recorded = recorded_geometry(stack.tilt_deg, frames.shape, pixel_nm, None, None)
    aligned = align_series(frames, recorded, AlignmentSettings(thickness, SLOW_ANGLE_SIGMA_DEG))
    lines = binarise(apply_alignment(frames, aligned.geometry))
    volume = reconstruct(lines, aligned.geometry, ReconstructionSettings(thickness + MARGIN_NM))
    centres, traced = locate_centroids(volume, pixel_nm), [line.points_nm for line in trace_lines(volume, pixel_nm, thickness).lines]
    true = [line.points_nm for line in truth.contrast_lines(slow=True)]
    true_centres = line_centroids(true, volume.shape, pixel_nm)
    motion = rigid_motion(centres, true_centres)
    field = (frames.shape[2] * pixel_nm, frames.shape[1] * pixel_nm)
    names = {"acquisition": "", "variant": "", "against": "truth"}
    detection = line_detection(traced, true, field, RADIUS_NM, motion, **names).iloc[0]
    pairs = position_pairs(centres, true_centres, PAIRING_NM, motion)
    errors = errors_of_pairs(pairs, centres, true_centres, PAIRING_NM, motion, **names).set_index("axis")["mean_abs_nm"]
    angle_deg = np.rad2deg(aligned.geometry.angle_rad) - truth.slow.middle_tilt_deg
    return {
        "found_percent": round(float(detection["found_percent"]), 1),
        "real_percent": round(float(detection["real_percent"]), 1),
        **false_causes(traced, true, truth.faults, motion),
        **{f"{axis}_nm": round(float(errors[axis]), 2) for axis in "xyz"},
        "angle_rms_deg": round(float(np.std(angle_deg)), 3),
    }


def rows(conditions: list[str], seeds: list[int], size: int, pixel_nm: float, step_deg: float) -> pd.DataFrame:
    """One row a condition and seed; a series that cannot be worked on has the reason in its row."""
    table = []
    for condition in conditions:
        for seed in seeds:
            given = {"size_px": size, "pixel_size_nm": pixel_nm, "slow_tilt_step_deg": step_deg, "tilt_frames": 2}
            settings = settings_from({"conditions": condition, "seed": seed, **given})
            start = time.perf_counter()
            try:
                row: dict[str, object] = {**chain_row(*simulated(settings), settings)}
            except InputError as error:
                row = {"said": str(error)}
            table.append({"condition": condition, "seed": seed, **row})
            print(table[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
    return pd.DataFrame(table)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("conditions", nargs="*", default=list(SINGLE_CONDITIONS))
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--pixel", type=float, default=4.56)
    parser.add_argument("--step", type=float, default=3.5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    given = parser.parse_args()
    table = rows(given.conditions, given.seeds, given.size, given.pixel, given.step)
    table = table.assign(size_px=given.size, pixel_nm=given.pixel, step_deg=given.step)
    record_table("hard_conditions", table, ["condition", "seed", "size_px", "pixel_nm", "step_deg"])


if __name__ == "__main__":
    main()
