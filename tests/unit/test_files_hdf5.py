"""Types, compression and places in HDF5 files: what is computed with, what cannot be undone, and images that tell their axes by lists."""

from pathlib import Path
from unittest.mock import Mock

import h5py
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import open_frames, read_header
from rapidstem.files.readers.hdf5_filters import check_filters
from rapidstem.files.readers.recorded_series import computable, computable_type
from tests.unit.test_files_formats import refusal
from tests.unit.test_files_statements import ANGLES, COLUMNS, FRAMES, ROWS, ncem


@pytest.mark.parametrize(
    ("code", "name", "said"), [(32015, b"", "Zstandard"), (40001, b"their own", "their own"), (40001, b"", "filter 40001")]
)
def test_a_filter_of_hdf5_that_is_not_there_is_named_wherever_it_stands(code: int, name: bytes, said: str) -> None:
    filters = {0: (code, 1, (), name)}
    created = Mock(get_nfilters=lambda: len(filters), get_filter=lambda number: filters[number])
    pixels = Mock(**{"id.get_create_plist.return_value": created})
    for _ in range(2):
        with pytest.raises(InputError, match=f"compressed with {said}, which HDF5 cannot undo here"):
            check_filters(Path("a.emd"), pixels)
        filters = {0: (2, 1, (), b"shuffle"), 1: (code, 1, (), name)}


def test_ncem_places_that_fall_are_even_steps_and_one_short_step_is_none(tmp_path: Path) -> None:
    falling = ("x", "[n_m]", 100 - np.arange(16) * 4.56)
    assert read_header(ncem(tmp_path / "a.emd", FRAMES, [ANGLES, ROWS, falling])).pixel_size_nm == pytest.approx(4.56, rel=1e-5)
    uneven = ("x", "[n_m]", np.arange(16) * 4.56 - 0.5 * (np.arange(16) == 15))
    assert "`pixel_size_nm`" in refusal(ncem(tmp_path / "b.emd", FRAMES, [ANGLES, ROWS, uneven]))


def test_ncem_single_images_are_one_frame_and_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = ncem(tmp_path / "a.emd", FRAMES[0].T, [COLUMNS, ROWS])
    with open_frames(path) as opened:
        np.testing.assert_array_equal(opened.frames[0:1], FRAMES[:1])
    with h5py.File(path, "r+") as file:
        for folder in ("one", "two"):
            file.copy("data/tomography", file, name=f"{folder}/BF")
    assert "set `detector` to one of: data/tomography, one/BF, two/BF" in refusal(path)


@pytest.mark.parametrize(
    ("stored", "computed"),
    [(">u2", "u2"), ("i1", "i1"), (">i4", "f4"), ("u4", "f4"), ("f2", "f4"), ("f8", "f4"), (">f4", "f4"), ("i8", "f4")],
)
def test_pixels_of_two_bytes_keep_their_type_and_all_others_are_real_numbers(stored: str, computed: str) -> None:
    pixels = np.array([0, 100, 7], stored)
    assert computable(pixels).dtype == computable_type(pixels.dtype) == np.dtype(computed) and computable(pixels).dtype.isnative
    np.testing.assert_array_equal(computable(pixels), pixels)
