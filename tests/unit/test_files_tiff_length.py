"""A TIFF file that was cut short is refused, whoever has written it: no frame is lost in silence."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, read_header, read_stack

FRAMES = np.random.default_rng(2).poisson(50, (50, 64, 64)).astype(np.uint16)
KNOWN = FallbackMetadata(pixel_size_nm=2.0)


def write_page_by_page(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        for frame in FRAMES:
            file.write(frame, contiguous=False, metadata=None)


def write_as_libtiff(path: Path) -> None:
    """The pixels of a page, then its directory, as libtiff writes them."""
    content, link = bytearray(b"II*\0\0\0\0\0"), 4
    for frame in FRAMES.astype("<u2"):
        start = len(content)
        content += frame.tobytes()
        content[link : link + 4] = struct.pack("<I", len(content))
        entries = [(256, 64), (257, 64), (258, 16), (259, 1), (262, 1), (273, start), (277, 1), (278, 64), (279, frame.nbytes)]
        content += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in entries)
        link = len(content)
        content += bytes(4)
    path.write_bytes(content)


WRITERS: dict[str, Callable[[Path], object]] = {
    "libtiff.tif": write_as_libtiff,
    "pages.tif": write_page_by_page,
    "one_piece.tif": lambda path: tifffile.imwrite(path, FRAMES),
    "big.btf": lambda path: tifffile.imwrite(path, FRAMES, bigtiff=True, compression="zlib"),
    "imagej.tif": lambda path: tifffile.imwrite(path, FRAMES, imagej=True),
    "packed.tif": lambda path: tifffile.imwrite(path, FRAMES, compression="zlib"),
    "packed.ome.tif": lambda path: tifffile.imwrite(path, FRAMES, compression="zlib", ome=True, metadata={"axes": "TYX"}),
    "tiles.tif": lambda path: tifffile.imwrite(path, FRAMES, tile=(32, 32)),
}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_tiff_that_was_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    whole = path.read_bytes()
    np.testing.assert_array_equal(read_stack(path, fallback=KNOWN).frames, FRAMES)
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"is cut short: .* copy it from the microscope again"):
            read_header(path, fallback=KNOWN)


def test_pages_that_lack_of_those_that_tifffile_has_noted_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "noted.tif"
    with tifffile.TiffWriter(path) as file:
        for frame in FRAMES[:3]:
            file.write(frame, contiguous=False, metadata=None, description='{"shape": [50, 64, 64]}')
    with pytest.raises(InputError, match="is cut short"):
        read_header(path, fallback=KNOWN)


@pytest.mark.parametrize("lacking", [1, 40])
def test_a_last_page_that_lacks_a_few_bytes_is_cut_short(tmp_path: Path, lacking: int) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, compression="zlib")
    path.write_bytes(path.read_bytes()[:-lacking])
    with pytest.raises(InputError, match="is cut short"):
        read_header(path, fallback=KNOWN)


def test_a_chain_of_directories_that_ends_early_is_cut_short_and_one_that_begins_anew_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, compression="zlib")
    with tifffile.TiffFile(path) as file:
        first, links = file.pages.first.offset, [page.offset + 2 + 12 * len(page.tags) for page in file.pages]
    whole = path.read_bytes()
    path.write_bytes(whole[: links[-1]] + struct.pack("<I", first) + whole[links[-1] + 4 :])
    np.testing.assert_array_equal(read_stack(path, fallback=KNOWN).frames, FRAMES)
    path.write_bytes(whole[: links[20]] + bytes(4) + whole[links[20] + 4 :])
    with pytest.raises(InputError, match="is cut short"):
        read_header(path, fallback=KNOWN)
