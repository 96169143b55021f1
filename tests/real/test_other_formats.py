"""Genuine files of other formats than Velox's."""

import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, read_stack


def test_tilt_series_of_digital_micrograph(real_data: Path) -> None:
    stack = read_stack(real_data / "needle_tilt_series/HAADF.dm3")
    assert stack.frames.shape == (91, 64, 64)
    assert stack.frames.dtype == np.uint16
    assert stack.pixel_size_nm == pytest.approx(17.9949, rel=1e-5)
    np.testing.assert_allclose(stack.tilt_deg, np.arange(-90, 91, 2))


def test_angles_in_the_file_outrank_the_angle_file_beside_it(real_data: Path) -> None:
    beside = (real_data / "needle_tilt_series/HAADF.rawtlt").read_text().split()
    assert len(beside) != 91
    assert len(read_stack(real_data / "needle_tilt_series/HAADF.dm3").tilt_deg) == 91


def test_angle_file_of_imod(real_data: Path, tmp_path: Path) -> None:
    text = (real_data / "needle_tilt_series/HAADF.rawtlt").read_text()
    angles = [float(line) for line in text.split()]
    tifffile.imwrite(tmp_path / "series.tif", np.zeros((len(angles), 8, 9), np.uint16), photometric="minisblack")
    shutil.copy(real_data / "needle_tilt_series/HAADF.rawtlt", tmp_path / "series.rawtlt")
    stack = read_stack(tmp_path / "series.tif", fallback=FallbackMetadata(pixel_size_nm=1))
    np.testing.assert_array_equal(stack.tilt_deg, angles)
    assert angles[0] == -76


@pytest.mark.parametrize("name", ["kriss_sem/dwell/rapid_100ns/fov_001.tif", "ti_bfctem_drift/frame_1733.png"])
def test_image_without_pixel_size(real_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}.*`pixel_size_nm`"):
        read_stack(real_data / name)
    stack = read_stack(real_data / name, fallback=FallbackMetadata(pixel_size_nm=5.83, dwell_time_s=1e-7))
    expected = imageio.imread(real_data / name)
    assert stack.frames.shape == (1, *expected.shape)
    np.testing.assert_array_equal(stack.frames[0], expected)
    assert (stack.pixel_size_nm, stack.dwell_time_s) == (5.83, 1e-7)
