"""Why followed lines lose their identity: which line, in which frames, where it was followed instead, and what happened there.

`python -m benchmarks.identity_causes --seeds 62 63 --frames 200` simulates series as `benchmarks.motion_stages` does. Every point of a true
line in view that its followed line does not lie on, within 20 nm, is of one kind: `nowhere` (the line is not followed in the frame),
`hidden` (that part is left out, and another true line lies on it in the image), `left out` (nothing lies on it), `another line` (followed
there on another true line), `beside` (followed there on none), or `wrong height` (right in the image, but not in three dimensions). Prints
one row a line and kind: its share of all visible length, the frames with most of it, what the truth does when it begins, and flags.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from benchmarks.measured_tables import record_table
from benchmarks.motion_stages import AXES, clean_frames, filtered_frames, followed, simulated_foil
from rapidstem.dislocations import resampled
from rapidstem.lines.motion import SeriesMotion, TiltedView, view_of
from rapidstem.lines.motion.motion_tables import match_table
from rapidstem.microscope.specimen.strained_specimen import StrainedFoil
from rapidstem.scores import TrueLine, owned_lines, true_lines
from rapidstem.scores.motion_scores import LENGTH_NM, NEAR_NM

# Frames before and after the beginning in which an event counts as its cause.
AROUND_FRAMES = 4
# By judgement: less in view than about six line widths is hardly told from noise.
LITTLE_NM = 80.0
# By judgement: so far from the nearest node a point is left out; nearer, the followed line lies beside it.
LEFT_OUT_NM = 60.0
KINDS = ("nowhere", "hidden", "left out", "another line", "beside", "wrong height")
SPACING_NM = 2.0


@dataclass(frozen=True)
class Series:
    """One followed series beside its truth.

    Attributes
    ----------
    positions, flags : DataFrame
    truth : the true lines by number
    owned : number of the true line by that of the followed one
    view : TiltedView
    time_s : (frame,) the middle of each frame
    """

    positions: pd.DataFrame
    flags: pd.DataFrame
    truth: Mapping[int, TrueLine]
    owned: Mapping[int, int]
    view: TiltedView
    time_s: np.ndarray

    @classmethod
    def of(cls, motion: SeriesMotion, foil: StrainedFoil) -> "Series":
        """A series that was followed, and the foil that it shows."""
        truth = true_lines(foil.lines, foil.courses)
        settings = foil.settings
        time = np.arange(settings.in_situ_frames) * settings.frame_period_s + settings.frame_time_s / 2
        owned = owned_lines(motion.positions, truth)
        return cls(motion.positions, motion.flags, truth, owned, view_of(match_table(motion.match)), time)

    def visible(self, number: int, frame: int) -> np.ndarray:
        """The points (n, 3) of a true line that a frame shows; none where it has vanished."""
        if self.time_s[frame] >= self.truth[number].until_s:
            return np.zeros((0, 3))
        points = self.truth[number].moved(float(self.time_s[frame]))
        return points[self.view.places(points).seen[0]]

    def image_nm(self, points_nm: np.ndarray) -> np.ndarray:
        """Places (n, 2) in the image, in nm."""
        return self.view.seen_at(points_nm) * self.view.pixel_size_nm


def lost_points(series: Series, line: int, number: int, frame: int, rows: pd.DataFrame) -> tuple[int, dict[str, int]]:
    """How many points of a true line a frame shows, and how many of each kind its followed line does not lie on."""
    points = series.visible(number, frame)
    if len(points) == 0 or len(rows) < 2:
        return len(points), {"nowhere": len(points)}
    nodes = resampled(rows[AXES].to_numpy(float), LENGTH_NM)
    lost = points[scipy.spatial.cKDTree(nodes).query(points)[0] >= NEAR_NM]
    if len(lost) == 0:
        return len(points), {}
    image, places = series.image_nm(lost), series.image_nm(nodes)
    distance, nearest = scipy.spatial.cKDTree(places).query(image)
    others = [series.image_nm(series.visible(other, frame)) for other in series.truth if other != number]
    tree = scipy.spatial.cKDTree(np.concatenate([*others, np.full((1, 2), 1e9)]))
    behind, taken = tree.query(image)[0] < NEAR_NM, tree.query(places)[0][nearest] < NEAR_NM
    left = distance > LEFT_OUT_NM
    kinds = np.select(
        [distance < NEAR_NM, left & behind, left, taken], ["wrong height", "hidden", "left out", "another line"], default="beside"
    )
    return len(points), {kind: int(np.count_nonzero(kinds == kind)) for kind in KINDS}


def what_happened(series: Series, number: int, frame: int) -> str:
    """What the truth does around a frame."""
    line, time = series.truth[number], float(series.time_s[frame])
    step = float(np.median(np.diff(series.time_s))) * AROUND_FRAMES
    words = []
    if abs(line.until_s - time) < step:
        words.append("annihilates")
    jumps = [float(begin) for begin, end in line.jumps_s if line.course == "jerky" and abs(begin - time) < step and end - begin < 0.05]
    words += [f"{len(jumps)} jumps"] if jumps else []
    points = series.visible(number, frame)
    if SPACING_NM * len(points) < LITTLE_NM:
        words.append("little in view")
    if len(points):
        own = series.image_nm(points)
        for other in set(series.truth) - {number}:
            there = series.visible(other, frame)
            distance = scipy.spatial.cKDTree(series.image_nm(there)).query(own)[0] if len(there) else np.full(1, np.inf)
            if np.mean(distance < NEAR_NM) > 0.3:
                words.append(f"along line {other}")
            elif distance.min() < NEAR_NM / 2:
                words.append(f"crosses {other}")
    return ", ".join(words)


def causes_of(series: Series) -> pd.DataFrame:
    """One row a line and kind of loss."""
    rows, total = [], 0
    for line, number in series.owned.items():
        own = dict(tuple(series.positions[series.positions["line"] == line].groupby("frame")))
        none = series.positions.iloc[:0]
        found = [lost_points(series, line, number, frame, own.get(frame, none)) for frame in range(len(series.time_s))]
        total += sum(count for count, _ in found)
        flags = " ".join(f"{row.flag}@{row.frame}" for row in series.flags[series.flags["line"] == line].itertuples())
        for kind in KINDS:
            counts = np.array([lost.get(kind, 0) for _, lost in found])
            if counts.any():
                low, high = (int(np.searchsorted(np.cumsum(counts), share * counts.sum())) for share in (0.05, 0.95))
                events = what_happened(series, number, low)
                rows.append([line, number, series.truth[number].course, kind, int(counts.sum()), low, high, events, flags])
    columns = ["line", "true_line", "course", "kind", "lost_percent", "from_frame", "to_frame", "happened", "flags"]
    table = pd.DataFrame(rows, columns=columns)
    table["lost_percent"] = (100 * table["lost_percent"] / max(total, 1)).round(2)
    return table.sort_values("lost_percent", ascending=False)


def summary_of(table: pd.DataFrame) -> dict[str, float]:
    """What each kind of loss costs in percent of the visible length."""
    shares = table.groupby("kind")["lost_percent"].sum()
    named = {f"{kind.replace(' ', '_')}_percent": round(float(shares.get(kind, 0.0)), 2) for kind in KINDS}
    return {"lost_percent": round(float(table["lost_percent"].sum()), 2)} | named


def main(seeds: list[int], count: int) -> None:
    """Print every line's losses, seed by seed, and print and keep what each kind costs."""
    for seed in seeds:
        foil = simulated_foil(seed, count)
        motion, _ = followed(foil, filtered_frames(clean_frames(foil), foil.settings), False)
        table = causes_of(Series.of(motion, foil))
        print(table.to_string(index=False))
        record_table("identity_causes", pd.DataFrame([{"seed": seed, "frames": count} | summary_of(table)]), ["seed", "frames"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[62, 63, 65])
    parser.add_argument("--frames", type=int, default=200)
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.frames)
