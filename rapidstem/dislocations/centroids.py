"""Centres of dislocations in the sections of a tomogram."""

from typing import Literal

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations.centre_fit import fit_centres, parts_of_peaks
from rapidstem.dislocations.section_links import chain_labels
from rapidstem.errors import InputError

CENTROID_COLUMNS = ["plane", "slice", "x_nm", "y_nm", "z_nm", "weight"]
# In line widths: the neighbourhood of a centre reaches beyond the line's own profile, but not to a neighbour two widths away; a line is
# followed over more sections than noise is long.
_RADIUS_WIDTHS, _LEAST_WIDTHS = 18.0 / 13.7, 36.0 / 13.7


def locate_centroids(
    volume: np.ndarray,
    voxel_size_nm: float,
    method: Literal["centroid", "fit"] = "fit",
    threshold: float = 0.15,
    line_width_nm: float = 13.7,
    level: float = 0.5,
    least_inclination_deg: float = 20.0,
    least_length_nm: float | None = None,
) -> pd.DataFrame:
    """Centres of dislocations in every yz section and in every xz section.

    `centroid`: G = sum(I r) / sum(I) over the neighbourhood of a local maximum (Zhao et al. 2021, equation 1), I being what exceeds
    the share `level` of the maximum: so the centre does not depend on where the edge of the neighbourhood cuts the pixels. The
    neighbourhood is moved onto its own centre once. `fit`: from there, a straight ridge is fitted to the voxels around
    (`rapidstem.dislocations.centre_fit`).

    A line that runs within the section has no centre there: the main axis of the voxels around each maximum, in three dimensions, must
    be inclined to the section by `least_inclination_deg`. Lines perpendicular to the tilt axis are faint behind the missing wedge, so the
    threshold is low, and what is not followed through the sections over `least_length_nm` is left out as noise.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
    voxel_size_nm : float
    method : {"centroid", "fit"}
    threshold : float
        Least maximum, as a share of the median over the sections of each section's largest value.
    line_width_nm : float
        Full width at half maximum of the lines: the radius of the neighbourhood, and the least distance of two maxima, is 1.3 of it.
    level : float
        Share of the maximum below which voxels do not count for the centre of gravity.
    least_inclination_deg : float
        Between line and section.
    least_length_nm : float, optional
        Along the sections' normal, of a line that is followed from section to section; the default is 2.6 line widths.

    Returns
    -------
    pd.DataFrame
        `plane` (yz or xz), `slice` (index of the section), `x_nm`, `y_nm`, `z_nm` from the centre of the volume, and `weight` = sum(I).

    Raises
    ------
    InputError
        If the volume is empty or holds values that are no numbers, or the method is unknown.
    """
    if method not in ("centroid", "fit"):
        raise InputError(f"the method {method!r} of locating centres is unknown: choose 'centroid' or 'fit'")
    if volume.ndim != 3 or not np.all(np.isfinite(volume)) or volume.max() <= 0:
        raise InputError("the tomogram holds nothing to locate: it must be (z, y, x), of finite values, some of them positive")
    radius = max(2, round(_RADIUS_WIDTHS * line_width_nm / voxel_size_nm))
    if least_length_nm is None:
        least_length_nm = _LEAST_WIDTHS * line_width_nm
    least = np.sin(np.deg2rad(least_inclination_deg))
    tables = []
    for plane, order in (("yz", (2, 0, 1)), ("xz", (1, 0, 2))):
        turned = np.ascontiguousarray(volume.transpose(order))
        peaks = _section_peaks(turned, threshold, radius)
        peaks = peaks[_inclinations(turned, peaks, radius, level) > least]
        centre, weight = _centres_of_gravity(turned, peaks, radius, level)
        if method == "fit":
            centre = fit_centres(turned, peaks, centre, radius)
        tables.append(_table(plane, peaks[:, 0], centre, weight, volume.shape, voxel_size_nm))
    return _followed(pd.concat(tables, ignore_index=True), round(least_length_nm / voxel_size_nm))


def _followed(centroids: pd.DataFrame, sections: int) -> pd.DataFrame:
    """The centres that are linked over so many sections."""
    label = chain_labels(centroids)
    return centroids[np.bincount(label, minlength=1)[label] >= sections].reset_index(drop=True)


