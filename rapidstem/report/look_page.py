"""The first look at a session's raw files: one page, for each acquisition its pictures, its verdict and its numbers."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rapidstem.report.page_writing import write_page
from rapidstem.report.verdict_criteria import GRADES
from rapidstem.word_forms import word_form

NUMBERS = {
    "frames": "frames",
    "pixel_size_nm": "pixel, nm",
    "dwell_time_ns": "dwell, ns",
    "tilts": "tilt, °",
    "drift_px_per_frame": "drift, px a frame",
    "electrons_per_px": "electrons a pixel",
    "contrast_to_noise": "contrast / noise",
    "detail_nm": "detail, nm",
    "lag_px": "lag, px",
    "row_offset_share": "streaks / noise",
    "histogram_distance": "histogram distance",
}
SHOWN = ("acquisition", "kind", "verdict", "reasons", *NUMBERS)


def write_look(path: Path | str, session: str, table: pd.DataFrame, pictures: Mapping[str, Path]) -> None:
    """Write the page as one file.

    Parameters
    ----------
    path
        Of the page.
    session
        Its name.
    table
        One row an acquisition, with the columns of `SHOWN`.
    pictures
        Thumbnails of each acquisition, PNG files.
    """
    rows = [row | {"address": _address(pictures[str(row["acquisition"])])} for row in table.fillna({"reasons": ""}).to_dict("records")]
    write_page(path, "look.html.j2", session=session, sentence=look_sentence(table), numbers=NUMBERS, rows=rows)


def look_sentence(table: pd.DataFrame) -> str:
    """How many acquisitions are good, doubtful and unusable.

    Parameters
    ----------
    table
        As `write_look` takes it.

    Returns
    -------
    str
        A sentence.
    """
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in GRADES}
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"{len(table)} {word_form(len(table), 'acquisition')}: {words}."


def _address(picture: Path) -> str:
    """A small PNG as it is: as WebP, as figures are, single noisy pixels would smear."""
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
