"""The sheet of acquisitions: what it gives, and what it says about mistakes."""

import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pandas as pd
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.acquisition_sheet import check_files, read_sheet
from rapidstem.files.image_stacks import FallbackMetadata
from rapidstem.files.mrc_volumes import write_series

HEADER = "acquisition\tkind\ttilt\trapid\tslow\tdcfi"
ROWS = [
    "cal\tcalibration\t0\traw/cal.mrc\traw/cal-slow.mrc\t",
    "field-1\ttraining\t-40.5\traw/f1.mrc\traw/f1-slow.mrc\traw/f1-dcfi.mrc",
    "field_2\ttest\t40\traw/f2.mrc\t\t",
    "series\ttilt_series\t\traw/s.mrc\t../s-slow.mrc\t",
]
TILTS_DEG = [-20, -10, 0, 10, 20]


def write_sheet(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "session" / "sheet.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_sheet(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_values_and_absolute_paths(tmp_path: Path) -> None:
    sheet = read_sheet(write_sheet(tmp_path, *ROWS)).set_index("acquisition")
    assert list(sheet.index) == ["cal", "field-1", "field_2", "series"]
    assert sheet.loc["field-1", "tilt"] == -40.5
    assert np.isnan(sheet.loc["series", "tilt"])
    assert sheet.loc["field-1", "dcfi"] == str(tmp_path / "session/raw/f1-dcfi.mrc")
    assert sheet.loc["series", "slow"] == str(tmp_path / "s-slow.mrc")
    assert sheet.loc["field_2", "slow"] == ""


def test_paths_do_not_depend_on_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sheet(tmp_path, *ROWS)
    monkeypatch.chdir(tmp_path / "session")
    near = read_sheet("sheet.tsv")
    monkeypatch.chdir(tmp_path)
    pd.testing.assert_frame_equal(near, read_sheet("session/sheet.tsv"))


def test_columns_in_another_order_and_without_dcfi(tmp_path: Path) -> None:
    sheet = read_sheet(write_sheet(tmp_path, "b.mrc\t\t10\tx\ttest", header="rapid\tslow\ttilt\tacquisition\tkind"))
    assert sheet.loc[0, ["acquisition", "kind", "tilt", "dcfi"]].tolist() == ["x", "test", 10, ""]


def test_windows_line_ends_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "sheet.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([HEADER, "", *ROWS, "\t\t"]).encode())
    assert len(read_sheet(path)) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("\ttest\t0\ta.mrc\t\t", "column acquisition: empty"),
        ("a b\ttest\t0\ta.mrc\t\t", "column acquisition: a name consists of"),
        ("../a\ttest\t0\ta.mrc\t\t", "column acquisition: a name consists of"),
        ("a\ttraning\t0\ta.mrc\t\t", "column kind: 'traning' is unknown; write one of training"),
        ("a\ttest\t\ta.mrc\t\t", "column tilt: empty"),
        ("a\tin_situ\t\ta.mrc\t\t", "column tilt: empty"),
        ("a\ttest\t12,5\ta.mrc\t\t", "column tilt: '12,5' is no number"),
        ("a\ttest\tnan\ta.mrc\t\t", "column tilt: 'nan' is no number"),
        ("a\ttest\tinf\ta.mrc\t\t", "column tilt: inf is outside"),
        ("a\ttest\t1_0\ta.mrc\t\t", "column tilt: '1_0' is no number"),
        ("a" * 101 + "\ttest\t0\ta.mrc\t\t", "column acquisition: a name has at most 100 characters"),
        ("a\ttest\t-90.5\ta.mrc\t\t", "column tilt: -90.5 is outside"),
        ("a\ttilt_series\t0\ta.mrc\t\t", "leave it empty"),
        ("a\ttest\t0\t\tb.mrc\t", "column rapid: empty"),
        ("a\tcalibration\t0\ta.mrc\t\t", "column slow: empty; a calibration field needs"),
        ("a\ttraining\t0\ta.mrc\ta.mrc\t", "columns rapid and slow: the same file"),
        ("field-1\ttest\t0\ta.mrc\t\t", "line 3 has the same name"),
        ("a\ttest\t0\traw/../raw/f2.mrc\t\t", "line 4 has the same file"),
        ("a\ttest\t0\ta.mrc\t\t\tb.mrc", "7 values for 6 columns"),
    ],
)
def test_a_wrong_row_is_named_with_the_remedy(tmp_path: Path, row: str, expected: str) -> None:
    message = refusal(write_sheet(tmp_path, *ROWS, row))
    assert "line 6" in message
    assert expected in message
    assert message.count("\n") == 1, "one mistake, one line"


