"""Whether the stated probabilities of lines are right: of those that are called real with 90 %, 90 % must be.

`python -m benchmarks.line_probability results/demo [results/other ...] [--developed s22 h51]` reads finished simulated sessions. A line
is real where more than half of its length lies within 20 nm of a true line. It keeps one row a line and prints, for the sessions that
were looked at while the fit was made (`--developed`) and for those that were not, how many lines each class of stated probability has,
what they state on average, and how many are real; the picture `docs/images/line-probability.png` shows the same as a reliability diagram.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import beta

from benchmarks.measured_tables import FOLDER, read_measured, record_table
from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, polylines_of, rigid_motion
from rapidstem.files import read_table, read_volume_shape
from rapidstem.microscope import read_truth
from rapidstem.scores import PlacedLines, identify_lines, whole_field

PICTURE = FOLDER.parent / "images/line-probability.png"
CLASSES = [0.0, 0.5, 0.8, 0.95, 0.99, 1.0]
KINDS = {True: "developed on", False: "not looked at"}
# Of the interval in which the true share lies (Clopper and Pearson 1934).
LEVEL = 0.95


def line_rows(folder: Path, acquisition: str = "series") -> pd.DataFrame:
    """One row for every line of a session: stated probability, evidence, and which share of it is real."""
    results = folder / "dislocations" / acquisition
    truth = read_truth(folder / f"truth/{acquisition}.h5")
    rows = []
    for path in sorted(results.glob("*.line_summary.csv")):
        variant = path.name.removesuffix(".line_summary.csv")
        table = read_table(results / f"{variant}.lines.csv", [*POINT_COLUMNS, "evidence", "probability"])
        shape, voxel_size_nm = read_volume_shape(folder / f"tomograms/{acquisition}/{variant}.mrc")
        true = PlacedLines.true([line.points_nm for line in truth.dislocations(slow=variant == "slow")], shape, voxel_size_nm)
        motion = rigid_motion(read_table(results / f"{variant}.centroids.csv", CENTROID_COLUMNS), true.centres)
        widths_nm = (shape[2] * voxel_size_nm, shape[1] * voxel_size_nm)
        identity = identify_lines(polylines_of(table), true.lines, whole_field(widths_nm), motion)
        evidence, probability = (
            table.groupby("line", sort=True)[name].agg(how) for name, how in (("evidence", "sum"), ("probability", "first"))
        )
        shares = identity.real_nm.sum(axis=1) / identity.traced.lengths_nm
        for piece, number in enumerate(identity.traced.numbers):
            row = {"session": folder.name, "variant": variant, "line": piece, "length_nm": round(identity.traced.lengths_nm[piece])}
            row |= {"evidence": round(evidence.iloc[number], 1), "probability": round(probability.iloc[number], 4)}
            rows.append(row | {"real_percent": round(100 * shares[piece], 1)})
    return pd.DataFrame(rows)


def reliability(lines: pd.DataFrame) -> pd.DataFrame:
    """By class of stated probability, and over all: lines, what they state, and the share that is real with its interval, in percent."""
    real = lines["real_percent"] > 50
    label = pd.cut(lines["probability"], CLASSES, include_lowest=True)
    classes = [(f"{part.left:g} to {part.right:g}".replace("-0.001", "0"), label == part) for part in label.cat.categories]
    rows = []
    for name, chosen in [*classes, ("all", label.notna())]:
        count, hits = int(chosen.sum()), int((chosen & real).sum())
        if count:
            low = beta.ppf((1 - LEVEL) / 2, hits, count - hits + 1) if hits else 0.0
            high = beta.ppf((1 + LEVEL) / 2, hits + 1, count - hits) if hits < count else 1.0
            stated = lines.loc[chosen, "probability"].mean()
            shares = {"stated_percent": stated, "real_percent": hits / count, "least_percent": low, "most_percent": high}
            rows.append({"probability": name, "lines": count} | {key: round(100 * float(value), 1) for key, value in shares.items()})
    return pd.DataFrame(rows)


def draw(diagrams: dict[str, pd.DataFrame]) -> None:
    """The reliability diagram, one colour for sessions that were looked at and one for those that were not."""
    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 100], [0, 100], color="0.6", linewidth=1)
    for name, table in diagrams.items():
        classes = table[table["probability"] != "all"]
        stated, real = classes["stated_percent"].to_numpy(), classes["real_percent"].to_numpy()
        reach = np.abs(classes[["least_percent", "most_percent"]].to_numpy().T - real)
        axes.errorbar(stated, real, reach, fmt="o", capsize=3, label=f"{name}, {int(classes['lines'].sum())} lines")
    axes.set(xlabel="stated probability (%)", ylabel="lines that are real (%)", xlim=(-3, 103), ylim=(-3, 103), aspect="equal")
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(PICTURE, dpi=110)


def main() -> None:
    """Measure the sessions, and print the diagram of all that have been measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", default=[Path("results/demo")])
    parser.add_argument("--developed", nargs="*", default=[], help="names of sessions that were looked at while the fit was made")
    given = parser.parse_args()
    measured = pd.concat([line_rows(folder) for folder in given.folders], ignore_index=True)
    record_table(
        "line_probability.lines", measured.assign(developed=measured["session"].isin(given.developed)), ["session", "variant", "line"]
    )
    lines = read_measured(FOLDER / "line_probability.lines.csv")
    diagrams = {KINDS[looked_at]: reliability(part) for looked_at, part in lines.groupby("developed")}
    record_table(
        "line_probability", pd.concat(table.assign(sessions=name) for name, table in diagrams.items()), ["sessions", "probability"]
    )
    draw(diagrams)


if __name__ == "__main__":
    main()
