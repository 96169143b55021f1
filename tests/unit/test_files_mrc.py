"""What an MRC file states, and what it only seems to state: signs, sizes, types, tilts of many programs."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from rapidstem.files.image_stacks import open_frames, read_header, read_stack
from rapidstem.files.readers.mrc_series import is_mrc
from tests.unit.test_files_formats import refusal
from tests.unit.test_files_statements import FRAMES, SIZE, UNEVEN_DEG, patched


def mrc(path: Path, data: np.ndarray, angstrom: float = 45.6, **header: object) -> Path:
    with mrcfile.new(path.with_suffix(".mrc"), overwrite=True) as file:
        file.set_data(data)
        file.set_image_stack()
        file.voxel_size = angstrom
        for name, value in header.items():
            setattr(file.header, name, value)
    return path.with_suffix(".mrc").rename(path)


def test_bytes_of_mrc_are_signed_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    signed = (FRAMES.astype(int) % 256 - 128).astype(np.int8)
    path = mrc(tmp_path / "a.mrc", signed)
    np.testing.assert_array_equal(read_stack(path).frames, signed)
    stamp = np.array([1146047817, 0], "<i4").tobytes()
    np.testing.assert_array_equal(read_stack(patched(path, 152, stamp)).frames, signed.view(np.uint8))
    np.testing.assert_array_equal(read_stack(patched(path, 156, b"\1")).frames, signed)
    beyond = mrc(tmp_path / "b.mrc", signed, dmin=0, dmax=255)
    np.testing.assert_array_equal(read_stack(beyond).frames, signed.view(np.uint8))
    for least, largest in ((-1, 255), (0, 300), (0, 127)):
        np.testing.assert_array_equal(read_stack(mrc(tmp_path / "c.mrc", signed, dmin=least, dmax=largest)).frames, signed)


@pytest.mark.parametrize(("offset", "content"), [(28, bytes(12)), (40, np.float32([-45.6] * 3).tobytes()), (40, bytes(12))])
def test_mrc_without_a_positive_size_has_none(tmp_path: Path, offset: int, content: bytes) -> None:
    path = patched(mrc(tmp_path / "a.mrc", FRAMES), offset, content)
    assert "`pixel_size_nm`" in refusal(path)
    assert read_stack(path, fallback=SIZE).pixel_size_nm == 2.0


def test_the_size_that_programs_write_where_they_know_none_gives_way(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrc", FRAMES, angstrom=1.0)
    assert read_header(path).pixel_size_nm == pytest.approx(0.1)
    assert "where they know none" in read_header(path).remarks[0]
    assert read_header(path, fallback=SIZE).pixel_size_nm == 2.0


def test_a_cell_of_one_angstrom_is_no_size(tmp_path: Path) -> None:
    path = patched(mrc(tmp_path / "a.mrc", FRAMES), 40, np.float32([1, 1, 1]).tobytes())
    assert "`pixel_size_nm`" in refusal(path)
    assert read_header(path, fallback=SIZE).pixel_size_nm == 2.0


@pytest.mark.parametrize("kind", [">u2", ">i2", ">f4", ">f2", "<f2", "i1"])
def test_mrc_of_every_type_and_byte_order_is_read_and_computable(tmp_path: Path, kind: str) -> None:
    frames = (FRAMES % 100).astype(kind)
    path = mrc(tmp_path / "a.mrc", frames)
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES % 100)
    assert stack.frames.dtype.isnative and stack.frames.dtype in (np.int8, np.int16, np.uint16, np.float32)
    with open_frames(path) as opened:
        assert opened.frames.dtype == stack.frames.dtype
        np.testing.assert_array_equal(opened.frames[1:3], stack.frames[1:3])


@pytest.mark.parametrize("ending", [".map", ".preali", ".ali", ".st", ".rec", ".mrcs", ".MRC"])
def test_mrc_under_other_endings(tmp_path: Path, ending: str) -> None:
    stack = read_stack(mrc(tmp_path / f"a{ending}", FRAMES))
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.pixel_size_nm == pytest.approx(4.56)


def test_a_map_of_another_program_is_no_mrc(tmp_path: Path) -> None:
    (tmp_path / "a.map").write_bytes(b"JEOL" * 500)
    assert "cannot be read" in refusal(tmp_path / "a.map") or "no series of grey images" in refusal(tmp_path / "a.map")


@pytest.mark.parametrize("ending", [".map", ".rec", ".raw"])
def test_endings_that_others_have_too_are_of_mrc_where_the_header_says_so(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes(b"JEOL" * 500)
    assert not is_mrc(tmp_path / f"a{ending}") and is_mrc(mrc(tmp_path / f"b{ending}", FRAMES))


def test_a_file_that_lacks_a_byte_is_cut_short(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrc", FRAMES)
    path.write_bytes(path.read_bytes()[:-1])
    assert "is cut short" in refusal(path)


@pytest.mark.parametrize(("sampling", "volumes"), [(5, 1), (0, 1), (1, 5)])
def test_one_volume_is_a_series_and_several_are_none(tmp_path: Path, sampling: int, volumes: int) -> None:
    path = patched(mrc(tmp_path / "a.mrc", FRAMES, ispg=401), 36, np.array(sampling, "<i4").tobytes())
    if volumes == 1:
        np.testing.assert_array_equal(read_stack(path).frames, FRAMES)
    else:
        assert "holds several volumes" in refusal(path)


def test_axes_without_an_order_are_in_the_usual_one(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_stack(patched(mrc(tmp_path / "a.mrc", FRAMES), 64, bytes(12))).frames, FRAMES)


@pytest.mark.parametrize(
    ("offset", "content", "words"),
    [
        (12, b"\4", "complex"),
        (12, b"\x65", "half bytes"),
        (12, b"\x0b", "mode 11"),
        (0, bytes(4), "5 frames of 12 x 0 pixels"),
        (64, b"\3\0\0\0\2\0\0\0\1\0\0\0", "order (3, 2, 1)"),
        (64, b"\7\0\0\0\2\0\0\0\1\0\0\0", "damaged or no MRC file"),
    ],
)
def test_mrc_that_holds_something_else_says_what(tmp_path: Path, offset: int, content: bytes, words: str) -> None:
    assert words in refusal(patched(mrc(tmp_path / "a.mrc", FRAMES), offset, content))


def with_tilts(path: Path, kind: bytes, order: str) -> Path:
    """A stack of one byte order, whose extended header has the tilts where a program keeps them, in the middle of other content."""
    mrc(path, FRAMES.astype(order + "i2"))
    content = path.read_bytes()
    size, place, number = {b"FEI": (768, 100, "f8"), b"SER": (4, 0, "i2")}.get(kind[:3], (128, 0, "f4"))
    records = b""
    for tilt in UNEVEN_DEG:
        record = bytearray(b"\1" * size)
        value = np.array(100 * tilt if kind == b"SERI" else tilt, order + number).tobytes()
        record[place : place + len(value)] = value
        if kind[:3] == b"FEI":
            record[:4] = np.array(size, order + "i4").tobytes()
        records += record
    path.write_bytes(content[:1024] + records + content[1024:])
    patched(path, 92, np.array(len(records), order + "i4").tobytes())
    patched(path, *((224, b"Fei Company") if kind == b"Fei " else (104, kind)))
    return patched(path, 128, np.array([size, 1], order + "i2").tobytes())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [b"FEI1", b"FEI2", b"AGAR", b"Fei ", b"SERI"])
def test_tilts_in_the_extended_header_of_mrc(tmp_path: Path, kind: bytes, order: str) -> None:
    stack = read_stack(with_tilts(tmp_path / "a.mrc", kind, order))
    np.testing.assert_allclose(stack.tilt_deg, UNEVEN_DEG, atol=1e-6)
    np.testing.assert_array_equal(stack.frames, FRAMES)


@pytest.mark.parametrize(
    ("kind", "offset", "content"),
    [(b"SERI", 130, bytes(2)), (b"SERI", 92, bytes([16, 0])), (b"FEI1", 1024, bytes([90, 0])), (b"AGAR", 104, b"CCP4")],
)
def test_an_extended_header_without_the_tilt_of_every_frame_gives_none(tmp_path: Path, kind: bytes, offset: int, content: bytes) -> None:
    assert read_header(patched(with_tilts(tmp_path / "a.mrc", kind, "<"), offset, content)).tilt_deg is None
