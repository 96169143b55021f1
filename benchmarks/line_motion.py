"""Lines followed in the in-situ series of a finished simulated session, against their true motion.

`python -m benchmarks.line_motion results/straining` reads the scores that the session has made (`evaluation/motion`). Prints by kind of
motion how many lines were followed, the root mean square distance of their nodes from the true lines in x, y and z, the same over the
stated deviation, those of nodes that glide by more than 100 nm/s, how much of the true length in view kept its line, of those followed and
of all, and how many lines are next to no true one; for jumps how many frames lie between 10 and 90 %; and what a frame has cost.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.files import read_table

SUMMED = [f"{axis}_{name}" for axis in "xyz" for name in ("rms_nm", "ratio")]
VELOCITY = ["velocity_rms_nm_per_s", "velocity_ratio"]
GLIDING = [f"{axis}_gliding_rms_nm" for axis in "xyz"]


def pooled(values: pd.Series, counts: pd.Series) -> float:
    """Root mean square of several root mean squares, each of so many points."""
    known = values.notna() & (counts > 0)
    return round(float(np.sqrt(np.average(values[known] ** 2, weights=counts[known]))), 2) if known.any() else float("nan")


def row_of(scores: pd.DataFrame, course: str) -> dict[str, object]:
    """The row of one kind of motion."""
    row: dict[str, object] = {"course": course, "lines": len(scores), "points": int(scores["points"].sum())}
    row |= {name: pooled(scores[name], scores["points"]) for name in SUMMED}
    row["gliding_points"] = int(scores["gliding_points"].sum())
    row |= {name: pooled(scores[name], scores["gliding_points"]) for name in GLIDING}
    row |= {name: pooled(scores[name], scores["points"]) for name in VELOCITY}
    return row | {"kept_percent": round(float(scores["kept_percent"].mean()), 1)}


def identity_of(together: pd.DataFrame) -> dict[str, float]:
    """What the row of all lines says of their identity."""
    row = together.iloc[0]
    shares = {name: round(float(row[name]), 1) for name in ("kept_percent", "visible_kept_percent")}
    return shares | {"false_lines": int(row["false_lines"])}


def main(folder: Path) -> None:
    """Print the tables of one session."""
    rows, jumps = [], []
    for path in sorted((folder / "evaluation/motion").glob("*/*.responses.csv")):
        series, denoiser = path.parent.name, path.name.removesuffix(".responses.csv")
        scores = read_table(path.with_name(f"{denoiser}.csv"), ["line", "course", *SUMMED])
        names = {"session": folder.name, "acquisition": series, "denoiser": denoiser}
        lines, together = scores[scores["line"] >= 0], scores[scores["line"] < 0]
        rows += [names | row_of(own, str(course)) for course, own in lines.groupby("course", sort=True)]
        frames = len(read_table(folder / f"in_situ/{series}/frames.csv", ["frame"]))
        cost = pd.read_csv(folder / f"benchmarks/follow_lines/{denoiser}/{series}.tsv", sep="\t")["cpu_time"].iloc[0]
        whole = identity_of(together) | {"lines": len(lines)}
        rows.append(names | row_of(together, "all") | whole | {"processor_s_per_frame": round(float(cost) / frames, 3)})
        jumps += [
            names | row
            for row in read_table(path, ["line", "jump_nm", "response_frames"])
            .drop(columns=["acquisition", "denoiser"])
            .round(2)
            .to_dict("records")
        ]
    record_table("line_motion", pd.DataFrame(rows), ["session", "acquisition", "denoiser", "course"])
    if jumps:
        record_table("line_motion.jumps", pd.DataFrame(jumps), ["session", "acquisition", "denoiser", "line", "time_s"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/straining"))