def test_all_mistakes_are_listed_but_not_without_end(tmp_path: Path) -> None:
    message = refusal(write_sheet(tmp_path, *[f"a{i}\twrong\t0\t{i}.mrc\t\t" for i in range(25)]))
    assert "line 2" in message
    assert message.count("column kind") == 20
    assert message.endswith("and 5 more")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("acquisition,kind,tilt,rapid,slow", "separated by commas; save the sheet with tabs"),
        ("acquisition;kind;tilt;rapid;slow", "separated by semicolons"),
        ("acquisition\tkind\ttilt\trapid", "the column 'slow' is missing"),
        ("acquisition\tkind\ttilt\trapid\tslow\tpressure", "the column 'pressure' is unknown"),
        ("acquisition\tkind\ttilt\trapid\tslow\tslow", "the column 'slow' stands there twice"),
    ],
)
def test_wrong_columns(tmp_path: Path, header: str, expected: str) -> None:
    assert expected in refusal(write_sheet(tmp_path, "a\ttest\t0\ta.mrc\t", header=header))


def test_unreadable_sheets(tmp_path: Path) -> None:
    path = tmp_path / "sheet.tsv"
    assert "no such sheet" in refusal(path)
    path.write_text("\n\n")
    assert "is empty" in refusal(path)
    path.write_text(HEADER + "\n")
    assert "has no acquisitions" in refusal(path)
    path.write_bytes(HEADER.encode("utf-16"))
    assert "not UTF-8" in refusal(path)


