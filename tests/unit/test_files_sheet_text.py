"""How people and Excel write a sheet: quotation marks, empty columns, blanks, home folders."""

from pathlib import Path

import pytest

from rapidstem.files.acquisition_sheet import read_sheet
from tests.unit.test_files_sheet import HEADER, ROWS, refusal, write_sheet


def test_what_excel_and_people_add_does_not_matter(tmp_path: Path) -> None:
    rows = ['"a"\t"test"\t 10 \t"raw/5"" wafer.mrc"\t\t\t\t\t', "\t\t\t\t\t\t\t\t", "b\u00a0\ttest\t0\tü b.mrc\t\t"]
    (tmp_path / "sheet.tsv").write_text("\r\n".join([HEADER + "\t\t", *rows]), encoding="utf-8")
    sheet = read_sheet(tmp_path / "sheet.tsv")
    assert sheet["acquisition"].tolist() == ["a", "b"] and sheet["tilt"].tolist() == [10, 0]
    assert sheet["rapid"].tolist() == [str(tmp_path / 'raw/5" wafer.mrc'), str(tmp_path / "ü b.mrc")]


def test_a_value_below_a_column_without_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sheet.tsv").write_text(f"{HEADER}\t\na\ttest\t0\ta.mrc\t\t\tmore\n", encoding="utf-8")
    assert "7 values for 6 columns" in refusal(tmp_path / "sheet.tsv")


def test_a_tilde_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    sheet = read_sheet(write_sheet(tmp_path, "a\ttest\t0\t~/a.mrc\t\t"))
    assert sheet.loc[0, "rapid"] == str(tmp_path / "home/a.mrc")


@pytest.mark.parametrize("row", ['a\ttest\t0\t"a.mrc\t\t', 'a\ttest\t0\t"a\nb.mrc"\t\t', 'a\ttest\t0\t"a" b.mrc\t\t'])
def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(tmp_path: Path, row: str) -> None:
    assert "line 6: a quotation mark is opened and not closed" in refusal(write_sheet(tmp_path, *ROWS, row, *ROWS))
