import numpy as np
import pytest

from rapidstem.distortion.column_map import ColumnMap, read_map, read_map_format, write_map
from rapidstem.errors import InputError


def squeezed(columns=200):
    rapid = np.arange(columns)
    return ColumnMap(rapid, rapid - 14 * np.exp(-rapid / 40) + 3 * np.exp((rapid - columns + 1) / 30))


def test_inverse_is_exact_inside_and_beyond_the_table():
    column_map = squeezed()
    places = np.linspace(-50, 260, 4001).reshape(1, -1)
    np.testing.assert_allclose(column_map.to_rapid(column_map.to_slow(places)), places, atol=1e-6)
    np.testing.assert_allclose(column_map.to_slow(column_map.to_rapid(places)), places, atol=1e-6)


def test_inverse_is_exact_for_a_rough_map():
    steps = np.random.default_rng(0).uniform(0.01, 5, 99)
    column_map = ColumnMap(np.arange(100), np.concatenate([[-3], -3 + np.cumsum(steps)]))
    places = np.linspace(-10, 110, 1777)
    slow = column_map.to_slow(places)
    assert np.all(np.diff(slow) > 0)
    np.testing.assert_allclose(column_map.to_slow(column_map.to_rapid(slow)), slow, atol=1e-6)
    np.testing.assert_allclose(column_map.to_rapid(slow), places, atol=1e-6)


def test_map_keeps_the_table_and_is_smooth_between():
    column_map = squeezed()
    np.testing.assert_allclose(column_map.to_slow(column_map.rapid_px), column_map.slow_px, atol=1e-12)
    truth = 60.5 - 14 * np.exp(-60.5 / 40) + 3 * np.exp((60.5 - 199) / 30)
    assert column_map.to_slow(60.5) == pytest.approx(truth, abs=1e-3)


def test_map_goes_on_straight_beyond_its_ends():
    column_map = squeezed()
    beyond = column_map.to_slow(np.array([-20.0, -10.0, 0.0]))
    assert beyond[2] - beyond[1] == pytest.approx(beyond[1] - beyond[0])
    assert beyond[2] - beyond[1] == pytest.approx(10 * (column_map.slow_px[1] - column_map.slow_px[0]))


def test_map_comes_back_from_its_file(tmp_path):
    column_map = squeezed()
    write_map(tmp_path / "map.csv", column_map)
    again = read_map(tmp_path / "map.csv")
    np.testing.assert_allclose(again.slow_px, column_map.slow_px, atol=1e-6)
    np.testing.assert_array_equal(again.rapid_px, column_map.rapid_px)


def test_a_map_without_its_number_of_columns_goes_to_the_last_one_unless_it_is_straight(tmp_path):
    write_map(tmp_path / "bent.csv", squeezed(200))
    write_map(tmp_path / "straight.csv", ColumnMap(np.arange(200), 3 + 1.01 * np.arange(200)))
    assert read_map_format(tmp_path / "bent.csv").columns == 200
    assert read_map_format(tmp_path / "straight.csv").columns is None


def test_without_a_file_the_map_is_straight():
    columns = np.array([-3.5, 0.0, 0.4, 127.0, 600.0])
    assert np.array_equal(read_map(None).to_slow(columns), columns)
    assert np.array_equal(read_map(None).to_rapid(columns), columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rapid_px,slow_px\n0,1\n1,3\n2,2.5\n", r"map\.csv: row 3: slow_px = 2\.5 is not above 3"),
        ("rapid_px,slow_px\n0,1\n0,3\n", r"map\.csv: row 2: rapid_px"),
        ("rapid_px,slow_px\n0,1\n1,abc\n", r"map\.csv: row 2: slow_px is no number"),
        ("rapid_px,slow_px\n0,1\n", r"map\.csv: .*at least two rows"),
        ("rapid_px,other\n0,1\n", "slow_px"),
        ("rapid_px;slow_px\n0;0\n10;10,5\n", "measure the map again, or write the columns rapid_px and slow_px .* commas between"),
    ],
)
def test_broken_tables_are_refused_by_file_and_row(tmp_path, text, message):
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_map(tmp_path / "map.csv")


@pytest.mark.parametrize(("name", "value"), [("columns", ""), ("pixel_size_nm", "4.56 nm"), ("dwell_time_s", "-1")])
def test_what_a_map_was_measured_on_is_a_number_or_left_out(tmp_path, name, value):
    (tmp_path / "map.csv").write_text(f"rapid_px,slow_px,{name}\n0,0,{value}\n100,101,{value}\n255,256,{value}\n")
    with pytest.raises(InputError, match=rf"map\.csv: row 1: {name} is no number above zero; write one without its unit, or leave"):
        read_map_format(tmp_path / "map.csv")
