"""A distortion map or a denoiser that is carried to an acquisition which was scanned otherwise is refused before any job."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rapidstem.denoising import CARD, LOSSES, WEIGHTS
from rapidstem.distortion import ColumnMap, write_map
from rapidstem.errors import InputError
from rapidstem.files import ScanFormat, StackHeader
from rapidstem_workflow.carried_over import check_carried_over, foreign_remarks
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import FIELDS, configuration, write_session

UNTRAINED = [field for field in FIELDS if field[1] != "training"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def header(columns: int = 128, pixel_size_nm: float = 4.56, dwell_time_s: float | None = 1e-7, detector: str | None = "BF") -> StackHeader:
    known = {"path": Path("raw.emd"), "shape": (8, 96, columns), "pixel_size_nm": pixel_size_nm}
    known |= {"dwell_time_s": dwell_time_s, "detector": detector}
    return StackHeader(**({field.name: None for field in fields(StackHeader)} | known))


def refusal(found: Session, **changed: Mapping[str, Any]) -> str:
    """What is said when some rows differ from the others."""
    headers = {name: header(**changed.get(name.replace("-", "_"), {})) for name in found.acquisitions()}
    with pytest.raises(InputError) as caught:
        check_carried_over(found, headers)
    return str(caught.value)


def test_rows_that_are_alike_pass() -> None:
    found = open_session(configuration())
    check_carried_over(found, {name: header() for name in found.acquisitions()})
    other_tolerated = {name: header(pixel_size_nm=4.7, dwell_time_s=None, detector=None) for name in found.acquisitions("test")}
    check_carried_over(found, {name: header() for name in found.acquisitions()} | other_tolerated)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": 64}, ["distortion map", "calibration", "64 columns where it was measured with 128"]),
        ({"dwell_time_s": 3e-7}, ["distortion map", "a dwell time of 3e-07 s where it was measured with 1e-07 s"]),
        ({"pixel_size_nm": 9.12}, ["dlf-slow, which learns from train-a", "pixels of 9.12 nm where it was trained with 4.56 nm"]),
        ({"detector": "HAADF"}, ["dlf-slow", "the detector HAADF where it was trained with BF"]),
    ],
)
def test_a_series_that_was_scanned_otherwise_is_named(change: dict, words: list[str]) -> None:
    said = refusal(open_session(configuration()), series=change)
    assert all(word in said for word in ["acquisition 'series', column rapid", "leave the row out", *words]), said
    assert "'test-a'" not in said


def test_training_fields_must_be_alike() -> None:
    said = refusal(open_session(configuration() | {"distortion": {"method": "none"}}), train_b={"pixel_size_nm": 2.28})
    assert "acquisition 'train-b'" in said and said.count("\n") == 1


def test_size_does_not_matter_where_no_distortion_is_corrected_nor_anything_where_nothing_is_denoised() -> None:
    straight = open_session(configuration() | {"distortion": {"method": "none"}})
    check_carried_over(straight, {name: header(64 if name == "series" else 128) for name in straight.acquisitions()})
    bare = open_session(configuration() | {"distortion": {"method": "none"}, "denoisers": [], "tomography": {"denoisers": []}})
    check_carried_over(bare, {name: header(64, 9.12) if name == "series" else header() for name in bare.acquisitions()})


def test_the_distortion_of_a_scan_is_the_same_for_every_detector() -> None:
    bare = open_session(configuration() | {"denoisers": [], "tomography": {"denoisers": []}})
    check_carried_over(bare, {name: header(detector="HAADF" if name == "series" else "BF") for name in bare.acquisitions()})


@pytest.mark.parametrize(
    ("scanned", "words"),
    [
        (ScanFormat(64, 4.56, 1e-7), "128 columns where it was measured with 64"),
        (ScanFormat(128, 9.12, 1e-7), "pixels of 4.56 nm where it was measured with 9.12 nm"),
        (ScanFormat(128, 4.56, 3e-6), "a dwell time of 1e-07 s where it was measured with 3e-06 s"),
    ],
)
def test_a_saved_map_says_what_it_is_for(folder: Path, scanned: ScanFormat, words: str) -> None:
    column = np.arange(scanned.columns or 0)
    write_map(folder / "map.csv", ColumnMap(column, column - 5 * np.exp(-column / 20)), scanned=scanned)
    said = refusal(open_session(configuration() | {"distortion": "map.csv"}))
    assert "the distortion map map.csv does not fit" in said and words in said
    assert said.count("column rapid") == len(FIELDS)


def test_a_map_without_its_format_fits_frames_that_end_where_it_ends_and_a_straight_one_fits_all(folder: Path) -> None:
    column = np.arange(64)
    write_map(folder / "map.csv", ColumnMap(column, column - 5 * np.exp(-column / 20)))
    found = open_session(configuration() | {"distortion": "map.csv"})
    check_carried_over(found, {name: header(64) for name in found.acquisitions()})
    assert "128 columns where it was measured with 64" in refusal(found)
    write_map(folder / "map.csv", ColumnMap(np.array([0, 63]), np.array([1.0, 64.5])))
    check_carried_over(found, {name: header(128) for name in found.acquisitions()})


def test_a_network_trained_earlier_says_what_it_is_for(folder: Path) -> None:
    model = folder / "model"
    model.mkdir()
    for name in (WEIGHTS, LOSSES):
        (model / name).touch()
    (model / CARD).write_text(json.dumps({"data": {"pixel_size_nm": 9.12, "dwell_time_s": None}}))
    found = open_session(configuration() | {"denoisers": [{"name": "dlf-slow", "model": "model"}]})
    said = refusal(found)
    assert (
        "acquisition 'series', column rapid: the model dlf-slow does not fit: pixels of 4.56 nm where it was trained with 9.12 nm" in said
    )
    assert "'train-a'" not in said
    (model / CARD).write_text("{}")
    assert "the model card cannot be read" in refusal(found)


def test_pixels_outside_of_those_of_a_networks_simulated_fields_are_said(folder: Path) -> None:
    model = folder / "model"
    model.mkdir()
    for name in (WEIGHTS, LOSSES):
        (model / name).touch()
    learned = {"pixel_size_nm": None, "dwell_time_s": None, "simulated_fields": 40, "ranges": {"pixel_size_nm": [2.0, 8.0]}}
    (model / CARD).write_text(json.dumps({"data": learned}))
    found = open_session(configuration() | {"denoisers": [{"name": "dlf-slow", "model": "model"}]})
    headers = {name: header(pixel_size_nm={"series": 9.12, "test-a": 8.0}.get(name, 4.56)) for name in found.acquisitions()}
    unseen, outside = foreign_remarks(found, headers)
    assert "has learned from 40 simulated fields; trust no line" in unseen
    assert "series has pixels of 9.12 nm" in outside and "of 2 to 8 nm; its result is outside of what was tested" in outside
    (model / CARD).write_text(json.dumps({"data": learned | {"simulated_fields": 0}}))
    assert foreign_remarks(found, headers) == []
