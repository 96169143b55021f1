"""Whole simulated acquisitions, small: signs from end to end, reproducibility, truth."""

from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from scipy.ndimage import map_coordinates

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_header
from rapidstem.microscope.hard_conditions import NOT_HARD, SINGLE_CONDITIONS
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.line_networks import DislocationLine
from rapidstem.microscope.truth import AcquisitionTruth, StackTruth, read_truth, write_truth

SMALL = MicroscopeSettings(size_px=96, pixel_size_nm=8.0, frames_per_field=6)
SMALL_SERIES = {
    "foil_thickness_nm": 100.0,
    "size_px": 48,
    "pixel_size_nm": 16.0,
    "tilt_start_deg": -10.0,
    "tilt_stop_deg": 10.0,
    "tilt_frames": 3,
    "slow_tilt_step_deg": 10.0,
}
TILTING = replace(SMALL, tilt_start_deg=-20, tilt_stop_deg=20, tilt_frames=5, slow_tilt_step_deg=10, dislocation_density_per_m2=1e13)


def _simulate(folder, kind, name, tilt, settings=SMALL, specimen=None):
    paths = [folder / f"{name}.{part}" for part in ("rapid.emd", "slow.emd", "h5")]
    simulate_acquisition(kind, name, tilt, settings, *paths, specimen)
    return (*(_frames(path) for path in paths[:2]), read_truth(paths[2]))


def _frames(path):
    with h5py.File(path) as file:
        (group,) = file["Data/Image"].values()
        return np.moveaxis(group["Data"][()], 2, 0)


def _correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    bright = replace(SMALL, electrons_per_px=50000.0, jitter_px=3.0, streak_strength=0.0, row_offset_strength=0.0, lag_decay=(0.0, 0.0))
    return _simulate(tmp_path_factory.mktemp("field"), "training", "field-20", 20.0, bright)


def test_clean_image_shifted_and_distorted_gives_the_rapid_frames(field):
    rapid, _, truth = field
    row, column = np.mgrid[:96, :96].astype(float)
    columns = np.broadcast_to(truth.slow_px, column.shape)
    seen = slice(20, 80)
    for frame, (dy, dx) in zip(rapid, truth.rapid.shift_px, strict=True):

        def seen_with(sign, columns=columns, dy=dy, dx=dx, frame=frame):
            expected = map_coordinates(truth.clean, (row - sign * dy, columns - sign * dx), order=3, mode="nearest")
            return _correlation(frame[seen, seen], expected[seen, seen])

        assert seen_with(1) > 0.97
        assert seen_with(1) > seen_with(-1)


def test_the_distortion_is_in_the_rapid_frames_only(field):
    rapid, slow, truth = field
    row, column = np.mgrid[:96, :96].astype(float)
    dy, dx = truth.slow.shift_px[0]
    inside = np.s_[10:-10, 10:60]
    straight = map_coordinates(truth.clean, (row - dy, column - dx), order=3)
    assert _correlation(slow[0][inside], straight[inside]) > 0.97
    dy, dx = truth.rapid.shift_px[0]
    undistorted = map_coordinates(truth.clean, (row - dy, column - dx), order=3)
    distorted = map_coordinates(truth.clean, (row - dy, np.broadcast_to(truth.slow_px, row.shape) - dx), order=3)
    assert _correlation(rapid[0][inside], distorted[inside]) > _correlation(rapid[0][inside], undistorted[inside]) + 0.05


def test_a_dark_line_lies_where_the_truth_projects_it(field):
    _, slow, truth = field
    tilt = np.deg2rad(truth.slow.middle_tilt_deg[0])
    dy, dx = truth.slow.shift_px[0]
    points = np.vstack([line.points_nm for line in truth.lines if line.visible])
    row = 47.5 + (points[:, 1] * np.cos(tilt) + points[:, 2] * np.sin(tilt)) / 8 + dy
    column = 47.5 + points[:, 0] / 8 + dx
    inside = (row > 3) & (row < 92) & (column > 3) & (column < 92) & (np.abs(points[:, 2]) < 100)
    assert inside.sum() > 30
    on_lines = map_coordinates(slow[0].astype(float), (row[inside], column[inside]), order=1).mean()
    mirrored = map_coordinates(slow[0].astype(float), (95 - row[inside], column[inside]), order=1).mean()
    spread = slow[0].std()
    assert on_lines < slow[0].mean() - 0.8 * spread
    assert on_lines < mirrored - 0.5 * spread


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    return folder, *_simulate(folder, "tilt_series", "series", None, TILTING)


