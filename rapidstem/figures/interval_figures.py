"""Pictures of the intervals that denoisers state."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.figures.style import Drawing, bare_image_axes, panels, show_image, styled


@styled
def interval_maps(images: Mapping[str, np.ndarray], intervals: Mapping[str, tuple[str, np.ndarray]], pixel_size_nm: float) -> Drawing:
    """A row for each denoiser: its answer, the half width of its interval, and the pixels of the reference that lie above or below it.

    Parameters
    ----------
    images : mapping of a name to ndarray (y, x)
        The answers by name of the denoiser, and the references `slow` and `dcfi`, all in the same geometry.
    intervals : mapping of a name to (str, ndarray)
        For each denoiser the name of its reference, and the half widths (y, x) in intensities of the reference.
    pixel_size_nm : float
        Of all images.
    """
    figure, axes = panels(len(intervals), 3, 6.5, 2.2 * len(intervals))
    rows, words = [], []
    for (answer, width, outside), (name, (reference, half_width)) in zip(axes, intervals.items(), strict=True):
        difference = images[reference] - images[name]
        beyond = np.sign(difference) * (np.abs(difference) > half_width)
        show_image(answer, images[name], pixel_size_nm, name)
        row = {"denoiser": name, "reference": reference, "inside_percent": np.nan, "black": np.nan, "white": np.nan}
        if np.isfinite(half_width).all():
            limits = show_image(width, half_width, pixel_size_nm, f"half width, {half_width.min():.3g} to {half_width.max():.3g}")
            outside.imshow(beyond, cmap="RdBu_r", vmin=-1, vmax=1)
            inside = 100 * float(np.mean(beyond == 0))
            row |= {"inside_percent": inside, "black": limits[0], "white": limits[1]}
            bare_image_axes(outside, f"{reference} outside: {100 - inside:.1f} %")
            words.append(f"{name}: {inside:.1f} % of the pixels of the {reference} image lie within the interval")
        else:
            bare_image_axes(width, "no interval")
            bare_image_axes(outside, "")
            words.append(f"{name}: no interval is stated, as no field was left to calibrate on")
        rows.append(row)
    return Drawing(figure, pd.DataFrame(rows), f"Intervals of this frame. {'; '.join(words)}.")
