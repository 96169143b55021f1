"""Frames read slice by slice are those that `read_stack` reads at once."""

from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError, ResourceError
from rapidstem.files.image_stacks import FallbackMetadata, open_frames, read_stack
from rapidstem.files.sliced_frames import SlicedFrames
from rapidstem.microscope.recording.velox_writer import ScanDescription, write_velox

FRAMES = np.random.default_rng(0).integers(0, 60000, (7, 20, 30)).astype(np.uint16)
SCAN = ScanDescription(pixel_size_nm=2.0, dwell_time_s=1e-7, line_time_s=6e-5, frame_time_s=0.03, start_s=0)
KNOWN = FallbackMetadata(pixel_size_nm=2.0)


def write_emd(path: Path) -> None:
    write_velox(path, FRAMES, SCAN, np.zeros(len(FRAMES)), np.arange(len(FRAMES)) * 0.07)


def write_emd_of_common_chunks(path: Path) -> None:
    write_emd(path)
    with h5py.File(path, "r+") as file:
        group = next(iter(file["Data/Image"].values()))
        del group["Data"]
        group.create_dataset("Data", data=np.moveaxis(FRAMES, 0, 2), chunks=(20, 30, 4), compression="gzip")


def write_mrc(path: Path) -> None:
    with mrcfile.new(path) as file:
        file.set_data(FRAMES)


def write_tiff_behind_a_picture(path: Path) -> None:
    """A colour picture of as many bytes as a frame or more, then all frames in one piece."""
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((20, 30, 16), np.uint16), photometric="rgb", extrasamples=[0] * 13)
        file.write(FRAMES, photometric="minisblack", truncate=True)


WRITERS = {
    "one.emd": write_emd,
    "common.emd": write_emd_of_common_chunks,
    "pages.tif": lambda path: tifffile.imwrite(path, FRAMES),
    "packed.tif": lambda path: tifffile.imwrite(path, FRAMES, compression="deflate"),
    "imagej.tif": lambda path: tifffile.imwrite(path, FRAMES, imagej=True),
    "one_page.tiff": lambda path: tifffile.imwrite(path, FRAMES, volumetric=True, tile=(8, 16, 16), photometric="minisblack"),
    "behind_a_picture.tif": write_tiff_behind_a_picture,
    "stack.mrc": write_mrc,
}


@pytest.fixture(params=sorted(WRITERS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    WRITERS[request.param](path)
    return path


def test_slices_are_the_frames_of_the_whole_stack(path: Path) -> None:
    with open_frames(path, fallback=KNOWN) as stack:
        whole = read_stack(path, fallback=KNOWN)
        np.testing.assert_array_equal(whole.frames, FRAMES)
        np.testing.assert_array_equal(stack.frames[[0, 2, 3, 6]], FRAMES[[0, 2, 3, 6]])
        assert stack.frames.shape == stack.shape == FRAMES.shape
        assert stack.frames.dtype == FRAMES.dtype
        for part in (slice(0, 3), slice(3, 7), slice(6, None), slice(2, 3), slice(5, 5), slice(5, 2), []):
            np.testing.assert_array_equal(stack.frames[part], FRAMES[part])
        np.testing.assert_array_equal(stack.frames[-2], FRAMES[-2])
        assert stack.pixel_size_nm == whole.pixel_size_nm


def test_a_single_image_is_one_frame(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "one.tif", FRAMES[0])
    with open_frames(tmp_path / "one.tif", fallback=KNOWN) as stack:
        np.testing.assert_array_equal(stack.frames[0:1], FRAMES[:1])


def test_only_the_frames_asked_for_are_read() -> None:
    asked = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return FRAMES[start:stop]

    frames = SlicedFrames(Path("a.emd"), FRAMES.shape, FRAMES.dtype, read)
    frames[2:5], frames[1], frames[6:100]
    assert asked == [(2, 5), (1, 2), (6, 7)]


def test_truth_values_choose_frames_as_those_of_an_array_do() -> None:
    frames = SlicedFrames(Path("a.emd"), FRAMES.shape, FRAMES.dtype, lambda start, stop: FRAMES[start:stop])
    for used in (np.arange(7) % 3 > 0, np.zeros(7, bool), [False] * 6 + [True]):
        np.testing.assert_array_equal(frames[used], FRAMES[used])
    assert frames[np.zeros(7, bool)].dtype == FRAMES.dtype


def test_wrong_numbers_are_an_index_error() -> None:
    frames = SlicedFrames(Path("a.emd"), FRAMES.shape, FRAMES.dtype, lambda start, stop: FRAMES[start:stop])
    for wanted in (7, -8, slice(0, 6, 2), [6, 7], [-1, 0], [True] * 6):
        with pytest.raises(IndexError):
            frames[wanted]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (MemoryError("3 GiB"), ResourceError, r"^a\.emd: the memory does not hold the frames 2 to 4 \(3 GiB\)"),
        (InputError("a.emd: its own words"), InputError, r"^a\.emd: its own words$"),
        (OSError("bad block"), InputError, r"^a\.emd: the frames 2 to 4 cannot be read \(bad block\)"),
    ],
)
def test_what_keeps_frames_from_being_read_is_said_once(error: Exception, kind: type[Exception], said: str) -> None:
    def read(start: int, stop: int) -> np.ndarray:
        raise error

    with pytest.raises(kind, match=said):
        SlicedFrames(Path("a.emd"), FRAMES.shape, FRAMES.dtype, read)[2:5]


def test_a_file_cut_short_behind_its_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.tif"
    tifffile.imwrite(path, FRAMES, compression="deflate")
    with tifffile.TiffFile(path) as file:
        first_byte = file.pages[6].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[first_byte : first_byte + 200] = bytes(200)
    path.write_bytes(bytes(content))
    with open_frames(path, fallback=KNOWN) as stack:
        np.testing.assert_array_equal(stack.frames[0:6], FRAMES[:6])
        with pytest.raises(InputError, match=r"short\.tif: the frames 6 to 6 cannot be read"):
            stack.frames[6:7]