def test_tilt_series_has_rapid_rows_at_their_own_tilt_and_a_slow_twin(series):
    _, rapid, slow, truth = series
    assert rapid.shape == (5, 96, 96)
    assert slow.shape == (5, 96, 96)
    turned = np.ptp(truth.rapid.row_tilt_deg, axis=1)
    assert turned[2] > 0.2
    np.testing.assert_array_equal(np.ptp(truth.slow.row_tilt_deg, axis=1), 0)
    np.testing.assert_allclose(truth.slow.start_tilt_deg, (-20, -10, 0, 10, 20), atol=0.3)
    np.testing.assert_allclose(truth.rapid.time_s, 0.07 * np.arange(5))
    assert truth.clean is None


def test_a_series_from_high_to_low_tilts_is_followed_by_a_slow_one_that_begins_after_its_end(tmp_path):
    downward = replace(TILTING, size_px=32, tilt_start_deg=20, tilt_stop_deg=-10, tilt_frames=3, frame_period_s=50, line_time_s=0.1)
    _, slow, truth = _simulate(tmp_path, "tilt_series", "down", None, downward)
    assert len(slow) == 4
    np.testing.assert_allclose(truth.slow.start_tilt_deg, (20, 10, 0, -10), atol=0.3)
    assert truth.rapid.start_tilt_deg[0] == pytest.approx(20) and np.all(np.diff(truth.rapid.row_tilt_deg.ravel()) < 0)
    began = [read_header(tmp_path / f"down.{part}.emd").started_s for part in ("rapid", "slow")]
    assert began[1] - began[0] > truth.rapid.time_s[-1] + downward.frame_time_s


