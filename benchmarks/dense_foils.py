"""At what density lines can no longer be told: foils with more and more dislocations, from the frames to the fitted lines.

`python -m benchmarks.dense_foils --densities 5e13 1e14 2e14 --seeds 301` simulates the slow series of small foils (510 nm, 36 frames,
300 nm thick). Prints for each the true density of lines with contrast inside the field, the fitted one, how many lines come out one to
one, how much of the length is found and real, and, as a user sees it without a truth, in how much of their places in the frames lines
hide each other and how many of their ends are lost inside the foil.
"""

import argparse

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from benchmarks.small_foils import FittedFoil, fitted_foil
from rapidstem.errors import InputError
from rapidstem.scores import line_detection

KEYS = ["density_per_m2", "seed"]


def foil_row(foil: FittedFoil) -> dict[str, float]:
    """The row of one foil."""
    identity, lines = foil.identity, foil.fitted.network.lines
    volume_m3 = foil.width_nm**2 * foil.truth.foil_thickness_nm * 1e-27
    true = [line.points_nm for line in foil.truth.dislocations(slow=True)]
    detection = line_detection(
        [line.points_nm for line in lines],
        true,
        (foil.width_nm, foil.width_nm),
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
