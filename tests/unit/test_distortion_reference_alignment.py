import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from distortion_phantom import SIDE, intensity, rapid_reference, slow_image, true_map

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.reference_alignment import align_reference
from rapidstem.errors import InputError
from rapidstem.files import write_images
from rapidstem.frames import Drift, write_drift

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(scope="module")
def column_map():
    return ColumnMap(np.arange(SIDE), true_map())


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.3, -4.6), (-11.4, 7.7), (31.6, -24.3)])
def test_shift_of_the_slow_image_is_found(column_map, shift):
    aligned = align_reference(rapid_reference(0), slow_image(0, shift), column_map)
    np.testing.assert_allclose(aligned.slow_shift_px, shift, atol=0.1)
    assert aligned.correlation > 0.8


def test_shift_of_a_frame_that_is_not_square_holds_where_it_lies_in_the_slow_image(column_map):
    aligned = align_reference(rapid_reference(0)[24:136], slow_image(0, (2.3, -4.6)), column_map)
    np.testing.assert_allclose(aligned.slow_shift_px, (26.3, -4.6), atol=0.1)
    assert aligned.slow.shape == (112, SIDE)


def test_slow_image_is_brought_onto_the_rapid_columns(column_map):
    aligned = align_reference(rapid_reference(0), slow_image(0, (1.5, 2.5), electrons=1e6), column_map)
    y, x = np.meshgrid(np.arange(SIDE, dtype=float), true_map(), indexing="ij")
    wanted = 300 + 40 * intensity(y, x) ** 0.8 * (1 + 0.2 * (y + 1.5) / SIDE)
    inside = (aligned.rows, aligned.columns)
    assert np.abs(aligned.slow[inside] - wanted[inside]).max() < 0.05 * np.ptp(wanted)
    assert aligned.slow.dtype == np.float32


def test_columns_beyond_the_slow_image_are_unseen(column_map):
    aligned = align_reference(rapid_reference(0), slow_image(0), column_map)
    unseen = true_map() < -0.2
    assert unseen.sum() > 3
    assert np.isnan(aligned.slow[:, unseen]).all()
    assert aligned.columns.start >= unseen.sum()
    assert np.isfinite(aligned.slow[aligned.rows, aligned.columns]).all()


def test_valid_area_shrinks_by_the_frames_and_the_unseen(column_map):
    reference = rapid_reference(0)
    reference[-3:] = np.nan
    frame_shift = np.array([[6.5, 0.0], [-8.2, -12.0]])
    aligned = align_reference(reference, slow_image(0, (0.3, 0.0)), column_map, frame_shift)
    assert aligned.rows == slice(9, SIDE - 7)
    assert aligned.columns.start >= 12


def test_other_pixel_size_of_the_slow_image(column_map):
    aligned = align_reference(rapid_reference(0), slow_image(0, (1.0, -2.0), pixel_ratio=0.5), column_map, pixel_ratio=0.5)
    np.testing.assert_allclose(aligned.slow_shift_px, (1.0, -2.0), atol=0.15)
    assert aligned.correlation > 0.8


def test_slow_image_of_another_field_is_refused(column_map):
    with pytest.raises(InputError, match="another field"):
        align_reference(rapid_reference(0), slow_image(5), column_map)


def test_images_without_features_are_refused(column_map):
    with pytest.raises(InputError, match="too few features"):
        align_reference(np.ones((SIDE, SIDE)), slow_image(0), column_map)


def test_a_field_without_a_slow_image_is_said_to_have_none(tmp_path, monkeypatch, capsys):
    write_images(tmp_path / "dcfi.ome.tif", rapid_reference(0).astype(np.float32), 4.56)
    write_drift(tmp_path / "drift.csv", Drift(np.zeros((2, 2)), np.zeros(2), np.ones(2, bool), ("", "")))
    job = SimpleNamespace(
        input=SimpleNamespace(dcfi=str(tmp_path / "dcfi.ome.tif"), drift=str(tmp_path / "drift.csv"), slow="", map=""),
        output=SimpleNamespace(field=str(tmp_path / "pair/field.json")),
        wildcards={"acquisition": "a"},
        rule="align_references",
        log=[str(tmp_path / "job.log")],
    )
    monkeypatch.syspath_prepend(str(SCRIPTS))
    (tmp_path / "pair").mkdir()
    runpy.run_path(str(SCRIPTS / "align_references.py"), init_globals={"snakemake": job})
    said = capsys.readouterr().out
    assert "there is no slow image" in said and "nan" not in said
