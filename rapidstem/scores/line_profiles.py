"""Width and depth of dislocation lines, relative to the same lines in a reference (Zhao et al. 2021, Table 2 and Table 3)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from rapidstem.errors import InputError
from rapidstem.numerics import FWHM_PER_SIGMA
from rapidstem.scores.image_quality import Area
from rapidstem.scores.line_segments import LineSegment, find_lines

# Lengths in line widths. Profiles reach three of them to either side, so that the background is seen, and are sampled four times a pixel.
HALF_PROFILE_WIDTHS = 10 / 3
_PROFILE_STEP_PX = 0.25
# A fitted dip farther off or wider than these is another line or background; one narrower than a pixel is noise, however wide lines are.
_LARGEST_SIDESTEP_WIDTHS = 4 / 3
_LARGEST_SIGMA_WIDTHS = 2.0
_SMALLEST_SIGMA_PX = 0.4
# Of the grid that the fit starts from: two places and more in the core of a line.
_GRID_STEP_WIDTHS = 1 / 6
# Share of the profile's variance that a dip must explain: clear ones in the reference; in the image that is judged, any that is there.
_EXPLAINED_IN_REFERENCE = 0.9
_EXPLAINED_IN_IMAGE = 0.5
# Wider than lines, so that they have no part in the gain.
_COARSE_SIGMA_WIDTHS = 2.0
COLUMNS = ("line", "y_px", "x_px", "angle_deg", "relative_width", "relative_intensity")


@dataclass(frozen=True)
class Dip:
    """A Gaussian dip in a linear background.

    Attributes
    ----------
    fwhm_px
        Full width at half maximum.
    depth
        Below the background at the centre, in intensities.
    explained
        Share of the profile's variance about its background that the dip explains, at most 1.
    """

    fwhm_px: float
    depth: float
    explained: float


def relative_line_profiles(image: np.ndarray, reference: np.ndarray, area: Area, line_px: int) -> pd.DataFrame:
    """Compare dislocation lines of an image with the same lines of its reference.

    Lines are found in the reference; profiles across straight pieces of them are averaged along the piece, and a Gaussian dip in a linear
    background is fitted to each. A line may lie up to 4/3 of its width beside its place in the reference. Intensities of the image are
    matched to the reference first (gain and offset at scales coarser than lines), so that depths can be compared between filters.

    Parameters
    ----------
    image, reference : (y, x)
        In the same geometry.
    area
        Rows and columns that both images see.
    line_px
        Full width of the lines at half depth (`rapidstem.numerics.whole_pixels`).

    Returns
    -------
    table with `line, y_px, x_px, angle_deg, relative_width, relative_intensity`, one row a piece whose fit is good in the
    reference; NaN where the image shows no such line. Relative means: divided by the reference's value, 1 being perfect.

    Raises
    ------
    InputError
        if the shapes differ.
    """
    if image.shape != reference.shape:
        raise InputError(f"an image of shape {image.shape} cannot be compared with a reference of shape {reference.shape}")
    wanted = _filled(reference, area)
    given = coarsely_matched(image, wanted, area, line_px)
    wanted, given = scipy.ndimage.spline_filter(wanted), scipy.ndimage.spline_filter(given)
    rows: list[tuple[float, ...]] = []
    for segment in find_lines(reference, area, line_px, HALF_PROFILE_WIDTHS * line_px):
        expected = fit_dip(*line_profile(wanted, segment, line_px), line_px)
        if expected.explained < _EXPLAINED_IN_REFERENCE:
            continue
        seen = fit_dip(*line_profile(given, segment, line_px), line_px)
        missing = seen.explained < _EXPLAINED_IN_IMAGE
        width, depth = (np.nan, np.nan) if missing else (seen.fwhm_px / expected.fwhm_px, seen.depth / expected.depth)
        rows.append((len(rows), segment.y_px, segment.x_px, np.degrees(segment.angle_rad), width, depth))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def line_profile(image: np.ndarray, segment: LineSegment, line_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Profile across a line, averaged along it.

    Parameters
    ----------
    image : (y, x)
        Cubic spline coefficients, from `scipy.ndimage.spline_filter`.
    segment
        Piece of the line.
    line_px
        Full width of the lines at half depth.

    Returns
    -------
    offset_px : (n,) distance from the segment, positive on the side of +y of a line along +x.
    intensity : (n,)
    """
    half_px = HALF_PROFILE_WIDTHS * line_px
    offset = np.arange(-half_px, half_px + _PROFILE_STEP_PX / 2, _PROFILE_STEP_PX)
    along = np.linspace(-segment.length_px / 2, segment.length_px / 2, int(segment.length_px) + 1)
    sine, cosine = np.sin(segment.angle_rad), np.cos(segment.angle_rad)
    y = segment.y_px + offset[:, None] * cosine + along * sine
    x = segment.x_px - offset[:, None] * sine + along * cosine
    return offset, scipy.ndimage.map_coordinates(image, [y, x], order=3, prefilter=False, mode="nearest").mean(axis=1)


