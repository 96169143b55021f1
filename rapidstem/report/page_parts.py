"""What the page consists of: pictures, tables, sliders, the 3-D view, a section a stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.figures.style import RAPID_COLOUR, SLOW_COLOUR, image_png, length_label, round_length

# Canvas draws them point by point at every turn; by judgement, for the processor of a telephone.
LARGEST_CLOUD_POINTS = 20_000


@dataclass(frozen=True)
class ReportFigure:
    """A picture (PNG) with its caption, the words for those who cannot see it, and names of files beside the report to take along."""

    caption: str
    png: bytes
    description: str
    links: Sequence[str] = ()


@dataclass(frozen=True)
class ReportTable:
    """A table with its title; floats are printed with `digits` significant digits."""

    title: str
    table: pd.DataFrame
    note: str = ""
    digits: int = 3


@dataclass(frozen=True)
class Slider:
    """Two images (PNG) of the same size over each other, with a scale bar; the reader moves the boundary."""

    caption: str
    left_name: str
    left_png: bytes
    right_name: str
    right_png: bytes
    bar_percent: float
    bar_label: str


@dataclass(frozen=True)
class Cloud:
    """Points (n, 3) and lines (each (m, 3)) of one series for the 3-D view, nm, in the order x, y, z."""

    name: str
    colour: str
    points_nm: np.ndarray
    lines_nm: Sequence[np.ndarray] = ()


@dataclass(frozen=True)
class Section:
    """A part of the page: one stage of the experiment, with one sentence on what to look for."""

    title: str
    look_for: str
    figures: Sequence[ReportFigure] = ()
    tables: Sequence[ReportTable] = ()
    sliders: Sequence[Slider] = ()
    clouds: Sequence[Cloud] = ()


@dataclass(frozen=True)
class Report:
    """Everything on the page, in its order; what is left empty does not appear.

    Attributes
    ----------
    title : heading, with the session's name.
    verdict : sentences that say what was found.
    errors : `verdict_table` of the positional errors.
    scores : tables by tilt, beside the published ones.
    sections : the stages.
    missing : acquisitions that are not in the results, and why.
    warnings : collected from all stages.
    settings, versions : names and values.
    times : one row a job.
    """

    title: str
    verdict: Sequence[str] = ()
    errors: pd.DataFrame = field(default_factory=pd.DataFrame)
    scores: Sequence[ReportTable] = ()
    sections: Sequence[Section] = ()
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    times: pd.DataFrame = field(default_factory=pd.DataFrame)


def saved_figure(stem: Path | str, caption: str, folder: Path | str) -> ReportFigure:
    """Take a figure that `save_drawing` wrote, with links to its files relative to the report's folder."""
    stem = Path(stem)
    png, words = (stem.with_name(stem.name + suffix) for suffix in (".png", ".txt"))
    link_stem = str(stem.relative_to(folder))
    links = [link_stem + suffix for suffix in (".png", ".svg", ".csv")]
    return ReportFigure(caption, png.read_bytes(), words.read_text(encoding="utf-8"), links)


def image_slider(caption: str, left_name: str, left: np.ndarray, right_name: str, right: np.ndarray, pixel_size_nm: float) -> Slider:
    """Make a slider from two images (y, x) of one shape, each between its own grey limits.

    Parameters
    ----------
    caption
        Below the slider.
    left_name, right_name
        Above the two images.
    left, right : (y, x)
        Of one shape.
    pixel_size_nm
        Of both.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if left.shape != right.shape:
        shapes = f"{left_name} {left.shape} and {right_name} {right.shape}"
        raise InputError(f"{caption}: the images {shapes} differ in shape; bring them into one geometry")
    width_nm = left.shape[1] * pixel_size_nm
    bar_nm = round_length(0.28 * width_nm)
    return Slider(caption, left_name, image_png(left), right_name, image_png(right), 100.0 * bar_nm / width_nm, length_label(bar_nm))


def centre_cloud(name: str, centroids: pd.DataFrame, colour: str, lines_nm: Sequence[np.ndarray] = ()) -> Cloud:
    """Make a cloud from a table of centres: those of the yz sections, thinned evenly to a number that turns smoothly.

    Parameters
    ----------
    name
        For the legend.
    centroids
        As `rapidstem.dislocations.locate_centroids` gives it.
    colour
        Of the points.
    lines_nm : sequence of (n, 3)
        Drawn through the cloud.
    """
    points = centroids.loc[centroids["plane"] == "yz", ["x_nm", "y_nm", "z_nm"]].to_numpy(float)
    return Cloud(name, colour, points[:: len(points) // (LARGEST_CLOUD_POINTS // 2) + 1], lines_nm)


def centre_clouds(
    rapid: pd.DataFrame, slow: pd.DataFrame, rapid_lines: Sequence[np.ndarray] = (), slow_lines: Sequence[np.ndarray] = ()
) -> list[Cloud]:
    """The rapid centres and lines in orange and the slow ones in aqua.

    Parameters
    ----------
    rapid, slow
        Tables of centres.
    rapid_lines, slow_lines : sequence of (n, 3)
        In nm.

    Returns
    -------
    list of Cloud
        Rapid and slow.
    """
    return [centre_cloud("rapid", rapid, RAPID_COLOUR, rapid_lines), centre_cloud("slow", slow, SLOW_COLOUR, slow_lines)]