def write_stack(path: Path, frames: int = 3, size: int = 16, pixel_size_nm: float = 4.56, tilts: list[float] | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_series(path, np.ones((frames, size, size), np.float32), pixel_size_nm)
    if tilts is not None:
        path.with_suffix(".rawtlt").write_text("\n".join(map(str, tilts)) + "\n")
    return path


def small_session(folder: Path) -> pd.DataFrame:
    """One field and one tilt series, with nothing wrong."""
    raw = folder / "session" / "raw"
    sheet = read_sheet(write_sheet(folder, "f\ttest\t10\traw/f.mrc\traw/f-slow.mrc\t", "s\ttilt_series\t\traw/s.mrc\traw/s-slow.mrc\t"))
    write_stack(raw / "f.mrc")
    write_stack(raw / "f-slow.mrc", frames=1)
    write_stack(raw / "s.mrc", frames=6, tilts=[-20, -12, -4, 4, 12, 20])
    write_stack(raw / "s-slow.mrc", frames=5, tilts=TILTS_DEG)
    return sheet


def complaints(sheet: pd.DataFrame, fallback: FallbackMetadata | None = None) -> str:
    with pytest.raises(InputError) as caught:
        check_files(sheet, fallback=fallback)
    return str(caught.value)


def test_sound_files_pass(tmp_path: Path) -> None:
    check_files(small_session(tmp_path))


def test_fields_of_one_frame_pass_where_they_are_allowed(tmp_path: Path) -> None:
    sheet = small_session(tmp_path)
    write_stack(tmp_path / "session/raw/f.mrc", frames=1)
    check_files(sheet, single_frames=True)
    write_stack(tmp_path / "session/raw/s.mrc", frames=1, tilts=[0])
    with pytest.raises(InputError, match=r"acquisition 's', column rapid: .* only one frame"):
        check_files(sheet, single_frames=True)


def test_environment_variables_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROSCOPE_DATA", str(tmp_path / "elsewhere"))
    path = write_sheet(tmp_path, "f\ttest\t10\t$MICROSCOPE_DATA/f.mrc\t\t")
    assert read_sheet(path).loc[0, "rapid"] == str(tmp_path / "elsewhere/f.mrc")
    monkeypatch.delenv("MICROSCOPE_DATA")
    with pytest.raises(InputError, match=r"column rapid: \$MICROSCOPE_DATA/f.mrc names an environment variable that is not set"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("f.mrc", {"frames": 1}, ["acquisition 'f'", "column rapid", "only one frame"]),
        ("s-slow.mrc", {"frames": 1, "tilts": [0]}, ["acquisition 's'", "column slow", "only one frame"]),
        ("f-slow.mrc", {"size": 48}, ["acquisition 'f'", "column slow", "shows 218.9 x 218.9 nm, the rapid frames 72.96 x 72.96 nm"]),
        ("f-slow.mrc", {"pixel_size_nm": 456.0}, ["acquisition 'f'", "456 nm, the rapid frames of 4.56 nm", "unit"]),
        ("s-slow.mrc", {"frames": 5, "size": 32, "tilts": TILTS_DEG}, ["acquisition 's'", "32 x 32 pixels, the rapid frames 16 x 16"]),
        ("s-slow.mrc", {"frames": 5, "pixel_size_nm": 2.1, "tilts": TILTS_DEG}, ["acquisition 's'", "2.1 nm, the rapid frames of 4.56 nm"]),
        ("s.mrc", {"tilts": [-2, 0]}, ["acquisition 's'", "s.rawtlt", "2 angles for 3 frames"]),
        ("s.mrc", {"tilts": [0, 0, 0.1]}, ["acquisition 's'", "3 frames from 0.00 to 0.10 degrees are no tilt series"]),
        ("s.mrc", {"frames": 4, "tilts": [-60, -20, 20, 60]}, ["4 frames from -60.00 to 60.00 degrees are no tilt series: at least 5"]),
    ],
)
def test_a_wrong_file_is_named_with_the_remedy(tmp_path: Path, name: str, changes: dict, expected: list[str]) -> None:
    sheet = small_session(tmp_path)
    path = tmp_path / "session" / "raw" / name
    path.unlink()
    write_stack(path, **changes)
    message = complaints(sheet)
    assert all(words in message for words in [*expected, str(path.with_suffix(""))])
    assert message.count("\n") == 1, "one mistake, one line"


def test_slow_image_of_a_field_may_have_finer_pixels(tmp_path: Path) -> None:
    sheet = small_session(tmp_path)
    path = tmp_path / "session/raw/f-slow.mrc"
    path.unlink()
    write_stack(path, frames=1, size=36, pixel_size_nm=2.28)
    check_files(sheet)


@pytest.mark.parametrize(("side", "refused"), [(128, True), (32, True), (64, False), (60, False)])
def test_one_pixel_size_is_not_assumed_for_images_of_other_pixels(tmp_path: Path, side: int, refused: bool) -> None:
    random = np.random.default_rng(0)
    for name, shape in (("rapid.tif", (4, 64, 64)), ("slow.tif", (side, side))):
        tifffile.imwrite(tmp_path / name, random.integers(0, 99, shape).astype(np.uint16), photometric="minisblack")
    (tmp_path / "sheet.tsv").write_text("acquisition\tkind\ttilt\trapid\tslow\nf\ttraining\t0\trapid.tif\tslow.tif\n")
    sheet = read_sheet(tmp_path / "sheet.tsv")
    if not refused:
        assert check_files(sheet, fallback=FallbackMetadata(pixel_size_nm=4)).remarks == []
        return
    said = f"has {side} x {side} pixels, the rapid frames 64 x 64, and neither file says its pixel size, so that 4 nm would count for both"
    with pytest.raises(InputError, match=said):
        check_files(sheet, fallback=FallbackMetadata(pixel_size_nm=4))


