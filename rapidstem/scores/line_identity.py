"""Which traced line is which line of the reference: one to one, split, merged, run length, junctions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations.foil_clipping import clipped
from rapidstem.dislocations.pairing import NO_MOTION, RigidMotion
from rapidstem.dislocations.polylines import Polyline, resampled, steps_along
from rapidstem.scores.line_recovery import points_near

# A quarter of the radius.
STEP_NM = 5.0
# One and a half line widths: nearer than two lines that can be told apart, farther than positions err; junctions err more, as three ridges
# merge there.
RADIUS_NM = 20.0
JUNCTION_RADIUS_NM = 30.0
# The shortest line that is traced.
LEAST_LENGTH_NM = 80.0
# Lines that meet share their end but for rounding.
SHARED_NODE_NM = 1.0
# What one line may lack of another and still be that line, and what counts as a part of it; definitions of the scores (docs/accuracy.md),
# set once and not tuned.
TOLERATED_SHARE, TOLERATED_NM = 0.1, 40.0
PART_SHARE, PART_NM = 0.1, 30.0
IDENTITY_COLUMNS = [
    *["acquisition", "variant", "against", "true_lines", "traced_lines", "one_to_one", "one_to_one_percent", "split", "merged"],
    *["missed", "invented", "run_length_nm", "largest_run_length_nm"],
    *["true_junctions", "junctions_found", "traced_junctions", "junctions_real"],
    *["shown_lines", "shown_one_to_one"],
]


@dataclass(frozen=True)
class LinePieces:
    """Lines as far as they lie in the compared field.

    Attributes
    ----------
    points_nm : the pieces (n, 3), nm, x, y, z
    numbers : (piece,) the line's index among those that were given; a line that leaves the field and comes back has two pieces
    lengths_nm : (piece,)
    junctions_nm : (n, 3) places in the field where three lines or more end
    """

    points_nm: list[np.ndarray]
    numbers: np.ndarray
    lengths_nm: np.ndarray
    junctions_nm: np.ndarray


@dataclass(frozen=True)
class LineIdentity:
    """How far traced lines and those of a reference are the same lines.

    Attributes
    ----------
    traced, reference : the compared pieces, both in the coordinates of the traced lines
    found_nm : (reference piece, traced piece) length of the reference's piece whose nearest traced point, within 20 nm, lies on the
        traced piece
    real_nm : (traced piece, reference piece) length of the traced piece whose nearest point of the reference lies on its piece
    distance_nm : (traced piece, reference piece) mean distance over that length; NaN where it is 0
    """

    traced: LinePieces
    reference: LinePieces
    found_nm: np.ndarray
    real_nm: np.ndarray
    distance_nm: np.ndarray

    @property
    def same(self) -> np.ndarray:
        """Which pieces are each other (reference piece, traced piece): each covers the other but for 10 % or 40 nm."""
        covered = self.found_nm >= _all_but_little(self.reference.lengths_nm)[:, None]
        covering = self.real_nm >= _all_but_little(self.traced.lengths_nm)[:, None]
        return covered & covering.T

    @property
    def one_to_one(self) -> np.ndarray:
        """Which pieces of the reference are a single traced line, and that line is this one alone."""
        return np.count_nonzero(self.same, axis=1) > 0

    @property
    def split(self) -> np.ndarray:
        """Which pieces of the reference are two traced lines or more, each with over 10 % and 30 nm of it."""
        return np.count_nonzero(self.found_nm > _part(self.reference.lengths_nm)[:, None], axis=1) > 1

    @property
    def merged(self) -> np.ndarray:
        """Which traced pieces are two lines of the reference or more, each with over 10 % and 30 nm of it."""
        return np.count_nonzero(self.real_nm > _part(self.traced.lengths_nm)[:, None], axis=1) > 1

    @property
    def missed(self) -> np.ndarray:
        """Which pieces of the reference are found by less than half of their length."""
        return self.found_nm.sum(axis=1) < self.reference.lengths_nm / 2

    @property
    def invented(self) -> np.ndarray:
        """Which traced pieces are real by less than half of their length."""
        return self.real_nm.sum(axis=1) < self.traced.lengths_nm / 2

    @property
    def run_length_nm(self) -> float:
        """Expected length of the traced line on which a random point of the reference lies, as far as it follows the point's own line."""
        return _mean_run(self.found_nm, self.reference.lengths_nm)

    @property
    def largest_run_length_nm(self) -> float:
        """The same for a perfect tracing."""
        return _mean_run(self.reference.lengths_nm, self.reference.lengths_nm)

    @property
    def junctions_found(self) -> np.ndarray:
        """Which junctions of the reference have a traced one within 30 nm."""
        return points_near(self.reference.junctions_nm, self.traced.junctions_nm, JUNCTION_RADIUS_NM)

    @property
    def junctions_real(self) -> np.ndarray:
        """Which traced junctions have one of the reference within 30 nm."""
        return points_near(self.traced.junctions_nm, self.reference.junctions_nm, JUNCTION_RADIUS_NM)