def _section_peaks(sections: np.ndarray, threshold: float, radius: int) -> np.ndarray:
    """Local maxima (section, z, along) of all sections, (n, 3)."""
    tops = sections.max(axis=(1, 2))
    least = threshold * np.median(tops[tops > 0])
    footprint = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    found = []
    for index, section in enumerate(sections):
        smooth = scipy.ndimage.gaussian_filter(section, 0.7)
        top = (smooth == scipy.ndimage.maximum_filter(smooth, footprint=footprint)) & (section > least)
        place = np.argwhere(top)
        found.append(np.column_stack([np.full(len(place), index), place]))
    peaks = np.concatenate(found)
    inner = np.all((peaks[:, 1:] >= 1) & (peaks[:, 1:] < np.array(sections.shape[1:]) - 1), axis=1)
    return peaks[inner]


def _neighbourhood(sections: np.ndarray, peaks: np.ndarray, radius: int, deep: int) -> tuple[np.ndarray, np.ndarray]:
    """Values around each peak, (n, 2 deep + 1, 2 radius + 1, 2 radius + 1), and offsets (3, ...) from it; zero outside the volume."""
    offset = np.mgrid[-deep : deep + 1, -radius : radius + 1, -radius : radius + 1]
    index = peaks.T[:, :, None, None, None] + offset[:, None]
    shape = np.array(sections.shape)[:, None, None, None, None]
    inside = np.all((index >= 0) & (index < shape), axis=0)
    values = np.where(inside, sections[tuple(np.clip(index, 0, shape - 1))], 0)
    return values * (np.hypot(offset[1], offset[2]) <= radius + 0.5), offset


def _above_level(values: np.ndarray, top: np.ndarray, level: float) -> np.ndarray:
    return np.maximum(values - level * top.reshape(-1, *[1] * (values.ndim - 1)), 0)


def _inclinations(sections: np.ndarray, peaks: np.ndarray, radius: int, level: float) -> np.ndarray:
    """Sine of the angle between the section and the main axis of the voxels around each peak, (n,)."""
    sine = np.zeros(len(peaks))
    for some in parts_of_peaks(len(peaks), radius):
        values, offset = _neighbourhood(sections, peaks[some], radius, radius)
        weight = _above_level(values, sections[tuple(peaks[some].T)], level)
        weight *= np.sum(offset**2, axis=0) <= (radius + 0.5) ** 2
        weight /= np.maximum(weight.sum(axis=(1, 2, 3), keepdims=True), 1e-12)
        mean = np.einsum("nijk,aijk->na", weight, offset)
        square = np.einsum("nijk,aijk,bijk->nab", weight, offset, offset, optimize=True)
        _, axes = np.linalg.eigh(square - mean[:, :, None] * mean[:, None, :])
        sine[some] = np.abs(axes[:, 0, 2])
    return sine


def _centres_of_gravity(sections: np.ndarray, peaks: np.ndarray, radius: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres (z, along), (n, 2), and weights, (n,)."""
    top = sections[tuple(peaks.T)]
    middle = peaks
    for _ in range(2):
        values, offset = _neighbourhood(sections, middle, radius, 0)
        inside = _above_level(values, top, level)[:, 0]
        weight = inside.sum(axis=(1, 2))
        moment = np.einsum("nij,aij->na", inside, offset[1:, 0]) / np.maximum(weight, 1e-12)[:, None]
        centre = middle[:, 1:] + moment
        middle = np.column_stack([peaks[:, 0], np.rint(centre).astype(int)])
    return centre, weight


def _table(
    plane: str, section: np.ndarray, centre: np.ndarray, weight: np.ndarray, shape: tuple[int, ...], voxel_size_nm: float
) -> pd.DataFrame:
    along, own = ("y_nm", "x_nm") if plane == "yz" else ("x_nm", "y_nm")
    size = {"z_nm": shape[0], "y_nm": shape[1], "x_nm": shape[2]}
    index = {own: section, "z_nm": centre[:, 0], along: centre[:, 1]}
    place = {name: (index[name] - (size[name] - 1) / 2) * voxel_size_nm for name in size}
    return pd.DataFrame({"plane": plane, "slice": section, **place, "weight": weight})[CENTROID_COLUMNS]
