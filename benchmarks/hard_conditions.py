"""What each hard condition does to the chain: slow series of small simulated sessions, one condition at a time.

`python -m benchmarks.hard_conditions --seeds 1 2 -- dirt hole` simulates one slow series a condition
and seed (all conditions without names; `demo` is the series without any), aligns, reconstructs and traces it, fits lines to its frames,
and prints how much of the visible length is found and how much of the length is real (within 20 nm of a line that has contrast), for the
traced and for the fitted lines, what lies beside the false fitted length, the mean absolute errors of paired centres, those of the angles,
and how many frames were used.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.line_tracing import trace_lines
from rapidstem.dislocations.pairing import RigidMotion, rigid_motion
from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.lines import fit_lines
from rapidstem.microscope.hard_conditions import SINGLE_CONDITIONS
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem.microscope.specimen.foil_faults import FoilFaults
from rapidstem.microscope.truth import AcquisitionTruth, read_truth
from rapidstem.scores.line_identity import whole_field
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
# Sharper than the microscope's own sets: what the chain failed on first.
SHARP_CASES: dict[str, dict[str, Any]] = {
    "half-vacuum": {"foil_edge_share": 0.5},
    "sharp-edge": {"foil_edge_share": 0.3, "edge_taper_nm": 3.0},
    "sharp-hole": {"hole_radius_nm": 150.0, "edge_taper_nm": 3.0, "thickness_wedge": 0.18, "thickness_steps": 2},
    "deep-contours": {"bend_contours": 2, "bend_contour_width_nm": (45.0, 46.0), "bend_contour_depth": (0.5, 0.51)},
    "gold-particles": {"particles_per_um2": 75.0, "particle_radius_nm": (10.0, 25.0), "particle_absorption": (0.4, 0.7)},
}


def simulated(settings: MicroscopeSettings) -> tuple[FrameStack, AcquisitionTruth]:
    """The slow series of one session and its truth."""
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder) / name for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("tilt_series", "series", None, settings, rapid, slow, truth)
        return read_stack(slow), read_truth(truth)


def false_causes(lines: list[np.ndarray], drawn: list[np.ndarray], faults: FoilFaults, motion: RigidMotion) -> dict[str, float]:
    """Shares (in %) of the length that is no line and lies at a rim, at a foreign body, or elsewhere."""
    places = motion.apply(sampled(lines)[0])
    false = places[cKDTree(sampled(drawn)[0]).query(places)[0] > RADIUS_NM]
    rim, body = np.zeros((2, len(false)), bool)
    if faults.shape is not None:
        rim = faults.shape.from_rim_nm(*false[:, :2].T) < RIM_NM
    if faults.bodies is not None:
        nearest, which = cKDTree(faults.bodies.centre_nm).query(false)
        body = ~rim & (nearest < faults.bodies.radius_nm[which] + BESIDE_NM)
    counts = {"at_rims": rim.sum(), "at_bodies": body.sum(), "elsewhere": (~rim & ~body).sum()}
    return {f"false_{name}_percent": round(float(100 * count / max(len(places), 1)), 1) for name, count in counts.items()}


def chain_row(stack: FrameStack, truth: AcquisitionTruth, settings: MicroscopeSettings) -> dict[str, Any]:
    """The row of the table that one series gives."""
    frames, pixel_nm, thickness = stack.frames[:].astype(np.float32), stack.pixel_size_nm, settings.foil_thickness_nm
    recorded = recorded_geometry(stack.tilt_deg, frames.shape, pixel_nm, None, None)
    aligned = align_series(frames, recorded, AlignmentSettings(thickness, SLOW_ANGLE_SIGMA_DEG))
    series = apply_alignment(frames, aligned.geometry)
    volume = reconstruct(binarise(series), aligned.geometry, ReconstructionSettings(thickness + MARGIN_NM))
    centres, network = locate_centroids(volume, pixel_nm), trace_lines(volume, pixel_nm, thickness)
    traced = [line.points_nm for line in network.lines]
    fitted = fit_lines(series, aligned.geometry, traced, network.box_nm, volume.shape[0])
    lines = [line.points_nm for line in fitted.network.lines]
    angle_deg = (np.rad2deg(aligned.geometry.angle_rad) - truth.slow.middle_tilt_deg)[aligned.geometry.used]
    return {
        **_against_truth(centres, {"traced": traced, "fitted": lines}, truth, volume.shape, pixel_nm),
        "angle_rms_deg": round(float(np.std(angle_deg)), 3),
        "frames_used": int(aligned.geometry.used.sum()),
        "warnings": "; ".join(aligned.warnings),
    }


def _against_truth(
    centres: pd.DataFrame, kinds: dict[str, list[np.ndarray]], truth: AcquisitionTruth, shape: tuple[int, int, int], pixel_nm: float
) -> dict[str, Any]:
    """What is found and real of each kind of lines, what the last kind's false length lies at, and the errors of paired centres."""
    bending = truth.faults.bending
    moved = [line.points_nm if bending is None else bending.moved(line.points_nm) for line in truth.lines]
    visible = [points for points, line in zip(moved, truth.lines, strict=True) if line.visible]
    drawn = [points for points, line in zip(moved, truth.lines, strict=True) if line.strength]
    true_centres = line_centroids(visible, shape, pixel_nm)
    motion = rigid_motion(centres, true_centres)
    field = whole_field((shape[2] * pixel_nm, shape[1] * pixel_nm))
    names = {"acquisition": "", "variant": "", "against": "truth"}
    row: dict[str, Any] = {}
    for kind, lines in kinds.items():
        found = line_detection(lines, visible, field, RADIUS_NM, motion, **names).iloc[0]
        real = line_detection(lines, drawn, field, RADIUS_NM, motion, **names).iloc[0]
        row |= {f"{kind}_found_percent": round(float(found["found_percent"]), 1)}
        row |= {f"{kind}_real_percent": round(float(real["real_percent"]), 1)}
    pairs = position_pairs(centres, true_centres, PAIRING_NM, motion)
    errors = errors_of_pairs(pairs, centres, true_centres, PAIRING_NM, motion, **names).set_index("axis")["mean_abs_nm"]
    causes = false_causes(lines, drawn, truth.faults, motion)
    return {**row, **causes, **{f"{axis}_nm": round(float(errors[axis]), 2) for axis in "xyz"}}


def rows(conditions: list[str], seeds: list[int], common: dict[str, Any]) -> pd.DataFrame:
    """One row a condition and seed; a series that cannot be worked on has the reason in its row."""
    table = []
    for condition in conditions:
        for seed in seeds:
            wanted = SHARP_CASES.get(condition, {"conditions": condition})
            settings = settings_from({"seed": seed, **wanted, **common})
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
    parser.add_argument("conditions", nargs="*", default=[*SINGLE_CONDITIONS, *SHARP_CASES])
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--pixel", type=float, default=4.56)
    parser.add_argument("--step", type=float, default=3.5)
    parser.add_argument("--density", type=float, default=5e13)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    given = parser.parse_args()
    common = {"size_px": given.size, "pixel_size_nm": given.pixel, "slow_tilt_step_deg": given.step}
    common["dislocation_density_per_m2"] = given.density
    table = rows(given.conditions, given.seeds, common | {"tilt_frames": 2}).assign(**common)
    record_table("hard_conditions", table, ["condition", "seed", *common])


if __name__ == "__main__":
    main()