def fit_dip(offset_px: np.ndarray, intensity: np.ndarray, line_px: int) -> Dip:
    """Fit a Gaussian dip in a linear background to a profile.

    For every centre and width the best background and depth follow linearly; centre and width are searched on a grid and then refined.

    Parameters
    ----------
    offset_px, intensity : (n,)
    line_px
        Full width of the lines at half depth.

    Returns
    -------
    Dip, whose `explained` is 0 or less where the profile has no dip within 4/3 of a line width of its middle
    """
    farthest, widest, step = (share * line_px for share in (_LARGEST_SIDESTEP_WIDTHS, _LARGEST_SIGMA_WIDTHS, _GRID_STEP_WIDTHS))
    centres = np.arange(-farthest, farthest + step / 2, step)
    sigmas = np.geomspace(_SMALLEST_SIGMA_PX, widest, 8)
    grid = [(centre, sigma) for centre in centres for sigma in sigmas]
    costs = [np.sum(_residual(place, offset_px, intensity) ** 2) for place in grid]
    bounds = ([-farthest, _SMALLEST_SIGMA_PX], [farthest, widest])
    start = np.clip(grid[int(np.argmin(costs))], np.array(bounds[0]) + 1e-3, np.array(bounds[1]) - 1e-3)
    centre, sigma = scipy.optimize.least_squares(_residual, start, bounds=bounds, args=(offset_px, intensity)).x
    depth = _coefficients((centre, sigma), offset_px, intensity)[2]
    background = np.polynomial.Polynomial.fit(offset_px, intensity, 1)(offset_px)
    unexplained = np.sum(_residual((centre, sigma), offset_px, intensity) ** 2)
    total = np.sum((intensity - background) ** 2)
    explained = 1 - unexplained / total if depth > 0 and total > 0 else 0.0
    return Dip(float(FWHM_PER_SIGMA * sigma), float(depth), float(explained))


def coarsely_matched(image: np.ndarray, reference: np.ndarray, area: Area, line_px: int) -> np.ndarray:
    """An image with the gain and offset that bring its coarse structure to the reference's; noise and blur of lines have no part in it.

    Parameters
    ----------
    image, reference : (y, x)
        In the same geometry.
    area
        Rows and columns that both see; unseen pixels outside it are given the area's mean.
    line_px
        Full width of the lines at half depth.

    Returns
    -------
    (y, x)
        In the unit of the reference.
    """
    image, reference = _filled(image, area), _filled(reference, area)
    coarse, wanted = (scipy.ndimage.gaussian_filter(each, _COARSE_SIGMA_WIDTHS * line_px)[area] for each in (image, reference))
    if np.ptp(coarse) == 0:
        return image
    gain, offset = np.polyfit(coarse.ravel(), wanted.ravel(), 1)
    return gain * image + offset


Place = tuple[float, float] | np.ndarray


def _terms(place: Place, offset: np.ndarray) -> np.ndarray:
    centre, sigma = place
    return np.stack([np.ones_like(offset), offset, -np.exp(-0.5 * ((offset - centre) / sigma) ** 2)], axis=1)


def _coefficients(place: Place, offset: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    """Background, its slope, and the depth of the dip that fit best."""
    return np.linalg.lstsq(_terms(place, offset), intensity, rcond=None)[0]


def _residual(place: Place, offset: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    return _terms(place, offset) @ _coefficients(place, offset, intensity) - intensity


def _filled(image: np.ndarray, area: Area) -> np.ndarray:
    """The image with unseen pixels outside the area replaced by the area's mean."""
    image = image.astype(np.float64)
    return np.where(np.isfinite(image), image, image[area].mean())
