"""At what density lines can no longer be told: foils with more and more dislocations, from the frames to the fitted lines.

`python -m benchmarks.dense_foils --densities 5e13 1e14 2e14 --seeds 301` simulates the slow series of small foils (510 nm, 36 frames,
300 nm thick). Prints for each the true density of lines with contrast inside the field, the fitted one, how many lines come out one to
one, how much of the length is found and real, and, as a user sees it without a truth, in how much of their places in the frames lines
hide each other and how many of their ends are lost inside the foil.
"""

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.hard_conditions import simulated
from benchmarks.measured_tables import record_table
from rapidstem.dislocations import RigidMotion, locate_centroids, rigid_motion, trace_lines
from rapidstem.errors import InputError
from rapidstem.lines import FittedLines, fit_lines
from rapidstem.microscope import AcquisitionTruth, settings_from
from rapidstem.scores import LineIdentity, identify_lines, line_centroids, line_detection, whole_field
from rapidstem.tomography import apply_alignment, binarise, recorded_geometry
from rapidstem.tomography.reconstruction import ReconstructionSettings, reconstruct

KEYS = ["density_per_m2", "seed"]

MARGIN_NM = 100.0
# A foil of 510 nm with 36 frames: a tenth of the demo's pixels.
SMALL: dict[str, Any] = {"size_px": 112, "slow_tilt_step_deg": 4.0, "tilt_frames": 2}
# The stage stands where it says, for nothing is aligned: so small a field has too few points for it.
STEADY: dict[str, Any] = {
    "slow_shift_px": 0.0,
    "slow_tilt_error_deg": 0.0,
    "reading_offset_deg": 0.0,
    "reading_wander_deg": 0.0,
    "reading_noise_deg": 0.0,
}


@dataclass(frozen=True)
class FittedFoil:
    """The lines of one foil, fitted and true.

    Attributes
    ----------
    fitted : FittedLines
    truth : AcquisitionTruth
    motion : RigidMotion
        Of the fitted lines onto the true ones.
    identity : LineIdentity
        Which fitted line is which true one.
    width_nm : float
        Of the field.
    """

    fitted: FittedLines
    truth: AcquisitionTruth
    motion: RigidMotion
    identity: LineIdentity
    width_nm: float


def fitted_foil(seed: int, **wanted: Any) -> FittedFoil:
    """Simulate the slow series of a small foil, reconstruct and trace it with the angles of the stage, and fit its lines.

    Parameters
    ----------
    seed : int
    **wanted : Any
        Settings of the virtual microscope besides `SMALL`.

    Raises
    ------
    InputError
        The series cannot be worked on.
    """
    stack, truth = simulated(settings_from({"seed": seed, **SMALL, **STEADY, **wanted}))
    frames, pixel_nm, thickness_nm = stack.frames[:].astype(np.float32), stack.pixel_size_nm, truth.foil_thickness_nm
    geometry = recorded_geometry(stack.tilt_deg, frames.shape, pixel_nm, None, None)
    series = apply_alignment(frames, geometry)
    volume = reconstruct(binarise(series), geometry, ReconstructionSettings(thickness_nm + MARGIN_NM))
    network = trace_lines(volume, pixel_nm, thickness_nm)
    fitted = fit_lines(series, geometry, [line.points_nm for line in network.lines], network.box_nm, volume.shape[0])
    true = [line.points_nm for line in truth.dislocations(slow=True)]
    motion = rigid_motion(locate_centroids(volume, pixel_nm), line_centroids(true, volume.shape, pixel_nm))
    width_nm = frames.shape[1] * pixel_nm
    identity = identify_lines([line.points_nm for line in fitted.network.lines], true, whole_field((width_nm, width_nm)), motion)
    return FittedFoil(fitted, truth, motion, identity, width_nm)


def foil_row(foil: FittedFoil) -> dict[str, float]:
    """The row of one foil."""
    identity, lines = foil.identity, foil.fitted.network.lines
    volume_m3 = foil.width_nm**2 * foil.truth.foil_thickness_nm * 1e-27
    true = [line.points_nm for line in foil.truth.dislocations(slow=True)]
    detection = line_detection(
        [line.points_nm for line in lines],
        true,
        whole_field((foil.width_nm, foil.width_nm)),
        motion=foil.motion,
        acquisition="",
        variant="",
        against="truth",
    ).iloc[0]
    lengths_nm = np.array([line.length_nm for line in lines])
    ends = [kind for line in lines for kind in (line.start_kind, line.end_kind)]
    counted = len(identity.reference.numbers)
    return {
        "true_density_per_m2": float(f"{detection['true_nm'] * 1e-9 / volume_m3:.3g}"),
        "fitted_density_per_m2": float(f"{detection['traced_nm'] * 1e-9 / volume_m3:.3g}"),
        "true_lines": counted,
        "fitted_lines": len(identity.traced.numbers),
        "one_to_one_percent": round(100 * float(identity.one_to_one.mean())) if counted else np.nan,
        "run_length_percent": round(100 * identity.run_length_nm / identity.largest_run_length_nm) if counted else np.nan,
        "found_percent": round(float(detection["found_percent"]), 1),
        "real_percent": round(float(detection["real_percent"]), 1),
        "hidden_percent": round(100 * float(foil.fitted.hidden_share @ lengths_nm / lengths_nm.sum())) if len(lines) else np.nan,
        "lost_ends_percent": round(100 * ends.count("inside") / len(ends)) if ends else np.nan,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--densities", type=float, nargs="+", default=[2.5e13, 5e13, 1e14, 2e14, 4e14])
    parser.add_argument("--seeds", type=int, nargs="+", default=[301])
    given = parser.parse_args()
    for density in given.densities:
        for seed in given.seeds:
            named = {"density_per_m2": density, "seed": seed}
            try:
                row: dict[str, object] = dict(foil_row(fitted_foil(seed, dislocation_density_per_m2=density)))
            except InputError as error:
                row = {"said": str(error)}
            record_table("dense_foils", pd.DataFrame([named | row]), KEYS)


if __name__ == "__main__":
    main()
