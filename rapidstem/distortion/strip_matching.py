"""Ihara's procedure: view matching, linear stretch, then strips of columns deformed one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from rapidstem.distortion.first_guess import FirstGuess
from rapidstem.distortion.image_warping import centre_offset_px
from rapidstem.distortion.map_estimate import SMALLEST_SLOPE, MapEstimate
from rapidstem.distortion.view_matching import View, matched_view

# Ihara et al. 2022, "Distortion correction": widths of 10 to 100 px, deformations of -50 to +100 % in steps of 1 %, images scaled to 16
# bits. In pixels, as published: the strips are stretches of the scan.
STRIP_WIDTHS_PX = range(10, 101)
DEFORMATIONS = np.linspace(-0.5, 1.0, 151)
# Samples a pixel of the table of errors; deformations of 1 % move the end of a 12 px strip by one sample.
FINENESS = 8
# The largest of 16 bits, as theirs.
WHITE = 65535.0
# A curve needs three ends.
FEWEST_STRIPS = 2
# Of the columns, whose mean slope continues the map beyond the matched view.
OUTER_SHARE = 1 / 8


@dataclass(frozen=True)
class _ColumnErrors:
    """Mean squared difference (fine rapid column, slow column) of the columns of a stretched DCFI image and its slow image."""

    table: np.ndarray

    @property
    def last(self) -> int:
        return self.table.shape[1] - 1

    def at(self, rapid_px: np.ndarray, slow_px: np.ndarray) -> np.ndarray:
        fine = np.clip(np.rint(FINENESS * rapid_px).astype(int), 0, self.table.shape[0] - 1)
        return self.table[fine, slow_px]


def match_strips(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], guess: FirstGuess) -> MapEstimate:
    """Measure the map as Ihara et al. do (Sci. Rep. 12 (2022) 13462, section "Distortion correction" and Fig. 7).

    Images are scaled to 0..65535. The view is matched (`rapidstem.distortion.view_matching`); then the left-most strip of the DCFI image is
    deformed in x by -50 % to +100 %, the deformation with the best PSNR against the left-most part of the slow image is kept, both are
    cut off, and the rest is treated alike up to the right edge. Of the strip widths from 10 to 100 pixels the one is taken whose
    corrected image has the best PSNR. A cubic spline goes through the ends of the deformed strips; where it would run backwards, a
    monotone one. Beyond the matched view it goes on in a straight line with
    the mean slope of the outermost eighth. Ihara et al. use one field; of several the mean is taken.

    Parameters
    ----------
    references
        DCFI references (y, x) of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields with pixels of the same size.
    guess
        Its shifts say where the mean of the fields lies; nothing else of it is used.
    """
    maps, scores = [], []
    for reference, slow_image in zip(references, slow_images, strict=True):
        view = matched_view(reference, slow_image)
        knots, psnr_db = _best_knots(_column_errors(view))
        maps.append(_whole_width(view, knots, reference.shape[1]) - centre_offset_px(slow_image.shape, reference.shape)[1])
        scores.append(psnr_db)
    offsets = guess.shift_px[:, 1] - guess.shift_px[:, 1].mean()
    own = np.array([(each - offset).mean() for each, offset in zip(maps, offsets, strict=True)])
    common = np.mean([each - each.mean() for each in maps], axis=0) + own.mean()
    widths = pd.DataFrame({"width_px": list(STRIP_WIDTHS_PX), "psnr_db": np.mean(scores, axis=0)})
    return MapEstimate(common, strip_widths=widths[np.isfinite(widths["psnr_db"])].reset_index(drop=True))


def _column_errors(view: View) -> _ColumnErrors:
    """All strips of all widths are sums over this table, which costs one matrix product."""
    rapid, slow = (_sixteen_bit(image) for image in (view.stretched(FINENESS), view.slow))
    squares = (rapid**2).mean(axis=0)[:, None] + (slow**2).mean(axis=0) - 2 * rapid.T @ slow / len(slow)
    return _ColumnErrors(np.maximum(squares, 1e-9))


def _sixteen_bit(image: np.ndarray) -> np.ndarray:
    return WHITE * (image - image.min()) / max(np.ptp(image), 1e-12)


def _best_knots(errors: _ColumnErrors) -> tuple[np.ndarray, np.ndarray]:
    """Ends (knot, 2) of the strips in the stretched DCFI and in the slow image for the best width, and the PSNR of every width."""
    best, scores = np.array([[0.0, 0.0], [errors.last, errors.last]]), []
    for width in STRIP_WIDTHS_PX:
        knots = _strip_ends(errors, width)
        scores.append(_psnr_db(errors, knots) if len(knots) > FEWEST_STRIPS else -np.inf)
        if scores[-1] == max(scores) and np.isfinite(scores[-1]):
            best = knots
    return best, np.array(scores)


def _strip_ends(errors: _ColumnErrors, width: int) -> np.ndarray:
    """Cut strips of one width off both images from left to right."""
    ends = [(0.0, 0.0)]
    while errors.last - ends[-1][0] > 1:
        rapid, slow = ends[-1]
        strip = min(float(width), errors.last - rapid)
        deformed = strip * (1 + DEFORMATIONS)
        deformed = deformed[slow + deformed <= errors.last + 0.5]
        if deformed.size == 0:
            break
        mean_square = _deformation_errors(errors, rapid, slow, strip, deformed)
        ends.append((rapid + strip, slow + deformed[np.argmin(mean_square)]))
    return np.array(ends)


def _deformation_errors(errors: _ColumnErrors, rapid: float, slow: float, strip: float, deformed: np.ndarray) -> np.ndarray:
    """Mean squared difference of a strip, deformed to each of some widths, to the part of the slow image that it covers."""
    columns = np.arange(int(np.ceil(slow)), int(min(slow + deformed.max(), errors.last)) + 1)
    inside = columns - slow <= deformed[:, None]
    place = rapid + (columns - slow) * strip / deformed[:, None]
    squares = np.where(inside, errors.at(place, np.broadcast_to(columns, place.shape)), 0)
    counts = inside.sum(axis=1)
    return np.where(counts > 0, squares.sum(axis=1) / np.maximum(counts, 1), np.inf)


def _psnr_db(errors: _ColumnErrors, knots: np.ndarray) -> float:
    """PSNR of the DCFI image corrected by the spline through the strips' ends."""
    fine = np.linspace(0, knots[-1, 0], FINENESS * errors.last)
    slow_px = _curve(knots)(fine)
    columns = np.arange(int(np.floor(knots[-1, 1])) + 1)
    return float(10 * np.log10(WHITE**2 / errors.at(np.interp(columns, slow_px, fine), columns).mean()))


def _curve(knots: np.ndarray) -> "scipy.interpolate.CubicSpline | scipy.interpolate.PchipInterpolator":
    spline = scipy.interpolate.CubicSpline(*knots.T)
    dense = np.linspace(knots[0, 0], knots[-1, 0], 512)
    return spline if spline(dense, 1).min() > SMALLEST_SLOPE else scipy.interpolate.PchipInterpolator(*knots.T)


def _whole_width(view: View, knots: np.ndarray, columns: int) -> np.ndarray:
    """Column of the slow image for every column of the rapid image."""
    stretched = view.stretched_px(np.arange(columns))
    inside = np.clip(stretched, knots[0, 0], knots[-1, 0])
    curve = _curve(knots)
    slopes = [np.ptp(curve(ends)) / np.ptp(ends) for ends in _outer_parts(knots)]
    return view.slow_start + curve(inside) + np.where(stretched < inside, slopes[0], slopes[1]) * (stretched - inside)


def _outer_parts(knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the stretched image between which the slope at its left and at its right end is taken."""
    first, last = knots[0, 0], knots[-1, 0]
    outer = OUTER_SHARE * (last - first)
    return np.array([first, first + outer]), np.array([last - outer, last])
