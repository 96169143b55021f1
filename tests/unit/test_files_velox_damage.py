"""Velox files that are damaged, cut short, empty, or something else: what is wrong is said."""

import bz2
import errno
import gzip
import lzma
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest

from rapidstem.files.image_stacks import read_stack
from tests.unit.test_files_velox import FRAMES, document, integrated_file, read_faulty, velox_file, write_stack


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b'{"Stage": {', "are no JSON"), (b"", "are empty"), (b"\0" * 100, "are empty"), (b'{"Scan": "\xff"}', "are no JSON")],
)
def test_damaged_metadata_name_the_frame(tmp_path: Path, content: bytes, expected: str) -> None:
    message = read_faulty(write_stack(tmp_path / "a.emd", [document(0), content, document(2)]))
    assert "frame 1" in message
    assert expected in message


def test_metadata_for_too_few_frames_are_refused(tmp_path: Path) -> None:
    assert "metadata for 2 of 3 frames" in read_faulty(write_stack(tmp_path / "a.emd", [document(0), document(1)]))


def test_empty_sections_do_not_matter(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd", [document(i, Stage="", CustomProperties="") for i in range(3)]))
    assert stack.tilt_deg is None
    assert stack.velox_shift_px is None


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in read_faulty(tmp_path / "none.emd")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder" in read_faulty(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.emd").touch()
    assert "0 bytes" in read_faulty(tmp_path / "a.emd")


@pytest.mark.parametrize("ending", [".emd", ".mrc", ".tif"])
def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    path = write_stack(tmp_path / f"a{ending}")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    assert "may not be read (Permission denied)" in read_faulty(path)


def test_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.emd").symlink_to(tmp_path / "gone.emd")
    assert "is a link to" in read_faulty(tmp_path / "a.emd") and "gone.emd" in read_faulty(tmp_path / "a.emd")


@pytest.mark.parametrize(("module", "name"), [(gzip, "gzip"), (bz2, "bzip2"), (lzma, "xz")])
@pytest.mark.parametrize("ending", [".emd", ".mrc", ".mrc.gz", ".tif"])
def test_packed_file_is_no_file_of_pixels(tmp_path: Path, module: ModuleType, name: str, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes(module.compress(write_stack(tmp_path / "b.emd").read_bytes()))
    assert f"is packed with {name}; unpack it" in read_faulty(tmp_path / f"a{ending}")


def test_text_named_emd(tmp_path: Path) -> None:
    (tmp_path / "a.emd").write_text("not an image\n" * 100)
    assert "no HDF5 file" in read_faulty(tmp_path / "a.emd")


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_file_that_is_cut_short(tmp_path: Path, part: float) -> None:
    path = write_stack(tmp_path / "a.emd")
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    assert "damaged or cut short" in read_faulty(path)


def test_velox_file_without_images(tmp_path: Path) -> None:
    velox_file(tmp_path / "a.emd").close()
    assert "without images" in read_faulty(tmp_path / "a.emd")


@pytest.mark.parametrize(("name", "expected"), [("Data", "no pixels"), ("Metadata", "no metadata")])
def test_image_without_a_part(tmp_path: Path, name: str, expected: str) -> None:
    path = write_stack(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        del file[f"Data/Image/0a/{name}"]
    assert expected in read_faulty(path)


@pytest.mark.parametrize("part", ["missing", "no JSON"])
def test_a_sound_series_is_read_beside_a_calculated_one_whose_metadata_are_damaged(tmp_path: Path, part: str) -> None:
    path = integrated_file(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        metadata = file["Data/Image/0a/Metadata"]
        if part == "missing":
            del file["Data/Image/0a/Metadata"]
        else:
            metadata[:] = ord("?")
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.velox_shift_px is None


@pytest.mark.parametrize(
    ("shape", "expected"), [((4, 5, 0), "0 frames"), ((4, 5), "axes (y, x, frame)"), ((4, 5, 3, 1), "axes (y, x, frame)")]
)
def test_pixels_of_another_shape(tmp_path: Path, shape: tuple[int, ...], expected: str) -> None:
    path = write_stack(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        del file["Data/Image/0a/Data"]
        file.create_dataset("Data/Image/0a/Data", shape, np.uint16)
    assert expected in read_faulty(path)


@pytest.mark.parametrize("dtype", [h5py.string_dtype(), np.dtype([("real", "<f4"), ("imaginary", "<f4")]), np.complex64])
def test_pixels_that_are_no_grey_values(tmp_path: Path, dtype: np.dtype) -> None:
    path = write_stack(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        del file["Data/Image/0a/Data"]
        file.create_dataset("Data/Image/0a/Data", (4, 5, 3), dtype)
    assert "grey values" in read_faulty(path)


def test_hdf5_of_another_program(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.emd", "w") as file:
        file["something"] = np.zeros(3)
    assert "cannot be read" in read_faulty(tmp_path / "a.emd")


def test_damaged_pixels(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        del file["Data/Image/0a/Data"]
        frames = np.random.default_rng(1).integers(0, 60000, (64, 64, 3)).astype(np.uint16)
        pixels = file.create_dataset("Data/Image/0a/Data", data=frames, chunks=(64, 64, 1), compression="gzip")
        offset = pixels.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset : offset + 200] = bytes(200)
    path.write_bytes(content)
    assert "pixels cannot be read" in read_faulty(path)
