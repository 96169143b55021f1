r"""Networks that start from the general filter against networks that start from nothing, on fields of specimens that neither has seen.

    python -m benchmarks.fine_tuning results/demo dlf-slow dlf-slow:600,steps=600 dlf-slow:fresh-2000,start_from=nothing,steps=2000

Every network learns from the session's training fields; entries are those of `benchmarks.denoisers`. Judged are fields of other seeds under
the same virtual microscope, whose slow images are aligned as the session aligns its own. The line `all` is the mean of all fields.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.denoisers import COLUMNS, denoised_by, scores_of
from benchmarks.interval_coverage import simulated_field
from benchmarks.measured_tables import record_table
from rapidstem.denoising.fields.training_pairs import TrainingField

TARGET, TILTS_DEG = "slow", (0.0, 20.0, 40.0, 60.0, 70.0)
# Of the default training from the general filter.
STEPS = 300


def unseen_fields(session: Path, seeds: list[int]) -> dict[str, tuple[float, TrainingField]]:
    """Tilts and fields of other seeds by their names."""
    places = [(seed, tilt_deg) for seed in seeds for tilt_deg in TILTS_DEG]
    fields = [(tilt_deg, simulated_field(session, seed, tilt_deg, TARGET)[0]) for seed, tilt_deg in places]
    return {field.name: (tilt_deg, field) for tilt_deg, field in fields}


def tilt_table(fields: Mapping[str, tuple[float, TrainingField]], images: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Mean scores at every tilt and of all fields: PSNR in decibels, widths and depths of lines as shares of the slow image's."""
    rows = [{"tilt_deg": f"{tilt_deg:g}", **row} for name, (tilt_deg, field) in fields.items() for row in scores_of(field, images[name])]
    table = pd.DataFrame(rows)
    both = pd.concat([table, table.assign(tilt_deg="all")])
    return both.groupby("tilt_deg", sort=False)[COLUMNS].mean().round(3).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("denoisers", nargs="*", default=["dlf-slow", "dlf-slow:fresh-2000,start_from=nothing,steps=2000"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[301, 302], help="of the fields that are judged")
    parser.add_argument("--frames", type=int, default=4, help="judged, of each field")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fields = unseen_fields(arguments.session, arguments.seeds)
    judged = {name: field.frames[: arguments.frames] for name, (_, field) in fields.items()}
    for entry in arguments.denoisers:
        label, seconds, images = denoised_by(arguments.session, entry, STEPS, judged)
        table = tilt_table(fields, images).assign(denoiser=label, session=arguments.session.name, seconds=round(seconds))
        record_table("fine_tuning", table, ["session", "denoiser", "tilt_deg"])


if __name__ == "__main__":
    main()
