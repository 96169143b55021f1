"""Whether the intervals of denoised frames hold what they state, on the test fields of a session, by field and tilt.

Run from the root of the repository with the folder of a session: `python -m benchmarks.interval_coverage results/demo`. Intervals are
calibrated anew from the session's models and training fields, so that sessions of other versions can be asked, too.
"""

import argparse
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.denoising import ComparedField, TrainedModel, calibrated_intervals, compared_field, load_model
from rapidstem.denoising.fields import read_training_field
from rapidstem.files import read_stack
from rapidstem.frames import read_drift

# As in scripts/calibrate_intervals.py; scored are four frames of every test field.
FRAMES = {"training": 1, "validation": 8, "test": 4}


def compared(session: Path, model: TrainedModel, name: str, frames: int) -> ComparedField:
    """A field of a session, as a denoiser answers to it."""
    stack = read_stack(session / f"raw/{name}.rapid.emd")
    drift = read_drift(session / f"dcfi/{name}.drift.csv")
    return compared_field(model, read_training_field(session / "pairs" / name, stack.frames, drift, model.settings.target, name), frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path)
    parser.add_argument("--denoisers", nargs="+", default=["dlf-slow", "dlf-dcfi"])
    arguments = parser.parse_args()
    tests = sorted(path.name for path in (arguments.session / "pairs").glob("test-*"))
    for denoiser in arguments.denoisers:
        model = load_model(arguments.session / "models" / denoiser)
        fields = {
            part: [compared(arguments.session, model, name, FRAMES[part]) for name in model.card["data"][part]]
            for part in ("training", "validation")
        }
        intervals = calibrated_intervals(model.settings.target, fields["training"], fields["validation"])
        for name in tests:
            field = compared(arguments.session, model, name, FRAMES["test"])
            widths = [intervals.half_width(answer) for answer in field.answers]
            inside = [abs(known - answer) <= width for known, answer, width in zip(field.references, field.answers, widths, strict=True)]
            share = 100 * sum(each.mean() for each in inside) / len(inside)
            half_width = sum(width.mean() for width in widths) / len(widths)
            row = {"session": arguments.session.name, "denoiser": denoiser, "field": name, "stated_percent": 90}
            row |= {"inside_percent": round(float(share), 1), "mean_half_width": round(float(half_width), 1)}
            record_table("interval_coverage", pd.DataFrame([row]), ["session", "denoiser", "field"])


if __name__ == "__main__":
    main()
