"""Faults of the pinned RosettaSciIO that docs/upstream describes. Where a test fails, one is mended: its page, and our own way, can go."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from rsciio import emd

from rapidstem.files import read_stack
from tests.unit.test_files_velox import FRAMES, write_stack


def _numbers(tree: object) -> list[float]:
    """All numbers in nested dictionaries and lists."""
    if isinstance(tree, dict):
        return [number for value in tree.values() for number in _numbers(value)]
    if isinstance(tree, list | tuple):
        return [number for value in tree for number in _numbers(value)]
    try:
        return [float(tree)]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []


def test_all_angles_but_the_first_are_lost(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd")
    np.testing.assert_allclose(read_stack(path).tilt_deg, [-70, -68, -66])
    (signal,) = emd.file_reader(str(path))
    given = _numbers({"metadata": signal["metadata"], "own": signal["original_metadata"]})
    found = {degrees: bool(np.isclose(given, np.radians(degrees)).any() or np.isclose(given, degrees).any()) for degrees in (-70, -68, -66)}
    assert found == {-70: True, -68: False, -66: False}


def test_the_time_axis_counts_scanning_and_not_storing(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd")
    (signal,) = emd.file_reader(str(path))
    axis = signal["axes"][0]
    assert axis["size"] == len(FRAMES)
    seconds = axis["scale"] * {"s": 1.0, "ms": 1e-3}[axis["units"]]
    assert seconds == pytest.approx(0.03)
    assert np.diff(read_stack(path).time_s) == pytest.approx(0.07, abs=1e-6)


def test_hyperspy_stores_are_not_written_with_zarr_3(tmp_path: Path) -> None:
    pytest.importorskip("zarr", minversion="3", reason="the packages of the group ome-zarr are not installed")
    zspy = pytest.importorskip("rsciio.zspy")
    signal = {"data": FRAMES, "axes": [], "metadata": {"General": {"title": ""}}, "original_metadata": {}}
    with pytest.raises(AttributeError, match="NestedDirectoryStore"):
        zspy.file_writer(str(tmp_path / "a.zspy"), signal)


def test_hyperspy_stores_are_opened_for_writing_to_be_read_lazily() -> None:
    pytest.importorskip("zarr", reason="the packages of the group ome-zarr are not installed")
    zspy = pytest.importorskip("rsciio.zspy")
    assert '"r+" if lazy' in inspect.getsource(zspy.file_reader)
