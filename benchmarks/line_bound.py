"""How far the frames and the fit carry: the same fit started from the true lines, and what the frames say for every true line.

`python -m benchmarks.line_bound results/demo [variant]` works on a finished simulated session. The true lines take the place of the
candidates; all that comes after (evidence, links, ends, nodes) is the same. Prints which lines come out one to one then, for how many true
lines the frames speak at all (evidence in places that no other true line covers above 0 and above what the fit asks for), the same for
those with g.b = 0 and with half of the contrast, and the processor time that the fit took.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations import CENTROID_COLUMNS, TRACED_COLUMNS, Polyline, clipped, foil_box, polylines_of, resampled, rigid_motion
from rapidstem.files import read_series, read_table, read_volume_shape
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.lines.evidence import curvature_of_frames, likelihood_of
from rapidstem.lines.evidence.line_coverage import CoveredFrames, SeriesEvidence
from rapidstem.lines.evidence.moved_copies import null_evidence
from rapidstem.microscope import read_truth
from rapidstem.scores import PlacedLines, identify_lines, identity_scores, whole_field
from rapidstem.tomography import TiltGeometry, read_geometry

KEYS = ["session", "variant"]
# Lines with less show half of the contrast, or what g.b = 0 leaves.
FULL_CONTRAST = 0.75
# The shortest line that scores compare.
LEAST_NM = 80.0
MARGIN_NM = 100.0


@dataclass(frozen=True)
class KnownSeries:
    """An aligned series, its traced lines, and the true ones in its own coordinates, cut at the foil and the field."""

    images: np.ndarray
    geometry: TiltGeometry
    traced: list[np.ndarray]
    box_nm: np.ndarray
    true: list[np.ndarray]
    clear: np.ndarray


def read_known(folder: Path, variant: str, acquisition: str = "series") -> KnownSeries:
    """One variant of a session; `clear` says which true lines have their full contrast."""
    stem, results = folder / f"tilt_series/{acquisition}/{variant}", folder / "dislocations" / acquisition
    images, pixel_size_nm = read_series(f"{stem}.mrc")
    truth = read_truth(folder / f"truth/{acquisition}.h5")
    table = read_table(results / f"{variant}.traced.csv", TRACED_COLUMNS)
    lines = truth.dislocations(slow=variant == "slow")
    placed = PlacedLines.true([line.points_nm for line in lines], *read_volume_shape(folder / f"tomograms/{acquisition}/{variant}.mrc"))
    motion = rigid_motion(read_table(results / f"{variant}.centroids.csv", CENTROID_COLUMNS), placed.centres)
    box_nm = foil_box(table, images.shape[1:], pixel_size_nm, truth.foil_thickness_nm)
    pieces = [(piece, line) for line in lines for piece in clipped(Polyline(motion.undo(line.points_nm), 0, 1), box_nm, 2)]
    pieces = [(piece, line) for piece, line in pieces if piece.length_nm >= LEAST_NM]
    clear = np.array([line.visible and line.strength > FULL_CONTRAST for _, line in pieces], bool)
    true = [piece.points_nm for piece, _ in pieces]
    return KnownSeries(images, read_geometry(f"{stem}.angles.csv"), polylines_of(table), box_nm, true, clear)


def true_evidence(known: KnownSeries) -> np.ndarray:
    """Natural units of independent evidence (line,) that every true line has where no other true line covers it."""
    curvature = curvature_of_frames(known.images, FittingSettings().line_width_nm / (2 * known.geometry.pixel_size_nm))
    shown = [line for line, clear in zip(known.true, known.clear, strict=True) if clear]
    evidence = SeriesEvidence(curvature, likelihood_of(shown, curvature, known.geometry), known.geometry)
    overcount = null_evidence(shown, CoveredFrames(evidence, shown), settled=False).overcount
    covered = CoveredFrames(evidence, [resampled(line, evidence.step_nm) for line in known.true])
    return np.array([covered.own(number).sum() for number in range(len(known.true))]) / overcount


def bound_row(known: KnownSeries, thickness_nm: float) -> dict[str, float]:
    """What the fit makes of the true lines."""
    depth_px = round((thickness_nm + MARGIN_NM) / known.geometry.pixel_size_nm)
    start = time.process_time()
    found = fit_lines(known.images, known.geometry, known.traced, known.box_nm, depth_px, candidates=known.true)
    seconds = time.process_time() - start
    widths_nm = known.images.shape[2] * known.geometry.pixel_size_nm, known.images.shape[1] * known.geometry.pixel_size_nm
    identity = identify_lines([line.points_nm for line in found.network.lines], known.true, whole_field(widths_nm))
    scores = identity_scores(identity, acquisition="", variant="", against="truth").iloc[0]
    evidence, least = true_evidence(known), FittingSettings().line_evidence
    row = {name: scores[name] for name in ("true_lines", "traced_lines", "one_to_one", "split", "merged", "missed", "invented")}
    row |= {"run_length_percent": round(100 * scores["run_length_nm"] / scores["largest_run_length_nm"], 1)}
    row |= {"speaking": int(np.sum(evidence > 0)), "enough": int(np.sum(evidence > least))}
    row |= {"faint": int(np.sum(~known.clear)), "faint_enough": int(np.sum(evidence[~known.clear] > least))}
    return row | {"processor_s": round(seconds, 1)}


def main(folder: Path, variants: list[str]) -> None:
    """Print the table of one session."""
    truth = read_truth(folder / "truth/series.h5")
    paths = sorted((folder / "dislocations/series").glob("*.traced.csv"))
    names = variants or [path.name.removesuffix(".traced.csv") for path in paths]
    rows = [{"session": folder.name, "variant": name} | bound_row(read_known(folder, name), truth.foil_thickness_nm) for name in names]
    record_table("line_bound", pd.DataFrame(rows), KEYS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"), sys.argv[2:])
