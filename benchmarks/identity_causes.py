"""Why followed lines lose their identity: which line, from which frame to which, on what it was followed, and what happened there.

`python -m benchmarks.identity_causes --seeds 62 63 --frames 200` simulates series as `benchmarks.motion_stages` does, and prints one row a
stretch of frames in which more than half of a true line's visible length is not followed as that line: the share of all visible length
that it costs, where the followed line lies (`nowhere`, `beside`, `wrong height`: right in the image, but not in three dimensions, `part`:
too short, or the true line that it lies on), what the truth does at its beginning (a jump, a crossing, ...), and whether a flag says so.
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
from rapidstem.scores import TrueLine, owned_lines
from rapidstem.scores.motion_scores import LENGTH_NM, NEAR_NM

# By judgement: shorter stretches are single poor frames, which are printed together as `short`.
LEAST_FRAMES = 3
# Frames before and after the beginning of a stretch in which an event counts as its cause, and a flag as one that says so.
AROUND_FRAMES = 4
# By judgement: less in view than about six line widths is hardly told from noise.
LITTLE_NM = 80.0
STILL_NM = 30.0
KINDS = ("nowhere", "beside", "another line", "wrong height", "part", "short")


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
        truth = {number: TrueLine.of(line.points_nm, foil.courses.get(number)) for number, line in enumerate(foil.lines) if line.visible}
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


def lost_lengths(series: Series, line: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Visible length (frame,) of a true line in nm, and what of it the followed line does not lie on in three dimensions."""
    own = {int(frame): rows[AXES].to_numpy(float) for frame, rows in series.positions[series.positions["line"] == line].groupby("frame")}
    seen, lost = np.zeros(len(series.time_s)), np.zeros(len(series.time_s))
    for frame in range(len(seen)):
        points = series.visible(number, frame)
        seen[frame] = lost[frame] = 2.0 * len(points)
        if len(points) and len(own.get(frame, [])) > 1:
            distance = scipy.spatial.cKDTree(resampled(own[frame], LENGTH_NM)).query(points)[0]
            lost[frame] = 2.0 * np.count_nonzero(distance >= NEAR_NM)
    return seen, lost


def where_followed(series: Series, line: int, number: int, frame: int) -> str:
    """What a followed line lies on in a frame in which it does not lie on its own."""
    rows = series.positions[(series.positions["line"] == line) & (series.positions["frame"] == frame)]
    if len(rows) < 2:
        return "nowhere"
    places = series.image_nm(rows[AXES].to_numpy(float))
    distances = {}
    for other in series.truth:
        points = series.visible(other, frame)
        distances[other] = scipy.spatial.cKDTree(series.image_nm(points)).query(places)[0] if len(points) else np.full(len(places), np.inf)
    shares = {other: float(np.mean(each < NEAR_NM)) for other, each in distances.items()}
    best = max(shares, key=lambda other: shares[other] + 0.1 * (other == number))
    if shares[best] < 0.5:
        return "beside"
    if best != number:
        return f"line {best}"
    points = series.truth[number].moved(float(series.time_s[frame]))
    apart = scipy.spatial.cKDTree(points).query(rows[AXES].to_numpy(float))[0]
    return "wrong height" if np.median(apart) >= NEAR_NM else "part"


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
    if 2.0 * len(points) < LITTLE_NM:
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
    """One row a stretch of frames in which a line is lost, and one for all short ones together."""
    rows, total, short = [], 0.0, 0.0
    for line, number in series.owned.items():
        seen, lost = lost_lengths(series, line, number)
        total += seen.sum()
        away = lost > np.maximum(0.5 * seen, STILL_NM)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], away.astype(int), [0]]))).reshape(-1, 2)
        inside = np.zeros(len(seen), bool)
        for start, stop in edges:
            if stop - start < LEAST_FRAMES:
                continue
            inside[start:stop] = True
            middle = int(start + np.argmax(lost[start:stop] > 0) + (stop - start) // 2)
            flags = series.flags[(series.flags["line"] == line) & (series.flags["frame"] <= stop)]
            words = " ".join(f"{row.flag}@{row.frame}" for row in flags.itertuples())
            where = where_followed(series, line, number, min(middle, stop - 1))
            row = [line, number, series.truth[number].course, int(start), int(stop), lost[start:stop].sum(), where]
            rows.append([*row, what_happened(series, number, int(start)), words])
        short += lost[~inside].sum()
    rows.append([-1, -1, "short", -1, -1, short, "", "", ""])
    columns = ["line", "true_line", "course", "from_frame", "to_frame", "lost_percent", "followed_on", "happened", "flags"]
    table = pd.DataFrame(rows, columns=columns)
    table["lost_percent"] = (100 * table["lost_percent"] / total).round(2)
    return table.sort_values("lost_percent", ascending=False)


def summary_of(table: pd.DataFrame) -> dict[str, float]:
    """What each kind of loss costs in percent of the visible length, and how much of all is flagged."""
    kinds = table["followed_on"].where(~table["followed_on"].str.startswith("line"), "another line").replace("", "short")
    shares = table.groupby(kinds)["lost_percent"].sum()
    flagged = table.loc[table["flags"] != "", "lost_percent"].sum()
    named = {f"{kind.replace(' ', '_')}_percent": round(float(shares.get(kind, 0.0)), 2) for kind in KINDS}
    return {"lost_percent": round(float(table["lost_percent"].sum()), 2)} | named | {"flagged_percent": round(float(flagged), 2)}


def main(seeds: list[int], count: int) -> None:
    """Print every stretch, seed by seed, and print and keep what each kind of loss costs."""
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