def test_tilt_series_without_angles(tmp_path: Path) -> None:
    sheet = small_session(tmp_path)
    (tmp_path / "session/raw/s.rawtlt").unlink()
    message = complaints(sheet)
    assert "acquisition 's', column rapid" in message
    assert "write s.rawtlt beside it" in message


def test_all_wrong_files_are_listed(tmp_path: Path) -> None:
    sheet = small_session(tmp_path)
    (tmp_path / "session/raw/f.mrc").unlink()
    (tmp_path / "session/raw/s-slow.mrc").write_text("no image")
    message = complaints(sheet)
    assert "no such file" in message
    assert "'s', column slow" in message


def test_missing_pixel_size_of_a_file(tmp_path: Path) -> None:
    sheet = small_session(tmp_path)
    with mrcfile.open(tmp_path / "session/raw/f.mrc", mode="r+") as file:
        file.voxel_size = 0
    assert "`pixel_size_nm`" in complaints(sheet)
    check_files(sheet, fallback=FallbackMetadata(pixel_size_nm=4.56))


def test_reading_a_sheet_imports_no_reader_of_images() -> None:
    heavy = "{'rsciio', 'dask', 'tifffile', 'torch', 'skimage', 'matplotlib'}"
    code = f"import sys, rapidstem.files.acquisition_sheet; print(sorted({heavy} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert said.stdout.strip() == b"[]"


@pytest.mark.parametrize(
    ("kind", "temperature", "expected"),
    [
        ("test", "150", "column temperature: '150', but only an in-situ series has one"),
        ("in_situ", "hot", "column temperature: 'hot' is no temperature"),
        ("in_situ", "90..150@0", "column temperature: '90..150@0': the rate"),
    ],
)
def test_a_wrong_temperature_is_named(tmp_path: Path, kind: str, temperature: str, expected: str) -> None:
    message = refusal(write_sheet(tmp_path, f"a\t{kind}\t0\ta.mrc\t\t\t{temperature}", header=f"{HEADER}\ttemperature"))
    assert expected in message


def test_the_log_of_a_heater_lies_beside_the_sheet(tmp_path: Path) -> None:
    rows = [f"{name}\tin_situ\t0\t{name}.mrc\t\t\t{text}" for name, text in (("a", "logs/heater.csv"), ("b", "90..150@1"), ("c", ""))]
    sheet = read_sheet(write_sheet(tmp_path, *rows, header=f"{HEADER}\ttemperature"))
    assert sheet["temperature"].to_list() == [str(tmp_path / "session/logs/heater.csv"), "90..150@1", ""]
    assert "heater.csv: there is no such file" in complaints(sheet)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "b\tin_situ\t10\tb.mrc\t\t\tfilm",
            "line 3, acquisition 'b', column tomogram: 'film' is no tilt series; those of the sheet are series",
        ),
        ("b\ttest\t0\tb.mrc\t\t\tseries", "line 3, acquisition 'b', column tomogram: 'series', but only an in-situ series or a later tilt"),
        ("b\ttilt_series\t\tb.mrc\t\t\tb", "line 3, acquisition 'b', column tomogram: 'b' does not stand above this row"),
    ],
)
def test_a_tomogram_must_be_a_tilt_series_of_the_sheet(tmp_path: Path, row: str, expected: str) -> None:
    series = "series\ttilt_series\t\ts.mrc\t\t\t"
    assert expected in refusal(write_sheet(tmp_path, series, row, header=f"{HEADER}\ttomogram"))
    good = read_sheet(write_sheet(tmp_path, series, "b\tin_situ\t10\tb.mrc\t\t\tseries", header=f"{HEADER}\ttomogram"))
    assert good["tomogram"].to_list() == ["", "series"]
    repeated = read_sheet(write_sheet(tmp_path, series, "b\ttilt_series\t\tb.mrc\t\t\tseries", header=f"{HEADER}\ttomogram"))
    assert repeated["tomogram"].to_list() == ["", "series"]
