"""What a configuration means, without running anything."""

from pathlib import Path

import pytest

from rapidstem.errors import InputError
from rapidstem_workflow.raw_file_checks import check_raw_files
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_opening import open_session, read_configuration
from tests.workflow.session_changes import with_columns
from tests.workflow.tiny_session import FIELDS, configuration, sheet_text, write_session


def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: list[tuple[str, str, str]] = FIELDS, **changes: dict) -> Session:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/acquisitions.tsv").write_text(sheet_text(fields), encoding="utf-8")
    config = configuration()
    return open_session(config | {key: config.get(key, {}) | value for key, value in changes.items()})


def test_of_several_configuration_files_the_last_one_counts_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(
        "session: a\ntomography: {iterations: 9, margin_nm: 50}\ndenoisers: [{name: bm3d}]\n", encoding="utf-8"
    )
    (tmp_path / "last.yaml").write_text("tomography: {iterations: 20}\ndenoisers: []\n", encoding="utf-8")
    found = read_configuration([tmp_path / "first.yaml", tmp_path / "last.yaml"])
    assert found == {"session": "a", "tomography": {"iterations": 20, "margin_nm": 50}, "denoisers": []}


@pytest.mark.parametrize("content", [None, b"", b"just words", b"a:\n\tb: 1\n", b"a: [1", b"session: \xff\n"])
def test_what_is_no_configuration_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "first.yaml").write_text("session: a\n", encoding="utf-8")
    second = tmp_path / "second.yaml"
    if content is not None:
        second.write_bytes(content)
    said = "is no configuration" if content is not None else "there is no such configuration file"
    with pytest.raises(InputError, match=f"second.yaml: {said}"):
        read_configuration([tmp_path / "first.yaml", second])


def test_short_forms_are_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = session(tmp_path, monkeypatch, tomography={"geometry": "per-frame"})
    assert found.config["tomography"]["geometry"] == ["per-frame"]
    assert found.config["distortion"] == {"method": "spline", "map": None, "feature_width_nm": 13.7}
    (tmp_path / "map.csv").touch()
    assert open_session(found.config | {"distortion": "map.csv"}).config["distortion"] == {
        "method": "spline",
        "map": "map.csv",
        "feature_width_nm": 13.7,
    }


def session_with_geometries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, geometries: list[str]) -> Session:
    return session(tmp_path, monkeypatch, tomography={"geometry": geometries})


def test_second_geometry_gives_variants_that_end_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = session_with_geometries(tmp_path, monkeypatch, ["per-row", "per-frame"])
    slow, rapid, lagging = found.variants("series")
    assert [slow.name, rapid.name, lagging.name] == ["slow", "rapid-dlf-slow", "rapid-dlf-slow-per-frame"]
    assert (lagging.denoiser, lagging.geometry, lagging.column) == ("dlf-slow", "per-frame", "rapid")
    assert slow.is_slow and not slow.has_time_lag and slow.column == "slow"
    assert found.shown_variants("series") == [slow, rapid]
    assert found.treatments(rapid) == {
        "one angle a frame": "rapid-dlf-slow-per-frame",
        "one angle a frame, calibrated": "rapid-dlf-slow-per-frame-calibrated",
    }


def test_one_angle_a_frame_alone_is_calibrated_as_in_the_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = session_with_geometries(tmp_path, monkeypatch, ["per-frame"])
    (lagging,) = [variant for variant in found.variants("series") if variant.has_time_lag]
    assert lagging.name == "rapid-dlf-slow"
    assert found.treatments(lagging) == {"one angle a frame, calibrated": "rapid-dlf-slow-calibrated"}


def test_a_tilt_for_every_row_needs_no_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = session_with_geometries(tmp_path, monkeypatch, ["per-row"])
    assert not any(variant.has_time_lag for variant in found.variants("series"))
    assert found.treatments(found.variant("rapid-dlf-slow")) == {}


