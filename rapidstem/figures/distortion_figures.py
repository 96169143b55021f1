"""Pictures of the scan distortion."""

import numpy as np
import pandas as pd

from rapidstem.figures.style import BLACK, BLUE, Drawing, bare_image_axes, panels, scale_bar, styled, two_colours, unit_range

RED = "#FF0000"
CYAN = "#00FFFF"


@styled
def map_deviation(rapid_px: np.ndarray, slow_px: np.ndarray, pixel_size_nm: float, residual_px: float) -> Drawing:
    """Deviation of the distortion map from a straight line, against the column of the rapid image.

    Parameters
    ----------
    rapid_px, slow_px : ndarray (n,)
        The map: columns of the rapid image and of the slow image that show the same place.
    pixel_size_nm : float
        Of the slow image.
    residual_px : float
        Disagreement along x that is left after the correction (rms); stated in the title.
    """
    slope, offset = np.polyfit(rapid_px, slow_px, 1)
    deviation_nm = (slow_px - offset - slope * rapid_px) * pixel_size_nm
    data = pd.DataFrame({"rapid_px": rapid_px, "slow_px": slow_px, "deviation_nm": deviation_nm})
    figure, axes = panels(1, 1, 6.4, 3.2)
    panel = axes[0, 0]
    panel.plot(rapid_px, deviation_nm, color=BLUE)
    panel.axhline(0.0, color=BLACK, linewidth=0.8)
    panel.set(xlabel="column of the rapid image / px", ylabel="deviation from a line / nm")
    line = f"slow column = {offset:.2f} px + {slope:.4f} × rapid column + deviation"
    panel.set_title(f"{line}\nresidual after the correction {residual_px:.2f} px rms")
    extent = f"{deviation_nm.min():.1f} to {deviation_nm.max():.1f} nm"
    words = f"The map deviates from a straight line by {extent}; its slope is {slope:.4f}, its residual {residual_px:.2f} px."
    return Drawing(figure, data, words)


@styled
def superposition(rapid_before: np.ndarray, rapid_after: np.ndarray, slow: np.ndarray, pixel_size_nm: float) -> Drawing:
    """Rapid image (aqua) on the slow image (red), before and after the correction (Zhao et al. 2021, Fig. 1g).

    Dark lines are shown bright: aqua where only the rapid image has one, red where only the slow image has one, white where they agree.
    All images (y, x) have the slow image's shape; what was not seen (NaN) stays black.
    """
    slow_lines = _lines(slow)
    figure, axes = panels(1, 2, 7.2, 3.9)
    rows = []
    for panel, title, image in zip(axes[0], ("before correction", "after correction"), (rapid_before, rapid_after), strict=True):
        rapid_lines = _lines(image)
        panel.imshow(two_colours(rapid_lines, slow_lines, CYAN, RED))
        bare_image_axes(panel, title)
        scale_bar(panel, image.shape[1], pixel_size_nm)
        rows.append({"image": title, "correlation": float(np.corrcoef(rapid_lines.ravel(), slow_lines.ravel())[0, 1])})
    data = pd.DataFrame(rows)
    words = "Rapid image in aqua on the slow image in red. Correlation of the two: " + ", ".join(
        f"{row['correlation']:.3f} {row['image']}" for row in rows
    )
    return Drawing(figure, data, words + ".")


def _lines(image: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(image), 1.0 - unit_range(image), 0.0)
