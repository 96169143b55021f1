"""The report: one HTML file that opens without a network, leads with the verdict and shows every stage."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from rapidstem.errors import InputError
from rapidstem.figures.style import RAPID_COLOUR, SLOW_COLOUR, Drawing, image_png, length_label, png_bytes, round_length
from rapidstem.files.atomic import written_beside
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM

LARGEST_FILE_BYTES = 25_000_000
# quality and scale of the pictures in the page: the first with which it is not too large
PICTURE_SIZES = ((90, 1.0), (75, 0.7), (60, 0.4))
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


def report_figure(drawing: Drawing, caption: str, link_stem: str = "") -> ReportFigure:
    """Turn a drawing into a figure of the report, with links to `<link_stem>.png`, `.svg` and `.csv` (`save_drawing` writes them)."""
    links = [link_stem + suffix for suffix in (".png", ".svg", ".csv")] if link_stem else []
    return ReportFigure(caption, png_bytes(drawing.figure), drawing.description, links)


def saved_figure(stem: Path | str, caption: str, folder: Path | str) -> ReportFigure:
    """Take a figure that `save_drawing` wrote, with links to its files relative to the report's folder."""
    stem = Path(stem)
    png, words = (stem.with_name(stem.name + suffix) for suffix in (".png", ".txt"))
    link_stem = str(stem.relative_to(folder))
    links = [link_stem + suffix for suffix in (".png", ".svg", ".csv")]
    return ReportFigure(caption, png.read_bytes(), words.read_text(encoding="utf-8"), links)


def image_slider(caption: str, left_name: str, left: np.ndarray, right_name: str, right: np.ndarray, pixel_size_nm: float) -> Slider:
    """Make a slider from two images (y, x) of one shape, each between its own grey limits.

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
    """Make a cloud from a table of centres: those of the yz sections, thinned evenly to a number that turns smoothly."""
    points = centroids.loc[centroids["plane"] == "yz", ["x_nm", "y_nm", "z_nm"]].to_numpy(float)
    return Cloud(name, colour, points[:: len(points) // (LARGEST_CLOUD_POINTS // 2) + 1], lines_nm)


def centre_clouds(
    rapid: pd.DataFrame, slow: pd.DataFrame, rapid_lines: Sequence[np.ndarray] = (), slow_lines: Sequence[np.ndarray] = ()
) -> list[Cloud]:
    """The rapid centres and lines in orange and the slow ones in aqua."""
    return [centre_cloud("rapid", rapid, RAPID_COLOUR, rapid_lines), centre_cloud("slow", slow, SLOW_COLOUR, slow_lines)]


def verdict_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Print the table of positional errors (`rapidstem.scores.positional_error.positional_errors`), one row a comparison.

    Zhao et al. compare rapid with slow; rows against anything else have no published figure.
    """
    rows = []
    for (acquisition, variant, against), axes in errors.groupby(["acquisition", "variant", "against"], sort=False):
        row = {"acquisition": acquisition, "series": variant, "against": against}
        row |= {f"mean |ΔG{error.axis}| / nm": _fixed(error.mean_abs_nm, 1) for error in axes.itertuples()}
        names = " / ".join(axes["axis"])
        row[f"Zhao et al., {names} / nm"] = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in axes["axis"]) if against == "slow" else "–"
        row[f"median, {names} / nm"] = " / ".join(_fixed(value, 1) for value in axes["median_abs_nm"])
        row[f"bias, {names} / nm"] = " / ".join(_fixed(value, 1) for value in axes["bias_nm"])
        row[f"N, {names}"] = " / ".join(str(int(value)) for value in axes["pairs"])
        row[f"paired, {names} / %"] = " / ".join(_fixed(value, 0) for value in axes["paired_percent"])
        rows.append(row)
    return pd.DataFrame(rows)


def verdict_sentences(errors: pd.DataFrame) -> list[str]:
    """Say what the table of `rapidstem.scores.positional_error.positional_errors` holds, one sentence a comparison."""
    sentences = []
    for (acquisition, variant, against), rows in errors.groupby(["acquisition", "variant", "against"], sort=False):
        found = ", ".join(f"{_fixed(row.mean_abs_nm, 1)} nm in {row.axis} (N = {int(row.pairs)})" for row in rows.itertuples())
        published = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in rows["axis"])
        beside = f"; Zhao et al. (2021) found {published} nm" if against == "slow" else ""
        paired = f"{_fixed(rows['paired_percent'].min(), 0)} % or more of the centres of {against} are paired"
        sentences.append(f"{acquisition}, {variant} against {against}: mean error {found}; {paired}{beside}.")
    return sentences


def write_report(path: Path | str, report: Report) -> int:
    """Write the page as one file and give its size in bytes; with very many figures their pictures are smaller.

    Raises
    ------
    InputError
        The page would have more than 25 MB, too much to send by mail, or the clouds of one section more than 20000 points, too many to
        turn.
    """
    for section in report.sections:
        points = sum(len(cloud.points_nm) for cloud in section.clouds)
        if points > LARGEST_CLOUD_POINTS:
            raise InputError(f"{path}: the 3-D view of '{section.title}' has {points} points; give at most {LARGEST_CLOUD_POINTS}")
    page = b""
    for quality, scale in PICTURE_SIZES:
        picture = partial(_picture_address, quality=quality, scale=scale)
        page = _environment().get_template("report_page.html.j2").render(report=report, picture=picture).encode()
        if len(page) <= LARGEST_FILE_BYTES:
            break
    else:
        raise InputError(f"{path}: the report would have {len(page) / 1e6:.0f} MB; give fewer figures (at most 25 MB)")
    with written_beside(path) as temporary:
        temporary.write_bytes(page)
    return len(page)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rapidstem", "figures"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(cell=_cell, anchor=_anchor, cloud=_cloud_numbers)
    return environment


def _picture_address(png: bytes, quality: int, scale: float) -> str:
    """The picture itself as an address for the page, as WebP, which needs an eighth of the room."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if scale < 1:
        picture = picture.resize((max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)))
    content = io.BytesIO()
    picture.save(content, "WEBP", quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _cell(value: Any, digits: int = 3) -> str:
    """Print a table's cell: floats with significant digits, nothing for what is missing."""
    if value is None or value != value:
        return "–"
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    plain = number == 0 or 1e-3 <= abs(number) < 10**digits
    return f"{number:.{digits}g}" if plain else f"{number:.{digits - 1}e}"


def _fixed(value: float | None, decimals: int) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{round(value, decimals) + 0.0:.{decimals}f}"


def _anchor(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())


def _cloud_numbers(cloud: Cloud) -> dict[str, Any]:
    """The cloud for the page's script: coordinates in whole tenths of a nm, one after the other."""
    points = np.asarray(cloud.points_nm, float).reshape(-1, 3)
    lines = [_tenths(line) for line in cloud.lines_nm if len(line) > 1]
    return {"name": cloud.name, "colour": cloud.colour, "points": _tenths(points[np.isfinite(points).all(axis=1)]), "lines": lines}


def _tenths(points_nm: np.ndarray) -> list[int]:
    return np.rint(np.asarray(points_nm, float) * 10.0).astype(int).ravel().tolist()
