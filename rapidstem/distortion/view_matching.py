"""View matching: what rapid and slow image both show, the rapid one stretched linearly to the columns of the slow one."""

from dataclasses import dataclass

import numpy as np

from rapidstem.distortion.image_warping import centre_offset_px, resample_grid
from rapidstem.errors import InputError
from rapidstem.numerics import gap_free_rectangle, parabola_vertex

# Ihara et al. 2022, Fig. 7b, in pixels as published; a quarter of the image where that is less.
TEMPLATE_PX = 50
LARGEST_TEMPLATE_SHARE = 0.25
# Of the width beyond the template: views that differ by more are refused by the first guess.
SEARCHED_SHARE = 0.25
# Left out on either side while rows are searched, so that both images show the template.
SIDE_MARGIN_SHARE = 1 / 16


@dataclass(frozen=True)
class View:
    """The common view of a DCFI image and its slow image.

    Attributes
    ----------
    rapid : (y, x)
        Rows of the DCFI image that both show, all columns of the part without gaps.
    slow : (y, x)
        Rows and columns of the slow image that both show.
    rapid_start
        Column of the DCFI image at which `rapid` starts.
    rapid_left, rapid_right
        Columns of the DCFI image that show the first and the last column of `slow`.
    slow_start
        Column of the slow image at which `slow` starts.
    """

    rapid: np.ndarray
    slow: np.ndarray
    rapid_start: int
    rapid_left: float
    rapid_right: float
    slow_start: int

    @property
    def _stretch(self) -> float:
        return (self.slow.shape[1] - 1) / (self.rapid_right - self.rapid_left)

    def stretched(self, fineness: int) -> np.ndarray:
        """The DCFI image (y, fine x) between the cuts, stretched to the width of `slow`, with some samples a pixel."""
        place = np.arange(fineness * (self.slow.shape[1] - 1) + 1) / fineness
        columns = self.rapid_left + place / self._stretch - self.rapid_start
        return resample_grid(self.rapid, np.arange(len(self.rapid)), columns)

    def stretched_px(self, rapid_px: np.ndarray) -> np.ndarray:
        """Columns of the stretched image for columns of the DCFI image."""
        return (rapid_px - self.rapid_left) * self._stretch


def matched_view(reference: np.ndarray, slow_image: np.ndarray) -> View:
    """Match the view as Ihara et al. do (Sci. Rep. 12 (2022) 13462, Fig. 7b).

    A template of 50 columns at the left (right) edge of the slow image is slid over the DCFI image; the place with the highest zero-mean
    normalised cross-correlation is that edge. Where the slow image shows more than the DCFI image, the roles are exchanged: the higher
    correlation decides. The rows come from templates at the top and at the bottom, whichever correlates better; they are not stretched.

    Parameters
    ----------
    reference : (y, x)
        DCFI image, NaN where unseen.
    slow_image : (y, x)
        With pixels of the same size.

    Raises
    ------
    InputError
        where the two edges are found in the wrong order
    """
    rows, columns = gap_free_rectangle(~np.isfinite(reference))
    rapid, nearby = reference[rows, columns].astype(float), _opposite(slow_image.shape, reference.shape)
    slow_nearby = slow_image[nearby]
    left, right = (_edge(rapid, slow_nearby, side) for side in (0, 1))
    start, stop = int(np.ceil(left[1] - 1e-9)), int(np.floor(right[1] + 1e-9)) + 1
    if right[0] - left[0] < TEMPLATE_PX or stop - start < TEMPLATE_PX:
        raise InputError("the edges of the slow image are not found in the rapid image: the field has too few features. Give another field")
    slow, slow_start = slow_nearby[:, start:stop], nearby[1].start + start
    rapid_left, rapid_right = left[0] + start - left[1], right[0] + stop - 1 - right[1]
    view = View(rapid, slow, columns.start, columns.start + rapid_left, columns.start + rapid_right, slow_start)
    shift = _row_shift(view.stretched(1), slow)
    own = np.arange(len(rapid))[(np.arange(len(rapid)) + shift >= 0) & (np.arange(len(rapid)) + shift <= len(slow) - 1)]
    cut = resample_grid(slow, own + shift, np.arange(slow.shape[1]))
    return View(rapid[own], cut, columns.start, view.rapid_left, view.rapid_right, slow_start)


def _opposite(slow_shape: tuple[int, ...], rapid_shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the slow image that lie opposite those of the rapid image, where the slow one covers more."""
    starts = np.maximum(0, centre_offset_px(slow_shape, rapid_shape).astype(int))
    rows, columns = (slice(start, min(slow, start + rapid)) for start, slow, rapid in zip(starts, slow_shape, rapid_shape, strict=True))
    return rows, columns


def _edge(rapid: np.ndarray, slow_image: np.ndarray, side: int) -> tuple[float, float]:
    """Columns of rapid and slow image that show the same place at the left (0) or right (1) edge of what both show."""
    found = [_found_edge(image, other, side) for image, other in ((rapid, slow_image), (slow_image, rapid))]
    if found[0][0] >= found[1][0]:
        return found[0][1], (slow_image.shape[1] - 1) * side
    return (rapid.shape[1] - 1) * side, found[1][1]


def _found_edge(image: np.ndarray, template_of: np.ndarray, side: int) -> tuple[float, float]:
    """Highest ZNCC of the edge of one image in another, and the column of the other where the edge lies."""
    width = min(TEMPLATE_PX, int(LARGEST_TEMPLATE_SHARE * min(image.shape[1], template_of.shape[1])))
    margin = int(SIDE_MARGIN_SHARE * len(template_of)) + max(0, len(template_of) - len(image))
    columns = slice(0, width) if side == 0 else slice(template_of.shape[1] - width, None)
    template = template_of[margin // 2 : len(template_of) - margin + margin // 2, columns]
    searched = width + int(SEARCHED_SHARE * image.shape[1])
    start = 0 if side == 0 else image.shape[1] - searched
    score = _template_score(image[:, start : start + searched], template)
    row, column = np.unravel_index(score.argmax(), score.shape)
    return float(score[row, column]), start + _vertex(score[row], int(column)) + (width - 1) * side


def _row_shift(stretched: np.ndarray, slow: np.ndarray) -> float:
    """Row of the slow image at the first row of the stretched DCFI image, from the better of a top and a bottom template."""
    height = min(TEMPLATE_PX, int(LARGEST_TEMPLATE_SHARE * min(len(slow), len(stretched))))
    margin = max(1, int(SIDE_MARGIN_SHARE * slow.shape[1]))
    found = []
    for side in (0, 1):
        start = 0 if side == 0 else len(slow) - height
        searched = height + int(SEARCHED_SHARE * len(stretched))
        first = 0 if side == 0 else len(stretched) - searched
        score = _template_score(stretched[first : first + searched], slow[start : start + height, margin:-margin])
        row, column = np.unravel_index(score.argmax(), score.shape)
        found.append((float(score[row, column]), start - first - _vertex(score[:, column], int(row))))
    return max(found)[1]


def _template_score(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    from skimage.feature import match_template  # brings all of scipy.signal and scipy.stats

    return np.asarray(match_template(image, template))


def _vertex(values: np.ndarray, place: int) -> float:
    """Place of the maximum between the samples, by a parabola."""
    if place in (0, values.size - 1):
        return float(place)
    return place + float(parabola_vertex(*values[place - 1 : place + 2]))