def identify_lines(
    traced: Sequence[np.ndarray], reference: Sequence[np.ndarray], field_nm: np.ndarray, motion: RigidMotion = NO_MOTION
) -> LineIdentity:
    """Compare traced lines with those of a reference, line by line.

    Points 5 nm apart on every line are given to the line of the other side that has the nearest point, if that lies within 20 nm. Pieces
    shorter than 80 nm, the shortest line that is traced, are left out on both sides.

    Parameters
    ----------
    traced, reference : sequence of ndarray (n, 3)
        Polylines, nm, in the order x, y, z. Lines that meet at a junction end in the same point.
    field_nm : ndarray (2, 2)
        Lowest and highest x and y, in the coordinates of `traced`, of the field that both hold (`whole_field`, `common_field`).
    motion : RigidMotion
        Brings `traced` onto `reference` (`rapidstem.dislocations.pairing.rigid_motion`).

    References
    ----------
    M. Januszewski et al., Nat. Methods 15 (2018) 605: expected run length.
    """
    own, others = _pieces(traced, field_nm), _pieces([motion.undo(line) for line in reference], field_nm)
    found_nm, _ = _shared_nm(others, own)
    real_nm, distance_nm = _shared_nm(own, others)
    return LineIdentity(own, others, found_nm, real_nm, distance_nm)


def identity_scores(
    identity: LineIdentity, shown: LineIdentity | None = None, *, acquisition: str, variant: str, against: str
) -> pd.DataFrame:
    """Give one row of `IDENTITY_COLUMNS`: counts of lines and junctions, and run lengths in nm.

    `true_lines` and `true_junctions` are the reference's, be it the truth or another tomogram.

    Parameters
    ----------
    identity : LineIdentity
        As `identify_lines` gives it.
    shown : LineIdentity or None
        The same lines compared with the true ones as one reflection shows them: joined by their course where four arms or more meet.
    acquisition, variant, against : str
        What was compared with what.

    Returns
    -------
    DataFrame
        Lengths in nm.
    """
    one_to_one = int(identity.one_to_one.sum())
    lines = len(identity.reference.numbers)
    row = {
        "acquisition": acquisition,
        "variant": variant,
        "against": against,
        "true_lines": lines,
        "traced_lines": len(identity.traced.numbers),
        "one_to_one": one_to_one,
        "one_to_one_percent": 100.0 * one_to_one / lines if lines else float("nan"),
        **{name: int(getattr(identity, name).sum()) for name in ("split", "merged", "missed", "invented")},
        "run_length_nm": identity.run_length_nm,
        "largest_run_length_nm": identity.largest_run_length_nm,
        "true_junctions": len(identity.reference.junctions_nm),
        "junctions_found": int(identity.junctions_found.sum()),
        "traced_junctions": len(identity.traced.junctions_nm),
        "junctions_real": int(identity.junctions_real.sum()),
        "shown_lines": len(shown.reference.numbers) if shown else float("nan"),
        "shown_one_to_one": int(shown.one_to_one.sum()) if shown else float("nan"),
    }
    return pd.DataFrame([row], columns=IDENTITY_COLUMNS)


