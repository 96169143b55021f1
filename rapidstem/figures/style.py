"""One look for all figures: colours that colour-blind people tell apart, images with scale bars, files written whole."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from rapidstem.files.atomic import written_beside
from rapidstem.files.tables import write_table

# The report takes colours, lengths and grey images from here and draws nothing.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe, M. & Ito, K. Color Universal Design (2008)
BLACK, ORANGE, AQUA, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
SERIES_COLOURS = (BLUE, ORANGE, PURPLE, AQUA, BLACK, VERMILION, YELLOW)
SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
RAPID_COLOUR, SLOW_COLOUR = ORANGE, AQUA

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100.0,
    "savefig.dpi": 130.0,
    "image.interpolation": "auto",
    "svg.hashsalt": "rapidstem",
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Drawing:
    """A figure, the numbers that it shows, and what it shows in words for those who cannot see it."""

    figure: "Figure"
    data: pd.DataFrame
    description: str


def styled(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Draw in the common style, whatever matplotlib is set to elsewhere."""

    @wraps(draw)
    def draw_in_style(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        import matplotlib

        with matplotlib.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return draw_in_style


def panels(rows: int, columns: int, width_inch: float, height_inch: float, **options: Any) -> "tuple[Figure, np.ndarray]":
    """Give a figure and its axes as an array (rows, columns); `options` go to `Figure.subplots`.

    Parameters
    ----------
    rows, columns : int
        Of axes.
    width_inch, height_inch : float
        Of the whole figure.
    options
        For `Figure.subplots`.

    Returns
    -------
    Figure, ndarray (rows, columns) of Axes
        With two dimensions even where there is one panel.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inch, height_inch))
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def series_style(number: int) -> dict[str, str]:
    """Colour and marker of the n-th series; both differ, so that a black-and-white print is readable."""
    return {"color": SERIES_COLOURS[number % len(SERIES_COLOURS)], "marker": SERIES_MARKERS[number % len(SERIES_MARKERS)]}


def grey_limits(image: np.ndarray, percent: float = 0.5) -> tuple[float, float]:
    """Intensities shown as black and white: percentiles of the finite pixels, never equal.

    Parameters
    ----------
    image : ndarray
        Of any shape; NaN is left out.
    percent : float
        Of the pixels that are black, and of those that are white.

    Returns
    -------
    low, high : float
        In the unit of the image.
    """
    finite = image[np.isfinite(image)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(finite, [percent, 100.0 - percent])
    return float(low), float(high if high > low else low + 1.0)


def unit_range(image: np.ndarray) -> np.ndarray:
    """Scale an image so that its grey limits become 0 and 1, and cut what lies outside; pixels without a value become 0."""
    low, high = grey_limits(image)
    return np.nan_to_num(np.clip((np.asarray(image, float) - low) / (high - low), 0.0, 1.0))


def show_image(axes: "Axes", image: np.ndarray, pixel_size_nm: float, title: str = "") -> tuple[float, float]:
    """Show a grey (y, x) or coloured (y, x, 3) image with a scale bar; give the intensities shown as black and white.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    image : ndarray (y, x) or (y, x, 3)
        NaN is left blank.
    pixel_size_nm : float
        For the scale bar.
    title : str
        Above the image.

    Returns
    -------
    low, high : float
        In the unit of the image.
    """
    low, high = grey_limits(image)
    axes.imshow(image, cmap="gray", vmin=low, vmax=high)
    bare_image_axes(axes, title)
    scale_bar(axes, image.shape[1], pixel_size_nm)
    return low, high


def bare_image_axes(axes: "Axes", title: str) -> None:
    """Take ticks, grid and frame from axes that hold an image."""
    axes.set(xticks=[], yticks=[], title=title)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def scale_bar(axes: "Axes", width_px: float, pixel_size_nm: float) -> float:
    """Draw a bar of a round length, about a quarter of the image's width, at the lower left of the axes; give the length in nm."""
    from matplotlib.patches import Rectangle

    length_nm = round_length(0.28 * width_px * pixel_size_nm)
    share = length_nm / (width_px * pixel_size_nm)
    axes.add_patch(Rectangle((0.03, 0.03), share + 0.04, 0.15, transform=axes.transAxes, facecolor="black", alpha=0.6, linewidth=0))
    axes.add_patch(Rectangle((0.05, 0.05), share, 0.02, transform=axes.transAxes, facecolor="white", linewidth=0))
    axes.text(
        0.05 + share / 2, 0.085, length_label(length_nm), transform=axes.transAxes, color="white", ha="center", va="bottom", fontsize=7
    )
    return length_nm


def round_length(largest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `largest`.

    Parameters
    ----------
    largest : float
        Above zero, in any unit.

    Returns
    -------
    float
        In the same unit.
    """
    power = 10.0 ** np.floor(np.log10(largest))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= largest * (1 + 1e-12)) * power)


def length_label(length_nm: float) -> str:
    """A length in nm, or in µm from 1000 nm on.

    Parameters
    ----------
    length_nm : float
        Above zero.
    """
    return f"{length_nm:g} nm" if length_nm < 1000 else f"{length_nm / 1000:g} µm"


def two_colours(first: np.ndarray, second: np.ndarray, first_colour: str, second_colour: str) -> np.ndarray:
    """Superpose two images (0 to 1) in two colours on black: (y, x, 3), nearly white where both are bright.

    Parameters
    ----------
    first, second : ndarray (y, x)
        From 0 to 1.
    first_colour, second_colour : str
        Names or codes of colours.

    Returns
    -------
    ndarray (y, x, 3)
        From 0 to 1.
    """
    from matplotlib.colors import to_rgb

    colours = [np.array(to_rgb(colour)) for colour in (first_colour, second_colour)]
    return np.clip(first[..., None] * colours[0] + second[..., None] * colours[1], 0.0, 1.0)


def png_bytes(figure: "Figure") -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    return _file_bytes(figure, "png", {"Software": None})


def svg_bytes(figure: "Figure") -> bytes:
    """The figure as an SVG file; the same figure gives the same bytes."""
    return _file_bytes(figure, "svg", {"Date": None})


def image_png(image: np.ndarray) -> bytes:
    """A grey image as an 8-bit PNG, pixel by pixel, between its grey limits.

    Parameters
    ----------
    image : ndarray (y, x)
        Of any range; NaN becomes black.
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.rint(255 * unit_range(image)).astype(np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def save_drawing(drawing: Drawing, stem: Path | str) -> None:
    """Write `<stem>.png`, `<stem>.svg`, the data as `<stem>.csv` and the description as `<stem>.txt`, each complete or not at all.

    Parameters
    ----------
    drawing : Drawing
        Figure, data and words.
    stem : path
        Path of the files without their ending.
    """
    stem = Path(stem)
    pictures = ((".png", png_bytes(drawing.figure)), (".svg", svg_bytes(drawing.figure)), (".txt", drawing.description.encode()))
    for suffix, content in pictures:
        with written_beside(stem.with_name(stem.name + suffix)) as temporary:
            temporary.write_bytes(content)
    write_table(stem.with_name(stem.name + ".csv"), drawing.data)


def _file_bytes(figure: "Figure", kind: str, metadata: dict[str, Any]) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        _settle_layout(figure)
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def _settle_layout(figure: "Figure") -> None:
    """Lay out the panels once and for all, to a millionth of the figure.

    The solver of the layout (kiwisolver) orders its unknowns by their addresses in memory, so that the last digits of a panel's place,
    and with them the names of its clip paths in an SVG file, differ from one run to the next.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.transforms import Bbox

    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(Bbox(axes.get_position(original=True).get_points().round(6)))
