"""The temperature of an in-situ series: its three forms, and what is wrong with others."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import frame_temperatures, is_log, read_temperature


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("150", [150, 150, 150]),
        ("-20.5", [-20.5, -20.5, -20.5]),
        ("90..150@10", [90, 120, 150]),
        ("150..-30@60", [150, -30, -30]),
        ("150..90@10", [150, 120, 90]),
        ("90..90@1", [90, 90, 90]),
    ],
)
def test_numbers_and_ramps(text: str, expected: list[float]) -> None:
    assert read_temperature(text).at(np.array([0.0, 3.0, 100.0])).tolist() == pytest.approx(expected)


def test_a_log_is_interpolated_and_held_at_both_ends(tmp_path: Path) -> None:
    log = tmp_path / "heater.csv"
    log.write_text("time_s,temperature_c,power_w\n-5,20,0\n5,40,1\n10,400,2\n")
    assert is_log(str(log))
    assert read_temperature(str(log)).at(np.array([-100, 0, 7.5, 100])).tolist() == [20, 30, 220, 400]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hot", "hot"),
        ("90..150", "90..150@1"),
        ("90..150@0", "rate"),
        ("90..150@-1", "rate"),
        ("-300", "absolute zero"),
        ("", "no temperature"),
        ("nan", "nan"),
        ("150 °C", "°C as a number"),
    ],
)
def test_anything_else_is_refused_with_the_forms(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_temperature(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("time_s,celsius\n0,20\n", "temperature_c"),
        ("time_s,temperature_c\n0,20\n0,30\n", "do not increase"),
        ("time_s,temperature_c\n0,20\n1,warm\n", "row 2"),
        ("time_s,temperature_c\n", "no time and temperature"),
        ("time_s,temperature_c\n0,-500\n", "absolute zero"),
        ("time_s;temperature_c\n0;90,5\n1;91,0\n", "write the columns time_s and temperature_c in .* commas between"),
        ("time_s,temperature_c\n0,90,5\n1,91,0\n", "is no CSV table"),
        (None, "no such file"),
    ],
)
def test_a_wrong_log_is_refused_with_its_name(tmp_path: Path, content: str | None, said: str) -> None:
    log = tmp_path / "heater.csv"
    if content is not None:
        log.write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        read_temperature(str(log))
    assert "heater.csv" in str(caught.value) and "again" not in str(caught.value)


def test_temperatures_of_frames_follow_their_times() -> None:
    time_s = np.array([0.0, 2.0, 4.0])
    assert frame_temperatures("90..100@2.5", time_s, 3).tolist() == [90, 95, 100]
    assert frame_temperatures("150", None, 2).tolist() == [150, 150]
    assert np.isnan(frame_temperatures("", time_s, 3)).all()


def test_a_changing_temperature_needs_times() -> None:
    with pytest.raises(InputError, match="no time stamps"):
        frame_temperatures("90..150@1", None, 3)
