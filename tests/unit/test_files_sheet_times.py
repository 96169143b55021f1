"""Times in the sheet of acquisitions: of files that state none, and what is said where moving lines have none."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.acquisition_sheet import check_files, read_sheet
from rapidstem.files.image_stacks import FallbackMetadata
from tests.unit.test_files_sheet import HEADER, TILTS_DEG, complaints, refusal, write_sheet, write_stack

TIMES = f"{HEADER}\ttomogram\tframe_interval\tstarted"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("0\t", "column frame_interval: '0' is no positive number"),
        ("70 ms\t", "column frame_interval: '70 ms' is no positive number"),
        ("\tyesterday", "column started: 'yesterday' is no date with a time; write when the recording began as 2021-06-01T14:30:00"),
        ("\t2021-06-01", "column started: '2021-06-01' is no date with a time"),
    ],
)
def test_a_wrong_time_is_named(tmp_path: Path, times: str, expected: str) -> None:
    assert expected in refusal(write_sheet(tmp_path, f"a\tin_situ\t0\ta.mrc\t\t\t\t{times}", header=TIMES))


def test_times_of_a_row_count_for_what_its_file_does_not_say(tmp_path: Path) -> None:
    row = "a\tin_situ\t0\traw/a.mrc\t\t\t\t0.07\t2021-06-01T02:30:00+02:00"
    sheet = read_sheet(write_sheet(tmp_path, row, header=TIMES))
    write_stack(tmp_path / "session/raw/a.mrc")
    header = check_files(sheet, fallback=FallbackMetadata(frame_interval_s=1.0)).rapid["a"]
    np.testing.assert_allclose(header.time_s, [0, 0.07, 0.14])
    assert sheet.loc[0, "started"] == 1_622_507_400


def test_moving_lines_without_times_are_refused_before_any_job(tmp_path: Path) -> None:
    rows = ["s\ttilt_series\t\traw/s.mrc\t\t\t\t\t", "a\tin_situ\t0\traw/a.mrc\t\t\ts\t\t"]
    sheet = read_sheet(write_sheet(tmp_path, *rows, header=TIMES))
    write_stack(tmp_path / "session/raw/s.mrc", frames=5, tilts=TILTS_DEG)
    write_stack(tmp_path / "session/raw/a.mrc")
    message = complaints(sheet)
    assert "acquisition 'a', column rapid" in message and "give them in the column frame_interval" in message
    assert "states no time of a row, which moving lines need; give reading.line_time_s" in message
    check_files(sheet, fallback=FallbackMetadata(frame_interval_s=0.07, line_time_s=1e-4))


def test_rows_with_tilts_of_their_own_without_times_are_refused_before_any_job(tmp_path: Path) -> None:
    row = "s\ttilt_series\t\traw/s.mrc\traw/s-slow.mrc\t\t\t"
    sheet = read_sheet(write_sheet(tmp_path, f"{row}\t\t", header=TIMES))
    for name in ("s.mrc", "s-slow.mrc"):
        write_stack(tmp_path / "session/raw" / name, frames=5, tilts=TILTS_DEG)
    with pytest.raises(InputError) as caught:
        check_files(sheet, per_row=True)
    message = str(caught.value)
    assert message.count("acquisition 's', column rapid") == 2 and "column slow" not in message
    for lacking, remedy in (("times of its frames", "reading.frame_interval_s"), ("time of a row", "reading.line_time_s")):
        assert f"states no {lacking}, which the tilt of a row follows from" in message and remedy in message
    assert message.count("or set tomography.geometry to per-frame") == 2
    check_files(sheet, per_row=False)
    check_files(sheet, fallback=FallbackMetadata(frame_interval_s=0.07, line_time_s=1e-4), per_row=True)
    timed = read_sheet(write_sheet(tmp_path, f"{row}0.07\t", header=TIMES))
    check_files(timed, fallback=FallbackMetadata(frame_time_s=0.03), per_row=True)