def test_same_seed_and_name_give_the_same_files_others_do_not(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
    first = _simulate(tmp_path / "a", "test", "one", 0.0)
    again = _simulate(tmp_path / "b", "test", "one", 0.0)
    other = _simulate(tmp_path / "b", "test", "two", 0.0)
    for name in ("one.rapid.emd", "one.slow.emd", "one.h5"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    np.testing.assert_array_equal(first[0], again[0])
    assert abs(_correlation(first[2].clean, other[2].clean)) < 0.8
    reseeded = _simulate(tmp_path / "a", "test", "one", 0.0, replace(SMALL, seed=2))
    assert not np.array_equal(reseeded[2].clean, first[2].clean)


def test_acquisitions_of_one_specimen_share_its_lines(tmp_path):
    first = _simulate(tmp_path, "test", "one", 30.0, specimen="foil")[2]
    second = _simulate(tmp_path, "test", "two", 30.0, specimen="foil")[2]
    np.testing.assert_array_equal(first.clean, second.clean)
    assert not np.array_equal(first.rapid.shift_px, second.rapid.shift_px)


def test_calibration_field_shows_the_grating_or_dislocations(tmp_path):
    assert _simulate(tmp_path, "calibration", "grating", None)[2].lines == []
    assert _simulate(tmp_path, "calibration", "lines", 0.0, replace(SMALL, calibration_specimen="dislocations"))[2].lines


def test_more_tilt_means_fewer_electrons(tmp_path):
    means = [_simulate(tmp_path, "test", f"at{tilt:.0f}", tilt)[2].clean.mean() for tilt in (0.0, 60.0, 70.0)]
    assert means[0] > 1.15 * means[1] > 1.15 * 1.1 * means[2] > 0.3


def test_truth_does_not_leak_into_the_files(series):
    folder, _, _, truth = series
    with h5py.File(folder / "series.rapid.emd") as file:
        assert set(file) == {"Data", "Features", "Info", "Operations", "Presentation", "Version"}
        (group,) = file["Data/Image"].values()
        text = bytes(group["Metadata"][()].T.ravel())
    for angle in np.deg2rad(truth.rapid.start_tilt_deg[1:]):
        assert f"{angle:.6g}".encode() not in text


def test_truth_survives_writing_and_reading(tmp_path):
    line = DislocationLine(np.arange(12.0).reshape(4, 3), np.array((0.5, 0.5, 0)), np.array((0.6, 0, 0.8)))
    stack = StackTruth(np.array((0.0, 1)), np.arange(8.0).reshape(2, 4), np.array([(0.0, 1), (2, 3)]))
    written = AcquisitionTruth(
        "a", "test", 2.0, 300.0, [line], specimen_axes((0, 1, 3)), stack, stack, np.arange(4.0), np.arange(4.0) * 2, None
    )
    write_truth(tmp_path / "a.h5", written)
    read = read_truth(tmp_path / "a.h5")
    assert (read.name, read.kind, read.pixel_size_nm, read.clean) == ("a", "test", 2.0, None)
    np.testing.assert_array_equal(read.lines[0].points_nm, line.points_nm)
    assert read.lines[0].visible
    np.testing.assert_array_equal(read.rapid.middle_tilt_deg, (1.5, 5.5))
    np.testing.assert_array_equal(read.slow.shift_px, stack.shift_px)
    with pytest.raises(InputError, match=r"none\.h5"):
        read_truth(tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("kind", "tilt", "said"),
    [
        ("movie", 0.0, "movie"),
        ("in_situ", 0.0, "needs its temperature"),
        ("in_situ", None, "needs a tilt"),
        ("training", None, "needs a tilt"),
        ("tilt_series", 3.0, "single tilt"),
    ],
)
def test_what_cannot_be_simulated_is_said(tmp_path, kind, tilt, said):
    with pytest.raises(InputError, match=said):
        _simulate(tmp_path, kind, "wrong", tilt)
    assert list(tmp_path.iterdir()) == []


NEVER_NEGATIVE = ("streak_strength", "row_offset_strength", "jitter_px", "slow_shift_px", "reading_noise_deg")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sizepx": 3}, "sizepx"),
        ({"size_px": 12.5}, "size_px"),
        ({"electrons_per_px": "many"}, "electrons_per_px"),
        ({"foil_normal": [1, 0, 0]}, "foil_normal"),
        ({"calibration_specimen": "sand"}, "calibration_specimen"),
        ({"line_time_s": 1e-6}, "line_time_s"),
        ({"frame_period_s": 0.01}, "frame_period_s"),
        ({"lag_decay": [1.5, 0.2]}, "lag_decay"),
        ({"mean_free_path_nm": -1}, "mean_free_path_nm"),
        ({"conditions": "rough"}, "conditions must be one or a list of .*hard"),
        ({"conditions": {"dirt": 1}}, "conditions must be"),
        ({"particle_radius_nm": [30, 10]}, "particle_radius_nm"),
        ({"bend_contour_depth": [0.5]}, "bend_contour_depth"),
        ({"foil_edge_share": 1.5}, "foil_edge_share"),
        ({"vibration_hz": [50]}, "vibration_hz"),
        *(({name: -0.1}, f"{name} must lie from 0") for name in NEVER_NEGATIVE),
        *(({name: value}, f"{name} should look like") for name in ("rapid_gain", "drift_px_per_s") for value in (np.inf, np.nan)),
        ({"vibration_hz": [50, np.inf]}, "vibration_hz should look like"),
        ({"lag_decay": [0.5, 0.2], "lag_weight": [-1, 2]}, "lag_weight .none below 0"),
    ],
)
def test_wrong_settings_are_named(values, said):
    with pytest.raises(InputError, match=said):
        settings_from(values)


