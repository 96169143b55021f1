"""Velox files as RosettaSciIO and h5py read them."""

import json

import h5py
import numpy as np
import pytest
from rsciio.emd import file_reader

from rapidstem.microscope.recording.velox_writer import METADATA_BYTES, ScanDescription, write_velox

SCAN = ScanDescription(4.56, 114e-9, 117.2e-6, 0.03, 1_622_505_600)


@pytest.fixture
def stack(tmp_path):
    frames = np.random.default_rng(0).integers(0, 65535, (3, 6, 8)).astype(np.uint16)
    path = tmp_path / "stack.emd"
    write_velox(path, frames, SCAN, np.array((-0.5, 0.0, 0.25)), np.array((0, 0.07, 0.14)), np.array([(0, 0), (1.5, -2.5), (2, -3)]))
    return path, frames


def _documents(path):
    with h5py.File(path) as file:
        (group,) = file["Data/Image"].values()
        assert group["Metadata"].shape == (METADATA_BYTES, group["Data"].shape[2])
        return [json.loads(bytes(column).rstrip(b"\0")) for column in group["Metadata"][()].T]


def test_rosettasciio_opens_it_with_pixels_scale_and_units(stack):
    path, frames = stack
    (signal,) = file_reader(path)
    np.testing.assert_array_equal(signal["data"], frames)
    assert signal["data"].dtype == np.uint16
    axes = {axis["name"]: axis for axis in signal["axes"]}
    for name in "xy":
        assert axes[name]["scale"] == pytest.approx(4.56)
        assert axes[name]["units"] == "nm"
    assert signal["metadata"]["General"]["title"] == "BF"
    assert float(signal["original_metadata"]["Scan"]["DwellTime"]) == 114e-9


def test_a_single_frame_is_an_image(tmp_path):
    write_velox(tmp_path / "one.emd", np.ones((1, 4, 5), np.uint16), SCAN, np.zeros(1), np.zeros(1))
    (signal,) = file_reader(tmp_path / "one.emd")
    assert signal["data"].shape == (4, 5)


def test_every_frame_has_its_own_metadata_in_strings(stack):
    documents = _documents(stack[0])
    assert [float(d["Stage"]["AlphaTilt"]) for d in documents] == [-0.5, 0, 0.25]
    stamps = [int(d["CustomProperties"]["Detectors[BF].TimeStamp"]["value"]) for d in documents]
    np.testing.assert_allclose(np.diff(stamps), 70_000)
    assert float(documents[1]["CustomProperties"]["ShiftMeasureResult.dx"]["value"]) == -2.5
    assert float(documents[1]["CustomProperties"]["ShiftMeasureResult.dy"]["value"]) == 1.5
    assert float(documents[0]["BinaryResult"]["PixelSize"]["width"]) == pytest.approx(4.56e-9)

    def leaves(node):
        return [leaf for child in node.values() for leaf in leaves(child)] if isinstance(node, dict) else [node]

    assert all(isinstance(leaf, str) for leaf in leaves(documents[0]))


def test_shifts_are_left_out_where_velox_measured_none(tmp_path):
    write_velox(tmp_path / "plain.emd", np.ones((2, 4, 4), np.uint16), SCAN, np.zeros(2), np.zeros(2))
    assert "ShiftMeasureResult.dx" not in _documents(tmp_path / "plain.emd")[0]["CustomProperties"]


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(IndexError):
        write_velox(tmp_path / "bad.emd", np.ones((2, 4, 4), np.uint16), SCAN, np.zeros(1), np.zeros(2))
    assert list(tmp_path.iterdir()) == []
