"""At what height the foil lies, and how it leans: the frames speak for its lines, and against the same ones led straight on beyond it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations import LEAST_EMPTY_NM, end_direction, resampled
from rapidstem.lines.evidence import CoveredFrames, SeriesEvidence

# How far beyond the faces lines are led, so far from a face an end still belongs to it, and what gives its direction.
BEYOND_NM = 60.0
NEAR_FACE_NM = 45.0
DIRECTION_NM = 60.0
# Sine of 12 degrees: flatter ends would be led on by more than five times the height.
LEAST_RISE = 0.2
# Of the middle that tracing finds: 7 nm rms in eighteen series of nine simulated sessions, 21 nm at most; rounded up.
TRACED_SD_NM = 10.0
STEP_NM = 1.0
# Foils lean by a few degrees in their holder: up to 4.6 degrees along x and y, by steps that move a face by 3 nm over a micrometre.
_SIDE = np.linspace(-0.08, 0.08, 33)
_SLOPES = np.stack(np.meshgrid(_SIDE, _SIDE, indexing="ij"), axis=-1).reshape(-1, 2)
# Standard errors by which the mean line must speak for a foil that leans: 2.5 to 3.9 in three series of foils that lean by 2.3 and 2.9
# degrees, 0.5 to 1.1 in three of level ones.
_CERTAIN = 2.0
_ROUNDS = 2


@dataclass(frozen=True)
class FoilPlane:
    """The plane in the middle of the foil.

    Attributes
    ----------
    middle_nm : float
        Its height over the middle of the field, from the middle of the volume.
    slopes : np.ndarray, (2,)
        By which it rises along x and y.
    """

    middle_nm: float
    slopes: np.ndarray

    def levelled(self, points_nm: np.ndarray) -> np.ndarray:
        """Move points in height so that the foil lies level.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)

        Returns
        -------
        np.ndarray, (n, 3)
        """
        return sheared(points_nm, -self.slopes)

    def leaning(self, points_nm: np.ndarray) -> np.ndarray:
        """Bring back what `levelled` has moved.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)

        Returns
        -------
        np.ndarray, (n, 3)
        """
        return sheared(points_nm, self.slopes)

    def rise_nm(self, box_nm: np.ndarray) -> float:
        """How much higher than in its middle the foil lies in the highest corner of the field.

        Parameters
        ----------
        box_nm : np.ndarray, (2, 3)
            Lowest and highest x, y, z.

        Returns
        -------
        float
        """
        return float(np.abs(self.slopes) @ np.ptp(box_nm, axis=0)[:2] / 2)


def sheared(points_nm: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Points (n, 3) raised by a plane of these slopes (2,) along x and y."""
    return points_nm + np.outer(points_nm[:, :2] @ slopes, [0.0, 0.0, 1.0])


def foil_plane(lines: Sequence[np.ndarray], evidence: SeriesEvidence, box_nm: np.ndarray, overcount: float) -> FoilPlane:
    """The foil's middle, for which the frames speak most for what lies within its thickness.

    Ends near a face are led straight on by 60 nm beyond it. The frames speak for a line inside the foil and against it outside, so that
    the sum over all lines between two faces at the foil's distance is largest where the foil lies. It is level unless the lines, each
    counted once, speak for slopes by two standard errors. Where lines leave more than 90 nm of the thickness empty, a face is sought first
    wherever they end, as tracing takes the middle of the lines for that of the foil.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        x, y, z in nm.
    evidence : SeriesEvidence
        Of the same lines.
    box_nm : np.ndarray, (2, 3)
        Field of view and foil as tracing places them: where to begin, known to 10 nm.
    overcount : float
        By how much the summed log likelihoods exceed independent evidence.

    Returns
    -------
    FoilPlane
    """
    slopes = np.zeros(2)
    box_nm = _with_faces_at_ends(lines, evidence, box_nm, overcount)
    led = _led(lines, evidence, box_nm, slopes)
    for _ in range(_ROUNDS):
        found = _slopes(led, box_nm)
        if np.array_equal(found, slopes):
            break
        slopes, led = found, _led(lines, evidence, box_nm, found)
    return FoilPlane(_middle_nm([(sheared(points, -slopes), own) for points, own in led], box_nm, overcount), slopes)