def test_settings_from_lists_and_numbers():
    settings = settings_from({"seed": 7, "foil_normal": [0, 1, 1], "electrons_per_px": 12})
    assert settings == MicroscopeSettings(seed=7, foil_normal=(0.0, 1.0, 1.0), electrons_per_px=12.0)


def test_the_documentation_names_every_setting_with_its_default():
    text = (Path(__file__).parents[2] / "docs" / "microscope.md").read_text()
    rows = dict(line.strip("| ").split(" | ")[:2] for line in text.splitlines() if line.startswith("| `"))
    assert set(rows) == {f"`{field.name}`" for field in fields(MicroscopeSettings)}
    for field in fields(MicroscopeSettings):
        written = rows[f"`{field.name}`"]
        if isinstance(field.default, tuple):
            assert tuple(float(part) for part in written.split(",")) == field.default
        elif isinstance(field.default, str) or field.default is None:
            assert written == (field.default or "none")
        else:
            assert float(written) == field.default


def test_the_documentation_says_what_each_condition_turns_on():
    text = (Path(__file__).parents[2] / "docs" / "microscope.md").read_text()
    table = text[text.index("| name | what it is | settings |") : text.index("![the same foil")].splitlines()[2:]
    cells = [line.strip("| ").split(" | ") for line in table if line]
    written = {name: yaml.safe_load("{" + settings.replace("`", "") + "}") for name, _, settings in cells}
    assert written == {name: settings for name, settings in SINGLE_CONDITIONS.items() if name != "demo"}


def test_conditions_are_named_alone_together_and_overruled():
    assert settings_from({"conditions": "demo"}) == MicroscopeSettings()
    both = settings_from({"conditions": ["hole", "low-dose"], "electrons_per_px": 6})
    assert both == MicroscopeSettings(hole_radius_nm=150.0, electrons_per_px=6.0)
    hard = settings_from({"conditions": "hard"})
    assert hard.hole_radius_nm > 0 == hard.foil_edge_share
    for name in set(SINGLE_CONDITIONS) - set(NOT_HARD):
        assert settings_from({"conditions": name}) == replace(MicroscopeSettings(), **SINGLE_CONDITIONS[name])
        assert all(getattr(hard, key) == value for key, value in SINGLE_CONDITIONS[name].items())


def test_a_hard_series_records_its_faults_and_its_slow_twin_has_its_own(tmp_path):
    settings = replace(settings_from({"conditions": "hard", "hot_pixel_share": 2e-3}), **SMALL_SERIES)
    rapid, slow, truth = _simulate(tmp_path, "tilt_series", "series", None, settings)
    for frames, stack in ((rapid, truth.rapid), (slow, truth.slow)):
        assert stack.row_shift_px.shape == (*frames.shape[:2], 2)
        assert stack.beam_current.shape == frames.shape[:2]
        assert len(stack.hot_px) == pytest.approx(frames.size * 2e-3, abs=12)
        hot = frames[tuple(stack.hot_px.T)]
        assert len(set(hot)) <= 1
        assert (hot == frames.max()).all()
    assert np.hypot(*truth.slow.shift_px.mean(axis=0)) == pytest.approx(40 / 16, abs=2.5)
    assert not np.array_equal(truth.faults.contours.offset_nm, truth.faults.slow_contours.offset_nm)
    lower, upper = truth.faults.shape.surfaces_nm(*np.vstack([line.points_nm for line in truth.lines])[:, :2].T)
    assert (upper > lower).all()
    assert {line.contrast for line in truth.lines} == {0.5, 1.0}
    again = read_truth(tmp_path / "series.h5")
    np.testing.assert_array_equal(again.faults.bodies.centre_nm, truth.faults.bodies.centre_nm)


def test_network_path_may_name_an_environment_variable(monkeypatch):
    monkeypatch.setenv("NETWORKS", "/some/where")
    assert settings_from({"network_path": "$NETWORKS/a.data"}).network_path == "/some/where/a.data"
    monkeypatch.delenv("NETWORKS")
    with pytest.raises(InputError, match=r"\$NETWORKS/a\.data.*not set"):
        settings_from({"network_path": "$NETWORKS/a.data"})
