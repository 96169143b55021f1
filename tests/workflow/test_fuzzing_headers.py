"""Whatever stands in the header of a raw file of another format than Velox's: it is read, or refused with the file's name.

Sound small files are damaged at places that hypothesis chooses, most of them in the header; the pixels are not looked at.
"""

from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings, strategies as st

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, open_frames, read_header
from tests.unit.digital_micrograph_files import write_dm3
from tests.unit.test_files_contradictions import IMAGE_NM, STAGE, write_emi, write_ser
from tests.unit.test_files_formats import image_axes, write_hyperspy
from tests.unit.test_files_statements import ANGLES, COLUMNS, ROWS, ncem

FRAMES = np.random.default_rng(3).integers(0, 4000, (5, 12, 16)).astype(np.uint16)
HEADER = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
KNOWN = FallbackMetadata(pixel_size_nm=2.0)
# at most this part of a file is header; the largest header here is that of a HyperSpy file
SHARE = 0.9


def _mrc(path: Path) -> None:
    with mrcfile.new(path) as file:
        file.set_data(FRAMES)
        file.voxel_size = 45.6


def _ome(path: Path) -> None:
    sizes = {f"PhysicalSize{axis}": 4.56 for axis in "XY"}
    tifffile.imwrite(path, FRAMES, ome=True, photometric="minisblack", metadata={"axes": "TYX", **sizes})


def _imagej(path: Path) -> None:
    tifffile.imwrite(path, FRAMES, imagej=True, resolution=(1 / 4.56, 1 / 4.56), metadata={"unit": "nm", "axes": "TYX"})


def _hspy(path: Path) -> None:
    tilt = {"name": "tilt", "scale": 3.0, "offset": -6.0, "units": "deg", "navigate": True}
    write_hyperspy(path, FRAMES, [tilt, *image_axes("nm", 4.56)])


def _emi(path: Path) -> None:
    write_ser(path.with_name(f"{path.stem}_1.ser"), FRAMES)
    write_emi(path, 10.0)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.mrc": _mrc,
    "a.ome.tif": _ome,
    "b.tif": _imagej,
    "a.hspy": _hspy,
    "a.emd": lambda path: ncem(path, FRAMES, [ANGLES, ROWS, COLUMNS]),
    "a.ser": lambda path: write_ser(path, FRAMES),
    "a.emi": _emi,
    "a.dm3": lambda path: write_dm3(path, FRAMES, [(2.0, -4.0, "deg"), *IMAGE_NM], STAGE),
}
damages = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=5)


@pytest.fixture(scope="module", params=sorted(WRITERS))
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("headers") / request.param
    WRITERS[request.param](path)
    return path, path.read_bytes()


def _read_or_refuse(path: Path) -> None:
    try:
        header = read_header(path, fallback=KNOWN)
        assert min(header.shape) > 0 and 1e-4 <= header.pixel_size_nm <= 1e4
        assert header.tilt_deg is None or (np.abs(header.tilt_deg) <= 90).all()
        with open_frames(path, fallback=KNOWN) as stack:
            assert stack.frames[0].shape == header.shape[1:]
    except InputError as error:
        assert path.stem.split(".")[0] in str(error)


def test_the_sound_file_is_read(sound: tuple[Path, bytes]) -> None:
    path, content = sound
    path.write_bytes(content)
    assert read_header(path, fallback=KNOWN).shape == FRAMES.shape


@HEADER
@given(places=damages, cut=st.floats(0, 1))
def test_any_damaged_header_is_read_or_refused(sound: tuple[Path, bytes], places: list[tuple[float, bytes]], cut: float) -> None:
    path, content = sound
    damaged = bytearray(content)
    for place, patch in places:
        start = round(place * SHARE * (len(content) - len(patch)))
        damaged[start : start + len(patch)] = patch
    path.write_bytes(damaged[: round(len(damaged) * max(min(2 * cut, 1.0), 0.01))])
    _read_or_refuse(path)


words = st.one_of(st.text(max_size=12), st.sampled_from(["nan", "-1", "0", "1e999", "", "\\u00B5m", "nm", "\x00", "<", "&amp;"]))


@HEADER
@given(size=words, unit=words, kind=st.sampled_from(["ome", "imagej"]))
def test_any_words_in_the_metadata_of_a_tiff_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, size: str, unit: str, kind: str
) -> None:
    path = tmp_path_factory.mktemp("words") / "a.tif"
    described = f'<OME><Image><Pixels DimensionOrder="XYCZT" PhysicalSizeX="{size}" PhysicalSizeXUnit="{unit}"/></Image></OME>'
    text = described if kind == "ome" else f"ImageJ=1.54f\nimages=5\nunit={unit}\nspacing={size}\nframes={size}\n"
    tifffile.imwrite(path, FRAMES, photometric="minisblack", description=text.encode("ascii", "replace"), metadata=None)
    _read_or_refuse(path)