def whole_field(widths_nm: tuple[float, float]) -> np.ndarray:
    """Lowest and highest x and y, (2, 2), of a field of these widths around the origin.

    Parameters
    ----------
    widths_nm : (x, y)
        Of the field.

    Returns
    -------
    ndarray (2, 2)
        In nm.
    """
    half_nm = np.asarray(widths_nm, float) / 2
    return np.array([-half_nm, half_nm])


def common_field(widths_nm: tuple[float, float], motion: RigidMotion) -> np.ndarray:
    """What two tomograms of the same widths have in common, in the first one's coordinates; `motion` brings it onto the second.

    Parameters
    ----------
    widths_nm : (x, y)
        Of both fields.
    motion : RigidMotion
        Of the first onto the second.

    Returns
    -------
    ndarray (2, 2)
        In nm.
    """
    own, shift_nm = whole_field(widths_nm), motion.shift_nm[:2]
    return np.array([np.maximum(own[0], own[0] - shift_nm), np.minimum(own[1], own[1] - shift_nm)])


def junctions_of(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Places (n, 3) where three ends of lines or more lie within 1 nm of each other."""
    ends = np.array([line[end] for line in lines for end in (0, -1)]).reshape(-1, 3)
    pairs = scipy.spatial.cKDTree(ends).query_pairs(SHARED_NODE_NM, output_type="ndarray") if len(ends) else np.empty((0, 2), int)
    links = scipy.sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    label = scipy.sparse.csgraph.connected_components(links, directed=False)[1] if len(ends) else np.empty(0, int)
    meeting = np.flatnonzero(np.bincount(label, minlength=1) > 2)
    return np.array([ends[label == number].mean(axis=0) for number in meeting]).reshape(-1, 3)


def _pieces(lines: Sequence[np.ndarray], field_nm: np.ndarray) -> LinePieces:
    box_nm = np.column_stack([field_nm, [-np.inf, np.inf]])
    cut = [(number, piece.points_nm) for number, line in enumerate(lines) for piece in clipped(Polyline(line, 0, 1), box_nm, 2)]
    kept = [(number, points) for number, points in cut if steps_along(points)[-1] >= LEAST_LENGTH_NM]
    junctions = junctions_of(lines)
    inside = np.all((junctions[:, :2] >= field_nm[0]) & (junctions[:, :2] <= field_nm[1]), axis=1)
    points = [points for _, points in kept]
    lengths = np.array([steps_along(piece)[-1] for piece in points])
    return LinePieces(points, np.array([number for number, _ in kept], int), lengths, junctions[inside])


def _shared_nm(lines: LinePieces, others: LinePieces) -> tuple[np.ndarray, np.ndarray]:
    """Length of every piece that each of the others is nearest to, and the mean distance over it, both (piece, other piece)."""
    shared, distances = (np.zeros((len(lines.points_nm), len(others.points_nm))) for _ in range(2))
    if not shared.size:
        return shared, distances
    places = [resampled(points, STEP_NM) for points in others.points_nm]
    owner = np.repeat(np.arange(len(places)), [len(points) for points in places])
    tree = scipy.spatial.cKDTree(np.concatenate(places))
    for number, (points, length_nm) in enumerate(zip(lines.points_nm, lines.lengths_nm, strict=True)):
        distance, nearest = tree.query(resampled(points, STEP_NM), distance_upper_bound=RADIUS_NM)
        near = np.isfinite(distance)
        shared[number] = np.bincount(owner[nearest[near]], minlength=len(places)) * length_nm / len(distance)
        distances[number] = np.bincount(owner[nearest[near]], distance[near], minlength=len(places)) * length_nm / len(distance)
    return shared, np.divide(distances, shared, out=np.full_like(shared, np.nan), where=shared > 0)


def _all_but_little(lengths_nm: np.ndarray) -> np.ndarray:
    return lengths_nm - np.maximum(TOLERATED_SHARE * lengths_nm, TOLERATED_NM)


def _part(lengths_nm: np.ndarray) -> np.ndarray:
    return np.maximum(PART_SHARE * lengths_nm, PART_NM)


def _mean_run(runs_nm: np.ndarray, lengths_nm: np.ndarray) -> float:
    return float(np.sum(runs_nm**2) / lengths_nm.sum()) if len(lengths_nm) else float("nan")
