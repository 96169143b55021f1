"""Where frames show vacuum: a hole of the foil, or what lies beyond its edge."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import scipy

# Names of the three kinds of places, not quantities.
FOIL, RIM, VACUUM = 0, 1, 2

# Of the frame's pixels: so many are brighter than all foil.
_LEAST_SHARE = 0.004
# As much of it is foil, not counting what is no wider than a line: else the brightest level is that of a foil with lines.
_LEAST_FOIL = 0.05
# Vacuum is so much brighter than the foil (one of a tenth of the mean free path; wedges and steps make less).
_LEAST_CONTRAST = 0.1
# Of the step from foil to vacuum: above `_INNER` it is vacuum, above `_RISE` its rim. In the valley lie fewer pixels than in the vacuum;
# noise and lag spread vacuum by less than `_FLAT`, lines and an uneven foil by more.
_INNER, _RISE, _VALLEY, _FLAT = 0.75, 0.25, (0.4, 0.6), 0.15
# Of the series' level: beam current and detector change it by less, the tilt the brightness of a foil by more.
_LEVEL_SPREAD = 0.08
_LEAST_AGREEING = 0.75
_FEWEST_FRAMES = 3
# Of the logarithm of vacuum over foil, from frame to frame: foil beside lines darkens with the tilt as they do, to a few thousandths.
_LEAST_DARKENING = 0.005
# In scales of the lines: how far beyond the rise of the brightness the image is no longer blurred by it.
_BLUR_SCALES = 3.0


@dataclass(frozen=True)
class FrameLevels:
    """Levels of the brightness of one frame.

    Attributes
    ----------
    brightest, foil : float
        The brightest one, and that of clear foil.
    share : float
        Of the pixels that are nearly as bright as the brightest level.
    certain : bool
        Whether that must be vacuum.
    """

    brightest: float
    foil: float
    share: float
    certain: bool


def vacuum_places(series: np.ndarray, line_scale_px: float, levels: Sequence[FrameLevels] | None = None) -> np.ndarray:
    """Find vacuum in the frames of a series, and its surroundings in which a frame shows no lines.

    Vacuum is brighter than any foil, of the same brightness in all frames whatever the tilt, and without any contrast: a frame's
    brightest level counts as vacuum where a valley in the histogram parts it from the foil, where the image is flat there, and where
    other frames have it, too. A step of the thickness has no such level: lines cross it, and it darkens with the tilt. Once three frames
    are certain, others that are as bright somewhere have vacuum there, too. Three quarters of the frames with as large a bright part
    must be as bright, and the foil must darken beside it as it is tilted: over a small range of tilts clear foil beside many lines is as
    bright in all frames, too. Frames without any foil are vacuum all over.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames.
    line_scale_px : float
        Half of the full width of the lines at half depth.
    levels : sequence of FrameLevels, optional
        Of the frames, where they are known (`frame_levels`).

    Returns
    -------
    np.ndarray, (frame, y, x), uint8
        `VACUUM`; `RIM` for the foil beside it as far as the step of the brightness blurs it; `FOIL`.
    """
    places = np.full(series.shape, FOIL, np.uint8)
    found = levels or [frame_levels(frame, line_scale_px) for frame in series]
    brightest, foil, share, certain = (np.array([getattr(each, field.name) for each in found]) for field in fields(FrameLevels))
    if certain.sum() < min(_FEWEST_FRAMES, len(series)):
        return places
    usual = float(np.median(brightest[certain]))
    as_bright = np.abs(brightest - usual) < _LEVEL_SPREAD * usual
    as_large = share > np.median(share[certain]) / 2
    has_foil = foil < (1 - _LEAST_CONTRAST / 2) * brightest
    clearest = foil[has_foil].max()
    if usual < (1 + _LEAST_CONTRAST / 2) * clearest or np.mean(as_bright[as_large]) < _LEAST_AGREEING:
        return places
    beside = as_bright & has_foil & (foil > 0)
    if np.std(np.log(brightest[beside] / foil[beside])) < _LEAST_DARKENING:
        return places
    places[as_bright & ~has_foil & (brightest > (usual + clearest) / 2)] = VACUUM
    for number in np.flatnonzero(as_bright & has_foil):
        smooth = _smoothed(series[number], line_scale_px)
        places[number] = _places((smooth - foil[number]) / (brightest[number] - foil[number]), line_scale_px)
    return places


def _smoothed(frame: np.ndarray, scale_px: float) -> np.ndarray:
    return scipy.ndimage.gaussian_filter(np.asarray(frame, np.float32), scale_px, mode="nearest")


def frame_levels(frame: np.ndarray, line_scale_px: float) -> FrameLevels:
    """The brightest level of a frame, and what speaks for vacuum there.

    Parameters
    ----------
    frame : np.ndarray, (y, x)
    line_scale_px : float
        As of `vacuum_places`.

    Returns
    -------
    FrameLevels
    """
    smooth, scale_px = _smoothed(frame, line_scale_px), line_scale_px
    level = float(np.quantile(smooth, 1 - _LEAST_SHARE / 2))
    for _ in range(2):
        foil = _foil_level(smooth, level)
        step = (smooth - foil) / max(level - foil, 1e-9)
        bright = step > _INNER
        level = float(np.median(smooth[bright])) if bright.any() else level
    if foil <= 0 or level / foil - 1 < _LEAST_CONTRAST or bright.mean() < _LEAST_SHARE:
        return FrameLevels(level, foil, float(bright.mean()), False)
    width_px = max(1, round(2 * scale_px))
    solid = scipy.ndimage.binary_erosion(smooth < level * (1 - _LEAST_CONTRAST / 2), iterations=width_px)
    if solid.mean() < _LEAST_FOIL:
        return FrameLevels(level, foil, float(bright.mean()), False)
    inner = scipy.ndimage.binary_erosion(scipy.ndimage.binary_closing(bright, iterations=width_px), iterations=width_px, border_value=1)
    valley = float(np.mean((step > _VALLEY[0]) & (step < _VALLEY[1])))
    certain = bool(inner.any() and np.std(step[inner]) < _FLAT and valley < bright.mean() / 2)
    return FrameLevels(level, foil, float(bright.mean()), certain)


def _foil_level(smooth: np.ndarray, level: float) -> float:
    """Brightness of clear foil: upper quartile of what is darker than the vacuum's level; that level itself where nothing is."""
    dark = smooth[smooth < level * (1 - _LEAST_CONTRAST / 2)]
    return float(np.quantile(dark, 0.75)) if dark.size > _LEAST_SHARE * smooth.size else level


def _places(step: np.ndarray, scale_px: float) -> np.ndarray:
    """What each pixel shows, from how far its brightness has risen from that of the foil to that of vacuum."""
    labels, count = scipy.ndimage.label(step > _INNER)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= (6 * scale_px) ** 2
    large[0] = False
    vacuum = large[labels]
    places = np.where(vacuum, VACUUM, FOIL).astype(np.uint8)
    if vacuum.any():
        risen = scipy.ndimage.binary_propagation(vacuum, mask=step > _RISE)
        places[~vacuum & (scipy.ndimage.distance_transform_edt(~risen) <= _BLUR_SCALES * scale_px)] = RIM
    return places
