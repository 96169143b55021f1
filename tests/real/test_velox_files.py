"""Genuine Velox files, of four versions of the format."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.acquisition_sheet import check_files, read_sheet
from rapidstem.files.image_stacks import read_header, read_stack


def test_single_stem_image(real_data: Path) -> None:
    stack = read_stack(real_data / "velox/EMDReader_Image_FEI.emd")
    assert stack.frames.shape == (1, 512, 512)
    assert stack.frames.dtype == np.uint16
    assert stack.pixel_size_nm == pytest.approx(5.3024148379916, rel=1e-9)
    assert stack.dwell_time_s == pytest.approx(20e-6)
    assert stack.line_time_s == pytest.approx(11.8e-3)
    assert stack.frame_time_s == pytest.approx(512 * 11.8e-3)
    np.testing.assert_allclose(stack.tilt_deg, [np.degrees(1.1072368774652029e-4)])
    assert stack.detector == "HAADF"


def test_frame_stack_has_metadata_of_every_frame(real_data: Path) -> None:
    stack = read_stack(real_data / "velox/fei_example_tem_stack.emd")
    assert stack.frames.shape == (2, 3, 3)
    np.testing.assert_allclose(np.radians(stack.tilt_deg), [-0.2196735999999999] * 2)
    np.testing.assert_allclose(stack.time_s, [0, 1575540227.038967 - 1575540226.238991], atol=1e-6)
    assert stack.pixel_size_nm == pytest.approx(8.172883e-3, rel=1e-6)
    assert stack.dwell_time_s is None
    assert stack.velox_shift_px is None


def test_detectors_of_one_file_by_name(real_data: Path) -> None:
    path = real_data / "velox/fei_example_dpc_titles.emd"
    segments = [read_stack(path, detector=name) for name in ("DF4-A", "DF4-B", "DF4-C", "DF4-D")]
    assert len({segment.frames.tobytes() for segment in segments}) == 4
    assert {segment.frames.dtype for segment in segments} == {np.dtype(np.uint16)}
    assert segments[0].line_time_s == pytest.approx(11.46e-3)


@pytest.mark.parametrize("wanted", ["BF", "DF4", "DF2"])
def test_detector_that_is_not_there_or_not_unique(real_data: Path, wanted: str) -> None:
    with pytest.raises(InputError, match=r"fei_example_dpc_titles\.emd: .*DF4-A, DF4-B, DF4-C, DF4-D"):
        read_stack(real_data / "velox/fei_example_dpc_titles.emd", detector=wanted)


@pytest.fixture
def newest_version(real_data: Path, tmp_path: Path) -> Path:
    """A file of version 11, which has X-ray spectra beside a series of two STEM images."""
    with zipfile.ZipFile(real_data / "velox/velox_emd_version11.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / "Test SI 16x16 215 kx.emd"


def test_stem_series_beside_spectra(newest_version: Path) -> None:
    stack = read_stack(newest_version, detector="HAADF")
    assert stack.frames.shape == (2, 16, 16)
    assert np.any(stack.frames[0] != stack.frames[1])
    assert stack.pixel_size_nm == pytest.approx(3.59925, rel=1e-5)
    assert (stack.dwell_time_s, stack.line_time_s, stack.frame_time_s) == pytest.approx((1e-3, 18e-3, 0.288))


@pytest.mark.parametrize("name", ["EMDReader_Image_FEI.emd", "fei_example_tem_stack.emd"])
def test_header_is_that_of_the_stack(real_data: Path, name: str) -> None:
    stack, header = read_stack(real_data / "velox" / name), read_header(real_data / "velox" / name)
    assert header.shape == stack.frames.shape
    np.testing.assert_array_equal(header.tilt_deg, stack.tilt_deg)


def test_genuine_file_that_is_cut_short(real_data: Path, tmp_path: Path) -> None:
    content = (real_data / "velox/EMDReader_Image_FEI.emd").read_bytes()
    path = tmp_path / "short.emd"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"short\.emd: is damaged or cut short"):
        read_stack(path)


def test_single_image_in_the_place_of_rapid_frames(real_data: Path, tmp_path: Path) -> None:
    shutil.copy(real_data / "velox/EMDReader_Image_FEI.emd", tmp_path / "rapid.emd")
    sheet = tmp_path / "sheet.tsv"
    sheet.write_text("acquisition\tkind\ttilt\trapid\tslow\nfield\ttest\t0\trapid.emd\t\n")
    with pytest.raises(InputError, match=r"acquisition 'field', column rapid: .*rapid\.emd: has only one frame"):
        check_files(read_sheet(sheet))