def test_fields_are_compared_with_the_first_series_unless_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [*FIELDS, ("series-2", "tilt_series", "")]
    assert session(tmp_path, monkeypatch, fields).model_series == "series"
    (tmp_path / "other").mkdir()
    assert session(tmp_path / "other", monkeypatch, fields, training={"similar_to": "series-2"}).model_series == "series-2"


def test_no_limit_keeps_all_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session(tmp_path, monkeypatch, training={"largest_histogram_distance": None}).model_series is None


def test_unknown_series_to_resemble_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"training\.similar_to.*train-a"):
        session(tmp_path, monkeypatch, training={"similar_to": "train-a"})


def test_where_the_series_to_resemble_is_left_out_another_is_taken_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the run that follows bad input."""
    first = session(tmp_path, monkeypatch, [*FIELDS, ("series-2", "tilt_series", "")], training={"similar_to": "series-2"})
    assert check_raw_files(first) == []
    found = open_session(first.config | {"leave_out": ["series-2"]})
    assert found.model_series == "series"
    assert check_raw_files(found) == ["training.similar_to: series-2 does not take part; training fields are held against series instead"]
    assert check_raw_files(open_session(first.config | {"leave_out": ["series-2", "series"]})) == []
    with pytest.raises(InputError, match=r"training\.similar_to.*train-a"):
        open_session(first.config | {"leave_out": ["train-a"], "training": {"similar_to": "train-a"}})


def test_what_a_row_says_of_its_files_outranks_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_session(tmp_path, sheet=with_columns(FIELDS, "test-a", detector="DF-S #2", frame_interval="0.07"))
    found = open_session(configuration() | {"reading": {"frame_interval_s": 0.1, "line_time_s": 1e-4}})
    reading = found.config["reading"]
    slow, rapid = (found.path("test-a", column) for column in ("slow", "rapid"))
    own = {slow: reading | {"detector": "DF-S #2"}, rapid: reading | {"detector": "DF-S #2", "frame_interval_s": 0.07}}
    assert found.row_reading(found.acquisitions()) == own
    assert found.row_reading(["train-a", "series"]) == {}


def test_beginning_of_a_recording_is_no_part_of_how_its_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sweeps matched ask for it, and nothing else: it may be filled in later, and reruns that alone."""
    monkeypatch.chdir(tmp_path)
    write_session(tmp_path, sheet=with_columns(FIELDS, "series", started="2021-06-01T00:00:00"))
    found = open_session(configuration())
    assert found.started_s("series") == 1_622_505_600 and found.started_s("test-a") is None
    assert found.row_reading(["series"]) == {}


@pytest.mark.parametrize("key", ["map", "model"])
def test_braces_in_the_paths_of_the_configuration_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    (tmp_path / "{1}").mkdir()
    (tmp_path / "{1}/map.csv").touch()
    with pytest.raises(InputError, match=r"\{1\}"):
        if key == "map":
            session(tmp_path, monkeypatch, distortion={"map": "{1}/map.csv"})
        else:
            session(tmp_path, monkeypatch)
            config = configuration()
            open_session(config | {"denoisers": [{"name": "dlf-slow", "model": "{1}"}]})


def test_networks_with_a_reference_and_validation_fields_state_intervals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = session(tmp_path, monkeypatch)
    others = [{"name": "dlf-dcfi"}, {"name": "noise2void"}, {"name": "general"}, {"name": "dlf-100"}, {"name": "bm3d"}]
    several = open_session(found.config | {"denoisers": [*found.config["denoisers"], *others]})
    assert several.stating_intervals == ["dlf-slow", "dlf-dcfi"]
    without = [{"name": "dlf-slow", "validation_share": 0.0}]
    assert open_session(found.config | {"denoisers": without}).stating_intervals == []


def test_one_training_field_leaves_none_to_calibrate_intervals_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [field for field in FIELDS if field[0] != "train-b"]
    assert session(tmp_path, monkeypatch, fields).stating_intervals == []
