"""What a report leaves out where it would be too large to send."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rapidstem.report import page_writing
from rapidstem.report.page_parts import Panel, Report, ReportFigure, Section
from rapidstem.report.page_writing import write_report


def picture(seed: int) -> bytes:
    noise, png = np.random.default_rng(seed).integers(0, 255, (100, 100, 3), dtype=np.uint8), io.BytesIO()
    Image.fromarray(noise).save(png, "PNG")
    return png.getvalue()


def panels(count: int) -> list[Panel]:
    fields = [f"field-{number}" for number in range(count)]
    return [
        Panel(name, [ReportFigure("noise", picture(number), "noise", [f"figures/{name}/filters.png"])])
        for number, name in enumerate(fields)
    ]


@pytest.mark.parametrize("fields", [100, 130])
def test_pictures_of_fields_beyond_what_fits_are_named_with_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: int
) -> None:
    monkeypatch.setattr(page_writing, "LARGEST_FILE_BYTES", 110_000)
    series = Section("Series", "l", panels(2))
    report = Report("x", sections=[Section("Denoising", "l", panels(fields), findings=["All numbers."]), series])
    assert write_report(tmp_path / "report.html", report) <= 110_000
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = len(re.findall("data:image/webp", page)) - 2
    assert 10 < shown < fields
    assert f"Pictures of {fields - shown} of {fields} are left out" in page and "All numbers." in page
    left_out = re.findall(r"<li>(field-\d+): in figures/\1, beside the report</li>", page)
    assert left_out == [f"field-{number}" for number in range(shown, fields)]
    larger = [each.with_panels(shown + 1) for each in report.sections]
    with pytest.MonkeyPatch.context() as unlimited:
        unlimited.setattr(page_writing, "LARGEST_FILE_BYTES", 10**9)
        unlimited.setattr(page_writing, "PICTURE_SIZES", page_writing.PICTURE_SIZES[-1:])
        assert write_report(tmp_path / "larger.html", Report("x", sections=larger)) > 110_000


def test_a_shortened_report_encodes_every_picture_once_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = []
    encode = page_writing._picture_address

    def counted(png: bytes, quality: int, scale: float) -> str:
        encoded.append((png, quality, scale))
        return encode(png, quality, scale)

    monkeypatch.setattr(page_writing, "LARGEST_FILE_BYTES", 110_000)
    monkeypatch.setattr(page_writing, "_picture_address", counted)
    write_report(tmp_path / "report.html", Report("x", sections=[Section("Denoising", "l", panels(100))]))
    assert "left out" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(encoded) == len(set(encoded)) == 100 * len(page_writing.PICTURE_SIZES)


def test_a_report_that_fits_leaves_nothing_out(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", Report("x", sections=[Section("Denoising", "l", panels(20))]))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(re.findall("data:image/webp", page)) == 20 and "left out" not in page
