"""Axes of stored frames by themselves: order, edges of pixels, tilts and times, without a file around them."""

import numpy as np
import pytest

from rapidstem.files.readers.axis_roles import FrameAxes, StoredAxis, fault_of_series, image_order, series_tilt_deg, series_time_s
from rapidstem.files.readers.signal_axes import signal_tilt_deg, stage_tilt_deg, stored_axes
from rapidstem.files.scan_format import ScanFormat


def test_edges_of_a_pixel_are_those_of_y_and_x_whatever_the_sign_of_the_steps() -> None:
    rows, columns = StoredAxis(6, "y", "nm", -4.0), StoredAxis(7, "x", "nm", 5.0)
    frames = StoredAxis(5, "tilt", "deg", values=np.linspace(-60, 60, 5))
    for axes in ([frames, rows, columns], [columns, frames, rows]):
        found = FrameAxes.of(axes)
        assert (found.shape, found.pixel_size_nm) == ((5, 6, 7), (4.0, 5.0))


def test_an_angle_tells_the_series_and_the_other_axes_keep_their_order() -> None:
    rows, columns = StoredAxis(6, "", "nm", 4.0), StoredAxis(7, "", "nm", 5.0)
    frames = StoredAxis(5, "", "deg", values=np.linspace(-60, 60, 5))
    assert [FrameAxes.of(axes).order for axes in ([rows, columns, frames], [rows, frames, columns])] == [(2, 0, 1), (1, 0, 2)]


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_that_count_frames_are_no_tilts(first: int) -> None:
    tilt_deg, doubt = series_tilt_deg(StoredAxis(5, "tilt", "deg", values=np.arange(first, first + 5.0)))
    assert tilt_deg is None and "only counts them" in doubt
    np.testing.assert_array_equal(series_tilt_deg(StoredAxis(5, "tilt", "deg", values=np.arange(2, 7.0)))[0], np.arange(2, 7))


@pytest.mark.parametrize(
    ("unit", "seconds"), [("millisecond", 1e-3), ("microseconds", 1e-6), ("nanosecond", 1e-9), ("minutes", 60), ("µs", 1e-6), ("min", 60)]
)
def test_times_of_frames_in_every_unit_are_seconds_since_the_first(unit: str, seconds: float) -> None:
    np.testing.assert_allclose(series_time_s(StoredAxis(3, "t", unit, values=np.array([2.0, 3.0, 7.0]))), [0, seconds, 5 * seconds])


def test_even_steps_are_times_and_a_single_frame_has_none_but_may_have_a_tilt() -> None:
    np.testing.assert_allclose(series_time_s(StoredAxis(3, "t", "ms", 500.0)), [0, 0.5, 1])
    assert series_time_s(StoredAxis(1, "t", "s", 0.5)) is None and series_time_s(StoredAxis(3, "t", "s", -0.5)) is None
    tilt_deg, doubt = series_tilt_deg(StoredAxis(1, "tilt", "deg", values=np.zeros(1)))
    assert tilt_deg is not None and tilt_deg.tolist() == [0] and not doubt


@pytest.mark.parametrize(
    ("axis", "signal_type", "fault"),
    [
        (StoredAxis(5, "loss", "meV"), "", "spectra: its axis 'loss' is in meV"),
        (StoredAxis(5, "Energy"), "", "spectra: its axis 'Energy' is in "),
        (StoredAxis(5, "k", "1/nm"), "", "diffraction patterns: its axis 'k' is in 1/nm"),
        (StoredAxis(5, "z", "um"), "", "a volume or a series of depths: its axis 'z' is in um"),
        (StoredAxis(5), "EDS_TEM", "spectra: its signal type is EDS_TEM"),
        (StoredAxis(5, "stage_tilt"), "EDS_TEM", ""),
        (StoredAxis(5, "time", "s"), "", ""),
    ],
)
def test_planes_along_an_axis_that_is_neither_time_nor_tilt_are_no_frames(axis: StoredAxis, signal_type: str, fault: str) -> None:
    assert fault_of_series(axis, signal_type) == fault


def test_rows_and_columns_are_known_by_names_of_several_words() -> None:
    assert image_order([StoredAxis(size, name) for size, name in ((7, "x_pos"), (5, "frame"), (6, "y_pos"))]) == (1, 2, 0)


@pytest.mark.parametrize(("places", "step"), [([0.0, 2.0, 4.0, 6.0], 2.0), ([0.0, 1.0, 2.0, 6.0], None)])
def test_places_that_are_not_even_are_no_step(places: list[float], step: float | None) -> None:
    signal = {"axes": [{"axis": places, "name": "x", "units": "nm"}], "data": np.zeros(4)}
    assert stored_axes(signal)[0].scale == step


def test_places_that_fall_are_even_and_steps_that_are_no_numbers_give_no_places() -> None:
    falling = {"axes": [{"axis": [6.0, 4.0, 2.0], "name": "x", "units": "nm"}], "data": np.zeros(3)}
    assert stored_axes(falling)[0].scale == -2
    broken = {"axes": [{"scale": np.nan}, {"scale": 2.0, "offset": 1.0}], "data": np.zeros((3, 3))}
    assert [None if axis.values is None else axis.values.tolist() for axis in stored_axes(broken)] == [None, [1, 3, 5]]


def test_the_tilts_of_another_number_of_frames_are_not_those_of_a_stack() -> None:
    own = StoredAxis(3, "tilt", "deg", values=np.array([-60.0, 0.0, 60.0]))
    for tilts, expected in (([-5.0, 1.0, 5.0], [-5, 1, 5]), ([-5.0, 5.0], [-60, 0, 60])):
        tilt_deg, _ = signal_tilt_deg({"metadata": {"Tomography": {"tilts": {"data": tilts}}}}, own)
        assert tilt_deg is not None and tilt_deg.tolist() == expected


def test_the_tilt_of_the_stage_is_found_where_hyperspy_or_a_maker_keeps_it() -> None:
    kept = {"metadata": {"Acquisition instrument": {"TEM": {"Stage": {"tilt alpha": "3.5"}}}}}
    place = "Acquisition_instrument.TEM.Stage.tilt_alpha"
    made = {"original_metadata": {"Stage": {"Alpha": 0.5}}, "mapping": {"Stage.Alpha": (place, np.rad2deg), "Stage.Beta": (place, None)}}
    assert stage_tilt_deg(kept) == 3.5 and stage_tilt_deg(made) == pytest.approx(np.rad2deg(0.5))
    assert stage_tilt_deg(kept | made) == 3.5 and stage_tilt_deg({"metadata": {}}) is None
    assert stage_tilt_deg(made | {"original_metadata": {"Stage": {"Alpha": np.nan}}}) is None


@pytest.mark.parametrize(
    ("changes", "different"),
    [({"pixel_size_nm": 4.18}, 0), ({"pixel_size_nm": 3.78}, 1), ({"dwell_time_s": 1.09e-7}, 0), ({"dwell_time_s": 0.9e-7}, 1)],
)
def test_formats_differ_by_five_per_cent_of_a_pixel_and_ten_of_a_dwell_time(changes: dict, different: int) -> None:
    own = {"columns": 64, "pixel_size_nm": 4.0, "dwell_time_s": 1e-7, "detector": "BF"}
    assert len(list(ScanFormat(**own).differences(ScanFormat(**(own | changes)), "trained"))) == different
