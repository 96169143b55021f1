"""Pictures of reconstructed volumes."""

import numpy as np
import pandas as pd

from rapidstem.figures.style import RAPID_COLOUR, SLOW_COLOUR, Drawing, bare_image_axes, panels, scale_bar, styled, two_colours

DIRECTIONS = {"z": 0, "y": 1, "x": 2}
FIELDS = {"z": "x →, y ↓", "y": "x →, z ↑", "x": "y →, z ↑"}


@styled
def projections(rapid: np.ndarray, slow: np.ndarray, voxel_size_nm: float) -> Drawing:
    """The rapid and the slow reconstruction and both together, projected along z, y and x (Zhao et al. 2021, Fig. 5).

    Each pixel is the highest intensity along the projection's direction, between 0 and the 99.5th percentile of the projection. In
    the superposition the rapid reconstruction is orange, the slow one aqua, and what they share white.

    Parameters
    ----------
    rapid, slow : ndarray (z, y, x)
    voxel_size_nm : float
        Of both.
    """
    heights = _heights(slow.shape)
    figure, axes = panels(3, 3, 7.4, 2.4 * sum(heights), height_ratios=heights)
    rows = []
    for panel_row, (direction, axis) in zip(axes, DIRECTIONS.items(), strict=True):
        views = {"rapid": _projection(rapid, axis), "slow": _projection(slow, axis)}
        views["both"] = two_colours(views["rapid"], views["slow"], RAPID_COLOUR, SLOW_COLOUR)
        for panel, (name, view) in zip(panel_row, views.items(), strict=True):
            panel.imshow(view, cmap="gray", vmin=0.0, vmax=1.0)
            bare_image_axes(panel, f"{name}, along {direction}")
        scale_bar(panel_row[0], views["slow"].shape[1], voxel_size_nm)
        panel_row[0].set_ylabel(FIELDS[direction])
        correlation = float(np.corrcoef(views["rapid"].ravel(), views["slow"].ravel())[0, 1])
        rows.append({"direction": direction, "correlation": correlation})
    data = pd.DataFrame(rows)
    found = ", ".join(f"{row['correlation']:.2f} along {row['direction']}" for row in rows)
    return Drawing(figure, data, f"Projections of the rapid and the slow reconstruction; their correlation is {found}.")


def _projection(volume: np.ndarray, axis: int) -> np.ndarray:
    highest = volume.max(axis=axis)
    scaled = np.clip(highest / max(float(np.percentile(highest, 99.5)), np.finfo(float).tiny), 0.0, 1.0)
    return scaled if axis == 0 else scaled[::-1]


def _heights(shape: tuple[int, ...]) -> list[float]:
    """Heights of the rows of panels of equal width: the projections' own, with room for titles."""
    depth, rows, columns = shape
    return [rows / columns + 0.14, depth / columns + 0.14, depth / rows + 0.14]
