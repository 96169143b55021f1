"""Frames of a foil at a fixed tilt whose lines move in known planes, drawn without the virtual microscope."""

from typing import Literal

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from rapidstem.dislocations import LineNetwork, Polyline, crystal_orientation, line_points, line_summary, resampled
from rapidstem.dislocations.slip_planes import SLIP_NAMES, SLIP_NORMALS
from rapidstem.lines.motion import FoilFaces, InSituFrames, TomogramLines

PIXEL_NM, SIZE, TILT_DEG, LINE_TIME_S, PERIOD_S = 5.0, 128, 12.0, 1e-4, 0.07
HALF_FOIL_NM = 100.0
SHIFT_PX = (2.3, -3.4)
NORMALS = dict(zip(SLIP_NAMES, crystal_orientation([2, 0, 0], [0, 1, 3]).to_specimen(SLIP_NORMALS), strict=True))


def threading(name: str, place_nm: tuple[float, float], lean: float = 0.0, bow_nm: float = 25.0) -> np.ndarray:
    """A bowed line (n, 3) from face to face in a {111} plane; `lean` turns it in the plane from the steepest direction."""
    normal = NORMALS[name]
    along = trace(name)
    steep = np.cross(normal, along)
    direction = steep + lean * along
    reach = HALF_FOIL_NM / direction[2]
    share = np.linspace(-1, 1, 60)
    return np.array([*place_nm, 0.0]) + share[:, None] * reach * direction + bow_nm * (1 - share[:, None] ** 2) * along


def trace(name: str) -> np.ndarray:
    """Unit vector along a plane in the surface."""
    along = np.cross(NORMALS[name], (0.0, 0.0, 1.0))
    return along / np.linalg.norm(along)


def seen_at(points_nm: np.ndarray) -> np.ndarray:
    """Rows and columns (n, 2) of points, with the shift of the tomogram against the frames."""
    tilt = np.deg2rad(TILT_DEG)
    row = (points_nm[:, 1] * np.cos(tilt) + points_nm[:, 2] * np.sin(tilt)) / PIXEL_NM + (SIZE - 1) / 2 + SHIFT_PX[0]
    return np.column_stack([row, points_nm[:, 0] / PIXEL_NM + (SIZE - 1) / 2 + SHIFT_PX[1]])


def frames_of(moved, count: int, noise: float = 0.04, seed: int = 0, tilt_axis: Literal["x", "y"] = "x") -> InSituFrames:
    """Frames of lines that `moved(time)` gives as a list of points (n, 3), each row of the images at its own time."""
    rng = np.random.default_rng(seed)
    time = np.arange(count) * PERIOD_S
    images = np.empty((count, SIZE, SIZE), np.float32)
    for number, start in enumerate(time):
        image = np.zeros((SIZE, SIZE))
        for band in range(0, SIZE, 16):
            dark = np.zeros((SIZE, SIZE))
            for points in moved(start + (band + 8) * LINE_TIME_S):
                _add_line(dark, seen_at(resampled(points, 0.5)))
            scanned = np.s_[band : band + 16] if tilt_axis == "x" else np.s_[:, band : band + 16]
            image[scanned] = dark[scanned]
        smooth = gaussian_filter(image, 13.7 / 2.3548 / PIXEL_NM, mode="nearest")
        images[number] = 1 - 0.55 * np.minimum(smooth, 1) + gaussian_filter(rng.normal(0, noise * 2, (SIZE, SIZE)), 0.6)
    images = images if tilt_axis == "x" else images.swapaxes(1, 2)
    return InSituFrames(images, time, LINE_TIME_S, np.zeros(count), TILT_DEG, PIXEL_NM, tilt_axis)


def _add_line(dark: np.ndarray, place_px: np.ndarray) -> None:
    """Spread samples every 0.5 nm over pixels, so that a line is 1 deep after the blur."""
    depth = 0.5 / PIXEL_NM * np.sqrt(2 * np.pi) * 13.7 / 2.3548 / PIXEL_NM
    low = np.floor(place_px).astype(int)
    part = place_px - low
    for corner in np.ndindex(2, 2):
        at = low + corner
        inside = np.all((at >= 0) & (at < SIZE), axis=1)
        weight = np.prod(np.where(corner, part, 1 - part), axis=1)
        np.add.at(dark, tuple(at[inside].T), depth * weight[inside])


def tomogram_of(lines: list[np.ndarray], crystal: bool = True) -> TomogramLines:
    """What a tomogram would say of lines at rest."""
    half = SIZE * PIXEL_NM / 2
    box = np.array([[-half, -half, -HALF_FOIL_NM], [half, half, HALF_FOIL_NM]])
    network = LineNetwork([Polyline(line, 2 * n, 2 * n + 1, "surface", "surface") for n, line in enumerate(lines)], box)
    orientation = crystal_orientation([2, 0, 0], [0, 1, 3]) if crystal else None
    summary = line_summary(network, orientation)
    points = line_points(network, summary).assign(sigma_x_nm=1.0, sigma_y_nm=1.0, sigma_z_nm=1.5)
    return TomogramLines(points, summary, FoilFaces.of(0.0, 2 * HALF_FOIL_NM), NORMALS if crystal else {})


def distances(rows: pd.DataFrame, moved, number: int) -> np.ndarray:
    """Differences (row, 3) of nodes from their line at their own time, across it."""
    apart = np.empty((len(rows), 3))
    for index, row in enumerate(rows.itertuples()):
        points = resampled(moved(row.time_s)[number], 0.5)
        place = np.array([row.x_nm, row.y_nm, row.z_nm])
        nearest = int(np.argmin(np.linalg.norm(points - place, axis=1)))
        tangent = points[min(nearest + 1, len(points) - 1)] - points[max(nearest - 1, 0)]
        tangent /= np.linalg.norm(tangent)
        off = place - points[nearest]
        apart[index] = off - (off @ tangent) * tangent
    return apart
