"""One HTML file that opens without a network."""

import base64
import io
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.report.page_parts import LARGEST_CLOUD_POINTS, Cloud, Report
from rapidstem.word_forms import word_form

# What mail servers let through without a question.
LARGEST_FILE_BYTES = 10_000_000
# quality and scale of the pictures in the page: the first with which it is not too large
PICTURE_SIZES = ((90, 1.0), (75, 0.7), (60, 0.4))
_TEMPLATE = "page.html.j2"
# what links to films are called by, the first that fits
_FILMS = {".lines.mp4": "MP4 of the followed lines", ".mp4": "MP4 of the frames"}


def write_report(path: Path | str, report: Report) -> int:
    """Write the page as one file and give its size in bytes; with very many figures their pictures are smaller.

    Where not even the smallest fit, those of the last panels of the longest sections are left out, and named with their files.

    Parameters
    ----------
    path
        File to write, `.html`.
    report
        What the page holds.

    Returns
    -------
    int
        Bytes of the page.

    Raises
    ------
    InputError
        The page would have more than 10 MB, too much to send by mail, or the clouds of one series more than 20000 points, too many to
        turn.
    """
    for overview in report.overviews:
        points = sum(len(cloud.points_nm) for cloud in overview.clouds)
        if points > LARGEST_CLOUD_POINTS:
            raise InputError(f"{path}: the 3-D view of '{overview.name}' has {points} points; give at most {LARGEST_CLOUD_POINTS}")
    pictures = _pictures()
    page = _rendered(pictures, _TEMPLATE, report=report)
    return _save(path, page if len(page) <= LARGEST_FILE_BYTES else _shortened(pictures[-1], report))


def write_page(path: Path | str, template: str, **contents: Any) -> int:
    """Write a page from a template of this room and give its size in bytes; with very many figures their pictures are smaller.

    Parameters
    ----------
    path
        File to write, `.html`.
    template
        File name of the template.
    **contents
        What the template names.

    Returns
    -------
    int
        Bytes of the page.

    Raises
    ------
    InputError
        The page would have more than 10 MB.
    """
    return _save(path, _rendered(_pictures(), template, **contents))


def _pictures() -> list[Callable[[bytes], str]]:
    """The addresses of pictures in every size, the largest first; the smallest, which a shortened page has too, are kept."""
    *larger, smallest = [partial(_picture_address, quality=quality, scale=scale) for quality, scale in PICTURE_SIZES]
    return [*larger, cache(smallest)]


def _rendered(pictures: Sequence[Callable[[bytes], str]], template: str, **contents: Any) -> bytes:
    """The page with the largest pictures with which it is not too large, or with the smallest."""
    page = b""
    for picture in pictures:
        page = _page_with(picture, template, **contents)
        if len(page) <= LARGEST_FILE_BYTES:
            break
    return page


def _shortened(picture: Callable[[bytes], str], report: Report) -> bytes:
    """The page with the smallest pictures, of as many panels a section as fit; of one, where not even they do."""

    def page_of(panels: int) -> bytes:
        sections = [section.with_panels(panels) for section in report.sections]
        return _page_with(picture, _TEMPLATE, report=replace(report, sections=sections))

    most = max((len(section.panels) for section in report.sections), default=1)
    fitting = bisect_left(range(1, most), True, key=lambda panels: len(page_of(panels)) > LARGEST_FILE_BYTES)
    return page_of(max(fitting, 1))


def _page_with(picture: Callable[[bytes], str], template: str, **contents: Any) -> bytes:
    return _environment().get_template(template).render(picture=picture, **contents).encode()


def _save(path: Path | str, page: bytes) -> int:
    if len(page) > LARGEST_FILE_BYTES:
        raise InputError(f"{path}: the page would have {len(page) / 1e6:.0f} MB; give fewer figures (at most 10 MB)")
    with written_beside(path) as temporary:
        temporary.write_bytes(page)
    return len(page)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rapidstem", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(cell=_cell, anchor=_anchor, cloud=_cloud_numbers, kind=_kind, word_form=word_form)
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


def _anchor(title: str) -> str:
    """A place in the page by its title; names of acquisitions in it stay as they are, as `a_b` is another one than `a-b`."""
    return "".join(letter if letter.isalnum() or letter == "_" else "-" for letter in title)


def _kind(link: str) -> str:
    """What a link is called: a film by what it shows, any other file by its ending."""
    films = [words for ending, words in _FILMS.items() if link.endswith(ending)]
    return films[0] if films else Path(link).suffix.removeprefix(".").upper()


def _cloud_numbers(cloud: Cloud) -> dict[str, Any]:
    """The cloud for the page's script: coordinates in whole tenths of a nm, one after the other."""
    points = np.asarray(cloud.points_nm, float).reshape(-1, 3)
    lines = [_tenths(line) for line in cloud.lines_nm if len(line) > 1]
    numbers = {"name": cloud.name, "colour": cloud.colour, "points": _tenths(points[np.isfinite(points).all(axis=1)]), "lines": lines}
    moved = [[_tenths(line) for line in lines if len(line) > 1] for lines in cloud.moved_nm]
    return numbers | ({"times": [round(time, 3) for time in cloud.times_s], "moved": moved} if moved else {})


def _tenths(points_nm: np.ndarray) -> list[int]:
    return np.rint(np.asarray(points_nm, float) * 10.0).astype(int).ravel().tolist()
