"""What the page consists of: pictures, tables, sliders, the 3-D view, the first screen, a section a stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.figures.style import RAPID_COLOUR, SLOW_COLOUR, image_png, length_label, round_length
from rapidstem.report.session_verdicts import SessionVerdict, Verdict

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
    """Points (n, 3) and lines (each (m, 3)) of one series for the 3-D view, nm, in the order x, y, z.

    Lines that move have times in seconds, and the lines of each; the reader chooses the time.
    """

    name: str
    colour: str
    points_nm: np.ndarray
    lines_nm: Sequence[np.ndarray] = ()
    times_s: Sequence[float] = ()
    moved_nm: Sequence[Sequence[np.ndarray]] = ()


@dataclass(frozen=True)
class Panel:
    """What the page shows of one field, series or variant: the 3-D view, a slider or the first figure in full, the other figures folded."""

    name: str
    figures: Sequence[ReportFigure] = ()
    sliders: Sequence[Slider] = ()
    clouds: Sequence[Cloud] = ()

    @property
    def folders(self) -> list[str]:
        """Where the files of its figures lie, relative to the report's folder."""
        return list(dict.fromkeys(str(Path(link).parent) for figure in self.figures for link in figure.links))


@dataclass(frozen=True)
class Section:
    """A part of the page, one stage of the experiment.

    Attributes
    ----------
    title : heading.
    look_for : one sentence on what to look for.
    panels : of which one is shown, chosen from a list of their names.
    choice : what the list holds, in a word.
    findings : sentences that say what was found; the first is shown, the others are folded.
    verdict : on the stage, where something can be said.
    tables : folded.
    left_out : panels that are named without their pictures, as the page would be too large.
    """

    title: str
    look_for: str
    panels: Sequence[Panel] = ()
    choice: str = "field"
    findings: Sequence[str] = ()
    verdict: Verdict | None = None
    tables: Sequence[ReportTable] = ()
    left_out: Sequence[Panel] = ()

    def with_panels(self, count: int) -> "Section":
        """The same with the pictures of so many panels at most."""
        return replace(self, panels=self.panels[:count], left_out=self.panels[count:])


@dataclass(frozen=True)
class Number:
    """A number of the first screen: what it is, its value with its unit, a note, and whether it can be trusted."""

    label: str
    value: str
    note: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Overview:
    """What the first screen shows of a tilt series: its lines in 3-D, and four numbers."""

    name: str
    clouds: Sequence[Cloud] = ()
    numbers: Sequence[Number] = ()


@dataclass(frozen=True)
class Report:
    """Everything on the page, in its order; what is left empty does not appear.

    Attributes
    ----------
    title : heading, with the session's name.
    verdict : on the session.
    overviews : the tilt series on the first screen, of which one is shown.
    sections : the stages.
    missing : acquisitions that are not in the results, and why.
    warnings : collected from all stages, those that matter most first.
    checks : what the verdict rests on, one row a check.
    settings, versions : names and values.
    times : one row a job.
    """

    title: str
    verdict: SessionVerdict | None = None
    overviews: Sequence[Overview] = ()
    sections: Sequence[Section] = ()
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
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


def centre_cloud(name: str, centroids: pd.DataFrame, lines_nm: Sequence[np.ndarray] = ()) -> Cloud:
    """Make a cloud from the centres in the yz sections, thinned evenly to a number that turns smoothly; slow is aqua, rapid orange."""
    points = centroids.loc[centroids["plane"] == "yz", ["x_nm", "y_nm", "z_nm"]].to_numpy(float)
    thinned = points[:: len(points) // (LARGEST_CLOUD_POINTS // 2) + 1]
    return Cloud(name, SLOW_COLOUR if name == "slow" else RAPID_COLOUR, thinned, lines_nm)
