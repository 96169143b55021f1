"""What raw frames are like before anything is made of them, and whether they will do."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.frames.frame_checks import count_faults, frame_fault
from rapidstem.frames.frame_noise import noise_of_frames
from rapidstem.frames.frame_source import FrameSource
from rapidstem.frames.registration import register_frames
from rapidstem.frames.repeated_frames import REPEATS, TORN
from rapidstem.grades import DOUBTFUL, GOOD, UNUSABLE
from rapidstem.numerics import evenly_spread

# Enough for the noise, and read within a second at 512 px.
FRAMES_LOOKED_AT = 12
# From the first on: the drift of a stage that has just been moved is the largest.
REGISTERED_FRAMES = 8
# Rows: of this many the specimen is still nearly the same, while slow changes of the background have been taken off.
LONGEST_CORRELATION_PX = 24
# Half of the papers' thinnest series (Zhao et al. 2021: 71 frames over 140 degrees).
FEWEST_TILTS, LEAST_TILT_RANGE_DEG = 35, 90.0
# A frame of fewer electrons a pixel than the general filter has learned from, see `rapidstem.microscope.random_conditions`.
FEWEST_ELECTRONS = 4.0
LARGEST_SATURATED_PERCENT = 1.0
LARGEST_DRIFT_SHARE = 0.01
# Lines of the demo have a contrast of 0.5 to 1 of the noise of a pixel; a tenth of that, frames of 50 together do not show.
LEAST_CONTRAST = 0.05
MOST_FAULTY_PERCENT = 50.0


@dataclass(frozen=True)
class LookNumbers:
    """Numbers of one acquisition; NaN where nothing is known.

    Attributes
    ----------
    faulty_percent : of the frames that were looked at, those that cannot be used.
    electrons_per_px : an estimate from the noise, good to a factor of two for a linear detector (see `FrameNoise`).
    saturated_percent : pixels at the largest value.
    contrast_to_noise : standard deviation of what neighbouring rows have in common, over that of the noise.
    detail_px : over how many rows half of that is lost; more than usual where the image is out of focus.
    lag_px : pixels along the row over which the noise is spread.
    row_offset_share : offsets of whole rows, as a share of the noise.
    drift_px_per_frame : median; NaN for a series over tilts.
    """

    faulty_percent: float
    electrons_per_px: float = math.nan
    saturated_percent: float = math.nan
    contrast_to_noise: float = math.nan
    detail_px: float = math.nan
    lag_px: float = math.nan
    row_offset_share: float = math.nan
    drift_px_per_frame: float = math.nan


@dataclass(frozen=True)
class FirstLook:
    """What was found out about one acquisition.

    Attributes
    ----------
    numbers : of its frames.
    reasons : why the frames are doubtful or unusable.
    verdict : `good`, `doubtful` or `unusable`.
    """

    numbers: LookNumbers
    reasons: tuple[str, ...]
    verdict: str

    def row(self) -> dict[str, Any]:
        """For a table, the reasons in one text.

        Returns
        -------
        dict
            Of the numbers by name, `reasons` and `verdict`.
        """
        return asdict(self.numbers) | {"reasons": "; ".join(self.reasons), "verdict": self.verdict}


def look_at_frames(frames: FrameSource, tilt_deg: np.ndarray | None = None, remarks: Sequence[str] = ()) -> FirstLook:
    """Look at some frames of an acquisition.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw; read a few at a time.
    tilt_deg : (frame,)
        Of a series over tilts; None for a field at rest.
    remarks
        Further reasons why the acquisition is doubtful.

    Returns
    -------
    FirstLook
    """
    looked_at = np.concatenate([frames[number : number + 1] for number in evenly_spread(len(frames), FRAMES_LOOKED_AT).tolist()])
    faults = [frame_fault(frame) for frame in looked_at]
    usable = looked_at[[not fault for fault in faults]]
    faulty_percent = 100 * (1 - len(usable) / len(looked_at))
    if not len(usable):
        return FirstLook(LookNumbers(faulty_percent), (count_faults(faults),), UNUSABLE)
    drift, problem = (math.nan, "") if tilt_deg is not None else _drift(frames)
    numbers = _numbers(usable, faulty_percent, drift)
    found = [count_faults(faults), problem, *_number_doubts(numbers, frames.shape[1]), *_tilt_doubts(tilt_deg), *remarks]
    reasons = tuple(filter(None, found))
    unusable = faulty_percent > MOST_FAULTY_PERCENT or numbers.contrast_to_noise < LEAST_CONTRAST
    return FirstLook(numbers, reasons, UNUSABLE if unusable else DOUBTFUL if reasons else GOOD)


def _numbers(usable: np.ndarray, faulty_percent: float, drift_px: float) -> LookNumbers:
    noise = noise_of_frames(usable)
    contrast, detail_px = _contrast(usable, noise.noise_counts)
    saturated = 100 * float(np.mean(usable == usable.max()))
    return LookNumbers(
        faulty_percent, noise.electrons_per_px, saturated, contrast, detail_px, noise.lag_px, noise.row_offset_share, drift_px
    )


def _number_doubts(numbers: LookNumbers, rows: int) -> list[str]:
    electrons, saturated, drift = numbers.electrons_per_px, numbers.saturated_percent, numbers.drift_px_per_frame
    tests = (
        (electrons < FEWEST_ELECTRONS, f"some {electrons:.1f} electrons a pixel; {FEWEST_ELECTRONS:g} are the fewest that were tested"),
        (saturated > LARGEST_SATURATED_PERCENT, f"{saturated:.1f} % of the pixels are saturated; lower gain or dose"),
        (numbers.contrast_to_noise < LEAST_CONTRAST, "nothing but noise is seen"),
        (drift > LARGEST_DRIFT_SHARE * rows, f"drift of {drift:.1f} px from frame to frame; wait until the stage rests"),
    )
    return [words for holds, words in tests if holds]


def _tilt_doubts(tilt_deg: np.ndarray | None) -> list[str]:
    if tilt_deg is None:
        return []
    span = float(np.ptp(tilt_deg))
    few = [f"{len(tilt_deg)} tilts only"] if len(tilt_deg) < FEWEST_TILTS else []
    return few + ([f"tilts over {span:.0f} degrees only"] if span < LEAST_TILT_RANGE_DEG else [])


def _drift(frames: FrameSource) -> tuple[float, str]:
    """Median drift from frame to frame, in pixels, and what is wrong where there is none, or with frames that hold others."""
    if len(frames) < 2:
        return math.nan, ""
    try:
        drift = register_frames(frames[:REGISTERED_FRAMES])
    except InputError as error:
        return math.nan, str(error)
    steps = np.diff(drift.shift_px[drift.used], axis=0)
    copied = count_faults([reason if reason.startswith((REPEATS, TORN)) else "" for reason in drift.reason])
    return (float(np.median(np.hypot(*steps.T))) if len(steps) else math.nan), copied


def _contrast(frames: np.ndarray, noise_counts: float) -> tuple[float, float]:
    """Contrast of the specimen over the noise, and over how many rows half of it is lost.

    Noise of two rows is independent, so what they have in common is the specimen.
    """
    images = np.asarray(frames, np.float32)
    images = images - np.median(images, axis=2, keepdims=True)
    longest = min(LONGEST_CORRELATION_PX, images.shape[1] // 2)
    images -= scipy.ndimage.uniform_filter(images, (0, 2 * longest + 1, 2 * longest + 1))
    common = np.array([np.mean(images[:, apart:] * images[:, :-apart]) for apart in range(1, longest + 1)]) - images.mean() ** 2
    variance = max(2 * common[0] - common[1], common[0])
    if not variance > 0 or not noise_counts > 0:
        return 0.0, math.nan
    course = np.concatenate([[variance], common]) / variance
    below = int(np.argmax(course < 0.5))
    detail_px = below - (0.5 - course[below]) / (course[below - 1] - course[below]) if below else math.nan
    return float(np.sqrt(variance) / noise_counts), float(detail_px)
