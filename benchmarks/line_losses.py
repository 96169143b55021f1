"""Why true lines of a finished simulated session are not one to one: what lies where they are cut, joined with others or lost.

`python -m benchmarks.line_losses results/networks` looks at every true line that no single fitted line is
(`rapidstem.scores.line_identity`): at the places where it goes over from one fitted line to another or to none, and where its fitted line
goes on into another true one. The line counts under the first of these that lies within 45 nm of such a place: a node of four arms or of
three (those that have contrast), a node where two arms meet at an angle, the border of the field, a surface, another line within 20 nm,
else a gap. Prints lines by cause.
"""

import sys
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measured_tables import record_table
from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, RigidMotion, polylines_of, resampled, rigid_motion, steps_along
from rapidstem.files import read_table, read_volume_shape
from rapidstem.microscope import AcquisitionTruth, read_truth
from rapidstem.scores import LineIdentity, PlacedLines, identify_lines, whole_field

KEYS = ["session", "variant", "cause"]
# Those of the scores.
STEP_NM, RADIUS_NM, PART_NM = 5.0, 20.0, 30.0
# Three line widths: so far from its cause a break may lie.
NEAR_NM = 45.0
DIRECTION_NM = 40.0
# Flatter, two arms of a node are one smooth line.
LEAST_KINK_DEG = 15.0
NONE = -1
CAUSES = ("node of four arms", "node of three arms", "kinked node", "border", "surface", "passing line", "gap")


@dataclass(frozen=True)
class Surroundings:
    """What lies around a true line: nodes with the number of their arms, the other lines, the field and the foil."""

    nodes_nm: np.ndarray
    arms: np.ndarray
    others: list[np.ndarray]
    box_nm: np.ndarray

    def cause(self, place: np.ndarray) -> str:
        """The first of `CAUSES` that lies near a place (3,)."""
        near = self.arms[np.linalg.norm(self.nodes_nm - place, axis=1) < NEAR_NM]
        room = np.minimum(place - self.box_nm[0], self.box_nm[1] - place)
        passing = any(np.linalg.norm(line - place, axis=1).min() < RADIUS_NM for line in self.others)
        found = (np.any(near > 3), np.any(near == 3), np.any(near == 2), room[:2].min() < NEAR_NM, room[2] < NEAR_NM, passing, True)
        return next(cause for cause, there in zip(CAUSES, found, strict=True) if there)


def nodes_of(arms: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 3) where arms that have contrast meet, and how many they are; those where two go on smoothly are left out."""
    ends = np.array([arm[end] for arm in arms for end in (0, -1)])
    places, counts = [], []
    for node in {tuple(sorted(near)) for near in cKDTree(ends).query_ball_point(ends, 1.0)}:
        ways = [arms[end // 2][:: -1 if end % 2 else 1] for end in node]
        stops = [min(len(way) - 1, int(np.searchsorted(steps_along(way), DIRECTION_NM))) for way in ways]
        outward = [(way[stop] - way[0]) / np.linalg.norm(way[stop] - way[0]) for way, stop in zip(ways, stops, strict=True)]
        bends = [np.rad2deg(np.arccos(np.clip(-one @ two, -1, 1))) for one, two in combinations(outward, 2)]
        if len(node) > 2 or (bends and bends[0] > LEAST_KINK_DEG):
            places.append(ends[node[0]])
            counts.append(len(node))
    return np.array(places).reshape(-1, 3), np.array(counts, int)


def breaks(line: np.ndarray, others: list[np.ndarray]) -> list[tuple[np.ndarray, int, int]]:
    """Where a line (n, 3) goes over from one of the others to another or to none: place and both numbers, -1 for none."""
    owner = np.repeat(np.arange(len(others)), [len(other) for other in others])
    distance, nearest = cKDTree(np.concatenate(others)).query(line, distance_upper_bound=RADIUS_NM)
    owners = np.where(np.isfinite(distance), owner[np.minimum(nearest, len(owner) - 1)], NONE)
    starts = np.flatnonzero(np.diff(owners, prepend=owners[0] - 1))
    runs = [(int(owners[start]), start, stop) for start, stop in pairwise([*starts, len(owners)]) if (stop - start) * STEP_NM > PART_NM]
    found = [(line[(one[2] + two[1]) // 2], one[0], two[0]) for one, two in pairwise(runs) if one[0] != two[0]]
    if runs and runs[0][0] == NONE:
        found.append((line[0], NONE, NONE))
    if runs and runs[-1][0] == NONE:
        found.append((line[-1], NONE, NONE))
    return found


def causes(identity: LineIdentity, truth: AcquisitionTruth, slow: bool, motion: RigidMotion, field_nm: np.ndarray) -> Counter[str]:
    """How many true lines are not one to one, by cause."""
    true, traced = ([resampled(line, STEP_NM) for line in side.points_nm] for side in (identity.reference, identity.traced))
    nodes_nm, arms = nodes_of([motion.undo(line.points_nm) for line in truth.contrast_lines(slow)])
    half_nm = truth.foil_thickness_nm / 2
    faces_nm = motion.undo(np.array([[0, 0, -half_nm], [0, 0, half_nm]]))[:, 2]
    counts: Counter[str] = Counter()
    for number in np.flatnonzero(~identity.one_to_one):
        around = Surroundings(nodes_nm, arms, true[:number] + true[number + 1 :], np.column_stack([field_nm, faces_nm]))
        places = [place for place, _, _ in breaks(true[number], traced)] if traced else [true[number].mean(axis=0)]
        for other in np.flatnonzero(identity.found_nm[number] > PART_NM):
            places += [place for place, *both in breaks(traced[other], true) if number in both]
        found = {around.cause(place) for place in places}
        counts[next((cause for cause in CAUSES if cause in found), CAUSES[-1])] += 1
    return counts


def main(folder: Path, acquisition: str = "series") -> None:
    """Print the table of one session."""
    results, truth = folder / "dislocations" / acquisition, read_truth(folder / f"truth/{acquisition}.h5")
    rows = []
    for path in sorted(results.glob("*.line_summary.csv")):
        variant = path.name.removesuffix(".line_summary.csv")
        shape, voxel_size_nm = read_volume_shape(folder / f"tomograms/{acquisition}/{variant}.mrc")
        true = PlacedLines.true([line.points_nm for line in truth.dislocations(variant == "slow")], shape, voxel_size_nm)
        motion = rigid_motion(read_table(results / f"{variant}.centroids.csv", CENTROID_COLUMNS), true.centres)
        field_nm = whole_field((shape[2] * voxel_size_nm, shape[1] * voxel_size_nm))
        identity = identify_lines(polylines_of(read_table(results / f"{variant}.lines.csv", POINT_COLUMNS)), true.lines, field_nm, motion)
        counts = causes(identity, truth, variant == "slow", motion, field_nm) | Counter(none=int(identity.one_to_one.sum()))
        rows += [{"session": folder.name, "variant": variant, "cause": cause, "lines": count} for cause, count in counts.items()]
    record_table("line_losses", pd.DataFrame(rows), KEYS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
