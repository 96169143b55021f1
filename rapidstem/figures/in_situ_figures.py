"""Stills of an in-situ series: raw above denoised, and the slow image at the end."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.figures.in_situ_movie import picture_words
from rapidstem.figures.style import BLUE, ORANGE, VERMILION, Drawing, bare_image_axes, panels, show_image, styled


@styled
def series_stills(
    raw: np.ndarray, denoised: np.ndarray, stills: pd.DataFrame, denoiser: str, slow: np.ndarray | None, pixel_size_nm: float
) -> Drawing:
    """Draw frames of the series from its beginning to its end.

    Parameters
    ----------
    raw, denoised : (still, y, x) in one geometry
    stills : one row a still with the columns `frame, time_s, temperature_c`
    denoiser : name of the filter
    slow : (y, x) the final slow image in the same geometry, None where there is none
    pixel_size_nm : of all images
    """
    columns = len(raw) + (slow is not None)
    figure, axes = panels(2, columns, 2.3 * columns, 5.0)
    for row, (images, name) in enumerate(((raw, "raw"), (denoised, denoiser))):
        for column, image in enumerate(images):
            words = picture_words(stills["time_s"].iloc[column], stills["temperature_c"].iloc[column])
            title = words or f"frame {stills['frame'].iloc[column]}"
            show_image(axes[row, column], image, pixel_size_nm, f"{name}, {title}" if column == 0 else title)
    if slow is not None:
        show_image(axes[1, -1], slow, pixel_size_nm, "slow, at the end")
        bare_image_axes(axes[0, -1], "")
    contrast = [float(np.nanstd(images)) for images in (*raw, *denoised)]
    names = ["raw"] * len(raw) + [denoiser] * len(denoised)
    data = pd.concat([stills, stills], ignore_index=True).assign(series=names, standard_deviation=contrast)
    return Drawing(figure, data, f"{len(raw)} frames of the series, raw above and denoised with {denoiser} below, from beginning to end.")


@styled
def series_course(frames: pd.DataFrame) -> Drawing:
    """Draw drift and temperature frame by frame, from a table with `frame, time_s, temperature_c, dy_px, dx_px, used`."""
    timed = bool(np.isfinite(frames["time_s"]).all())
    heated = bool(np.isfinite(frames["temperature_c"]).all())
    along = frames["time_s"] if timed else frames["frame"]
    figure, axes = panels(1 + heated, 1, 6.4, 2.4 * (1 + heated), sharex=True)
    drift = axes[0, 0]
    for name, colour in (("dy", BLUE), ("dx", ORANGE)):
        drift.plot(along, frames[f"{name}_px"], color=colour, label=name)
    lost = ~frames["used"].to_numpy(bool)
    drift.plot(along[lost], frames.loc[lost, "dy_px"], "x", color=VERMILION, label="interpolated")
    drift.set(ylabel="shift / px", title=f"{lost.sum()} of {len(frames)} frames not registered")
    drift.legend(ncols=3)
    if heated:
        axes[1, 0].plot(along, frames["temperature_c"], color=VERMILION)
        axes[1, 0].set(ylabel="temperature / °C")
    axes[-1, 0].set(xlabel="time / s" if timed else "frame")
    span = np.ptp(frames[["dy_px", "dx_px"]].to_numpy(float), axis=0)
    return Drawing(figure, frames, _course_words(frames, span, heated))


def _course_words(frames: pd.DataFrame, span_px: Sequence[float], heated: bool) -> str:
    words = f"Drift over {len(frames)} frames: {span_px[0]:.1f} px in y and {span_px[1]:.1f} px in x in all"
    if heated:
        first, last = frames["temperature_c"].iloc[[0, -1]]
        words += f"; temperature from {first:.0f} to {last:.0f} °C"
    return words + "."