def _led(
    lines: Sequence[np.ndarray], evidence: SeriesEvidence, box_nm: np.ndarray, slopes: np.ndarray, near_nm: float = NEAR_FACE_NM
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lines led on beyond the faces of a foil of these slopes, (n, 3), and the evidence (n,) of their points."""
    led = [sheared(_beyond(sheared(line, -slopes), evidence.step_nm, box_nm, near_nm), slopes) for line in lines]
    covered = CoveredFrames(evidence, led)
    return [(resampled(line, evidence.step_nm), covered.own(number)) for number, line in enumerate(led)]


def _with_faces_at_ends(lines: Sequence[np.ndarray], evidence: SeriesEvidence, box_nm: np.ndarray, overcount: float) -> np.ndarray:
    """The box, moved in height where its lines leave so much of the foil empty that a face may be anywhere: to where most of them end."""
    points = np.concatenate(lines)
    height = points[np.all((points[:, :2] >= box_nm[0, :2]) & (points[:, :2] <= box_nm[1, :2]), axis=1), 2]
    empty_nm = float(np.ptp(box_nm[:, 2]) - np.ptp(height)) if len(height) else 0.0
    if empty_nm < LEAST_EMPTY_NM:
        return box_nm
    led = _led(lines, evidence, box_nm, np.zeros(2), NEAR_FACE_NM + empty_nm)
    moved_nm = _middle_nm(led, box_nm, overcount, empty_nm / 2) - box_nm[:, 2].mean()
    return box_nm + np.array([0.0, 0.0, moved_nm])


def _middle_nm(led: Sequence[tuple[np.ndarray, np.ndarray]], box_nm: np.ndarray, overcount: float, sd_nm: float = TRACED_SD_NM) -> float:
    """The height of the middle of a level foil, known to `sd_nm`."""
    traced_nm, thickness_nm = float(box_nm[:, 2].mean()), float(np.ptp(box_nm[:, 2]))
    height = np.concatenate([points[:, 2] for points, _ in led])
    order = np.argsort(height)
    height, own = height[order], np.concatenate([own for _, own in led])[order]
    total = np.concatenate([[0.0], np.cumsum(own)]) / overcount
    reach_nm = max(BEYOND_NM, 2 * sd_nm)
    offset = np.arange(-reach_nm, reach_nm + STEP_NM / 2, STEP_NM)
    lowest, highest = (np.searchsorted(height, traced_nm + offset + side * thickness_nm / 2) for side in (-1, 1))
    return traced_nm + float(offset[np.argmax(total[highest] - total[lowest] - offset**2 / (2 * sd_nm**2))])


def _slopes(led: Sequence[tuple[np.ndarray, np.ndarray]], box_nm: np.ndarray) -> np.ndarray:
    """Slopes (2,) that hold most evidence; those of a level foil where the lines do not speak for them."""
    held = np.stack([_held(points, own, box_nm) for points, own in led], axis=-1)
    whole = held.sum(axis=-1)
    level = int(np.argmin(np.sum(_SLOPES**2, axis=1)))
    best = np.unravel_index(np.argmax(whole), whole.shape)
    gain = held[best] - held[level, np.argmax(whole[level])]
    error = np.std(gain, ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    return _SLOPES[best[0]] if gain.mean() > _CERTAIN * error else np.zeros(2)


def _held(points_nm: np.ndarray, own: np.ndarray, box_nm: np.ndarray) -> np.ndarray:
    """Evidence of a line between the faces of foils of all slopes, (slope, offset of the middle by nm)."""
    half = round(float(np.ptp(box_nm[:, 2])) / 2)
    offset = np.arange(-round(BEYOND_NM), round(BEYOND_NM) + 1)
    reach = half + offset[-1]
    height = points_nm[:, 2] - box_nm[:, 2].mean() - _SLOPES @ points_nm[:, :2].T
    bins = np.clip(np.rint(height).astype(int) + reach, 0, 2 * reach) + np.arange(len(_SLOPES))[:, None] * (2 * reach + 1)
    sums = np.bincount(bins.ravel(), np.tile(own, len(_SLOPES)), len(_SLOPES) * (2 * reach + 1)).reshape(len(_SLOPES), -1)
    total = np.cumsum(sums, axis=1)
    return total[:, reach + offset + half] - total[:, reach + offset - half]


def _beyond(line: np.ndarray, step_nm: float, box_nm: np.ndarray, near_nm: float) -> np.ndarray:
    """A line whose ends near the foil's faces are led straight on to 60 nm beyond them."""
    points, middle_nm = resampled(line, step_nm), float(box_nm[:, 2].mean())
    for _ in range(2):
        place, direction = points[-1], end_direction(points, DIRECTION_NM)
        face_nm = box_nm[int(place[2] > middle_nm), 2]
        outward = direction[2] * np.sign(face_nm - middle_nm)
        if abs(place[2] - face_nm) < near_nm and outward > LEAST_RISE:
            along = np.arange(step_nm, (BEYOND_NM + abs(place[2] - face_nm)) / outward, step_nm)
            points = np.vstack([points, place + along[:, None] * direction])
        points = points[::-1]
    return points
