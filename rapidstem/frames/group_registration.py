"""Registration of as many frames as the working memory holds at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rapidstem.frames.frame_spectra import Band, added, band_spectra, choose_band, feature_weights, frame_blocks
from rapidstem.frames.shift_refinement import RefinedShifts, refined_shifts, significance
from rapidstem.frames.shift_search import searched_shifts

# Along a side: waves down to 5 px of 512, about a line's width at 4.56 nm a pixel.
MOST_MODES = 96
# The slowest modes alone, on few samples: their correlation has one broad peak, wherever the frame lies.
SEARCH_MODES = 24
SEARCH_SAMPLES = 48
# Of a side: a window that gives up more compares too little.
LARGEST_MARGIN_SHARE = 0.125


@dataclass(frozen=True)
class FrameGroup:
    """Samples of some frames, as they are compared.

    Attributes
    ----------
    samples : (frame, y, x) float32
        Sums over a few pixels.
    sample_px
        Rows and columns of pixels in one sample.
    pattern_power
        Power of the detector's fixed pattern in each coefficient of the spectra.
    """

    samples: np.ndarray
    sample_px: tuple[int, int]
    pattern_power: float

    @property
    def shape_px(self) -> tuple[int, int]:
        """Rows and columns of pixels that the samples cover."""
        return self.samples.shape[1] * self.sample_px[0], self.samples.shape[2] * self.sample_px[1]

    @property
    def band(self) -> Band:
        """The wave numbers in which shifts are refined."""
        return choose_band(self.samples.shape[1:], self.sample_px, MOST_MODES)


def search_group(group: FrameGroup) -> tuple[np.ndarray, np.ndarray]:
    """Shifts (frame, 2) of frames that may lie anywhere, and which frames (frame,) are like the others."""
    rows, columns = (_search_factor(side) for side in group.samples.shape[1:])
    sample_px = (group.sample_px[0] * rows, group.sample_px[1] * columns)
    coarse = _in_blocks(group.samples, lambda block: added(group.samples[block], (rows, columns)))
    band = choose_band(coarse.shape[1:], sample_px, SEARCH_MODES)
    spectra = _in_blocks(coarse, lambda block: band_spectra(coarse[block], band))
    return searched_shifts(spectra, group.pattern_power, band, group.shape_px)


def refine_group(group: FrameGroup, shift_px: np.ndarray, kept: np.ndarray, margin_px: np.ndarray) -> tuple[RefinedShifts, np.ndarray]:
    """Refine the shifts of frames; the second result (frame,) is their significance.

    The fading window moves with the specimen: the same part is compared in all frames, and the window cannot pull the shifts to zero.

    Parameters
    ----------
    group
        The frames.
    shift_px : (frame, 2)
        Good to a fraction of a pixel.
    kept : (frame,) bool
        Frames that may count in the mean.
    margin_px : (2,)
        By how much the window is smaller on all sides, in y and x.

    Returns
    -------
    RefinedShifts
        Of the frames, in pixels.
    significance : (frame,)
        In standard deviations.
    """
    band, weights = group.band, feature_weights(group.band, group.shape_px)
    spectra = _in_blocks(group.samples, lambda block: band_spectra(group.samples[block], band, shift_px[block], margin_px))
    found = refined_shifts(spectra, shift_px, kept, group.pattern_power, band, weights)
    return found, significance(spectra, found.shift_px, found.kept, band, weights)


def window_margin(shift_px: np.ndarray, shape_px: tuple[int, ...]) -> np.ndarray:
    """Margin (2,) that keeps a window that moves with the shifts (frame, 2) inside the frame, unless that costs too much of it."""
    return np.minimum(np.abs(shift_px).max(axis=0), LARGEST_MARGIN_SHARE * np.array(shape_px))


def _search_factor(samples: int) -> int:
    """How many samples can be added for the search: a power of two that leaves enough."""
    factor = 1
    while samples // (2 * factor) >= SEARCH_SAMPLES:
        factor *= 2
    return factor


def _in_blocks(samples: np.ndarray, function: Callable[[slice], np.ndarray]) -> np.ndarray:
    """What a function makes of a few frames at a time, which the processor's cache holds."""
    return np.concatenate([function(block) for block in frame_blocks(samples.shape)])
