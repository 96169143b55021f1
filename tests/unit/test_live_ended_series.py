"""Series that have ended: whether what there is of them will do, and how it was recorded."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files import FallbackMetadata, write_angle_file
from rapidstem.live import check_ended_series, ended_geometry, planned_tilts, stated_times


def test_what_has_come_is_used_or_refused(tmp_path: Path) -> None:
    tilts_deg = np.linspace(-60, 60, 31)
    assert check_ended_series(tmp_path, tilts_deg, 31, 31) == ""
    assert "stopped after 28 of 31 frames; these are used, over 108 degrees" in check_ended_series(tmp_path, tilts_deg, 28, 31)
    with pytest.raises(InputError, match="after 4 of 31 frames, 4 frames over 12 degrees"):
        check_ended_series(tmp_path, tilts_deg, 4, 31)
    with pytest.raises(InputError, match="32 frames, but 31 tilts"):
        check_ended_series(tmp_path, tilts_deg, 32, None)


@pytest.mark.parametrize(("tilt_axis", "middle"), [("x", 3.5), ("y", 5.5)])
def test_tilts_are_those_of_the_frames_that_have_come_at_the_middle_of_their_scan(
    tmp_path: Path, tilt_axis: Literal["x", "y"], middle: float
) -> None:
    write_angle_file(tmp_path / "growing.rawtlt", np.arange(-40.0, 41.0, 10.0))
    series, times = np.zeros((6, 8, 12)), FallbackMetadata(line_time_s=0.01, frame_interval_s=1.0)
    found = ended_geometry(tmp_path / "growing.mrc", series, 4.56, times, tilt_axis, True, 9)
    np.testing.assert_allclose(np.rad2deg(found.angle_rad), np.arange(-40, 20, 10) + 10 * 0.01 * middle)
    assert (found.slow_scan, found.line_time_s) == ({"x": "rows", "y": "columns"}[tilt_axis], 0.01)
    assert found.time_s is not None and found.time_s.tolist() == [0, 1, 2, 3, 4, 5]
    assert ended_geometry(tmp_path / "growing.mrc", series, 4.56, times, tilt_axis, False, 9).time_s is None


@pytest.mark.parametrize("missing", ["frame_interval_s", "line_time_s"])
def test_rows_with_tilts_of_their_own_need_times(missing: str) -> None:
    reading = {"line_time_s": 1e-4, "frame_time_s": None, "frame_interval_s": 0.07} | {missing: None}
    assert stated_times(reading, turning=False) == FallbackMetadata(**reading)
    with pytest.raises(InputError, match=r"give reading\.frame_interval_s and reading\.line_time_s"):
        stated_times(reading, turning=True)


def test_folders_of_two_days_have_tilts_of_their_own(tmp_path: Path) -> None:
    for day in ("2026.11.29", "2026.11.30"):
        (tmp_path / day).mkdir()
    write_angle_file(tmp_path / "2026.11.29.rawtlt", np.array([-60.0, 0.0, 60.0]))
    np.testing.assert_allclose(planned_tilts(tmp_path / "2026.11.29"), [-60, 0, 60])
    with pytest.raises(InputError, match=r"write 2026\.11\.30\.rawtlt beside it"):
        planned_tilts(tmp_path / "2026.11.30")
