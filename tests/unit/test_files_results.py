"""Images, volumes and tables come back as they were written, with their sizes."""

from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pandas as pd
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_header, read_stack
from rapidstem.files.length_units import length_in_nm
from rapidstem.files.mrc_volumes import read_series, read_volume, write_series, write_volume
from rapidstem.files.ome_tiff import read_channel_names, read_images, write_frames, write_images
from rapidstem.files.tables import LABEL_COLUMNS, read_table, write_table

PIXEL_SIZE_NM = 4.5612345
ROOT = Path(__file__).resolve().parents[2]


def images(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(3).normal(1000, 200, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.uint8])
@pytest.mark.parametrize("shape", [(6, 7), (1, 6, 7), (3, 6, 7), (4, 6, 7), (40, 6, 7)])
def test_ome_tiff_keeps_pixels_shape_and_size(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    written = images(*shape, dtype=dtype)
    write_images(tmp_path / "a.ome.tif", written, PIXEL_SIZE_NM)
    read, size = read_images(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(read, written)
    assert read.dtype == written.dtype
    assert size == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)


def test_ome_tiff_keeps_undefined_pixels(tmp_path: Path) -> None:
    written = images(6, 7)
    written[2, 3] = np.nan
    write_images(tmp_path / "a.ome.tif", written, PIXEL_SIZE_NM)
    np.testing.assert_array_equal(read_images(tmp_path / "a.ome.tif")[0], written)


@pytest.mark.parametrize("names", [["dcfi"], ["dcfi", "slow"], ["a", "b", "c"]])
def test_ome_tiff_keeps_channels_and_their_names(tmp_path: Path, names: list[str]) -> None:
    written = images(len(names), 6, 7)
    write_images(tmp_path / "a.ome.tif", written, PIXEL_SIZE_NM, names)
    np.testing.assert_array_equal(read_images(tmp_path / "a.ome.tif")[0], written)
    assert read_channel_names(tmp_path / "a.ome.tif") == names


def test_long_series_is_written_block_by_block(tmp_path: Path) -> None:
    written = images(7, 6, 7)
    blocks = (written[first : first + 3] for first in (0, 3, 6))
    write_frames(tmp_path / "a.ome.tif", blocks, written.shape, PIXEL_SIZE_NM, 0.5 * np.arange(7))
    read, size = read_images(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(read, written)
    assert size == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)


def test_a_series_of_uneven_times_says_each_and_their_mean_step(tmp_path: Path) -> None:
    time_s = np.array([0.0, 0.1, 0.4])
    write_frames(tmp_path / "a.ome.tif", [images(3, 6, 7)], (3, 6, 7), 4.56, time_s)
    np.testing.assert_allclose(read_header(tmp_path / "a.ome.tif").time_s, time_s)
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert 'TimeIncrement="0.2"' in file.ome_metadata


@pytest.mark.parametrize("frames", [6, 8])
def test_long_series_with_another_number_of_frames_is_refused_and_not_kept(tmp_path: Path, frames: int) -> None:
    with pytest.raises(ValueError, match="frames"):
        write_frames(tmp_path / "a.ome.tif", [images(7, 6, 7)], (frames, 6, 7), PIXEL_SIZE_NM)
    assert list(tmp_path.iterdir()) == []


def test_ome_tiff_is_readable_as_a_raw_stack(tmp_path: Path) -> None:
    written = images(5, 6, 7)
    write_images(tmp_path / "a.ome.tif", written, PIXEL_SIZE_NM)
    stack = read_stack(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(stack.frames, written)
    assert stack.pixel_size_nm == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)


@pytest.mark.parametrize("most_bytes", [1000, 10_000])
def test_only_a_series_that_offsets_of_32_bits_do_not_reach_is_a_bigtiff(
    tmp_path: Path, most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapidstem.files.ome_tiff._LARGEST_CLASSIC_BYTES", most_bytes)
    write_frames(tmp_path / "a.ome.tif", [images(7, 6, 7)], (7, 6, 7), PIXEL_SIZE_NM)
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert file.is_bigtiff == (most_bytes < 7 * 6 * 7 * 4)


@pytest.mark.parametrize(("shape", "names"), [((6,), None), ((2, 3, 6, 7), None), ((6, 7), ["a"]), ((3, 6, 7), ["a"])])
def test_ome_tiff_refuses_other_shapes(tmp_path: Path, shape: tuple[int, ...], names: list[str] | None) -> None:
    with pytest.raises(ValueError, match=r"images|names"):
        write_images(tmp_path / "a.ome.tif", images(*shape), PIXEL_SIZE_NM, names)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int8])
def test_mrc_volume_keeps_voxels_and_size(tmp_path: Path, dtype: type) -> None:
    written = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype)
    write_volume(tmp_path / "a.mrc", written, PIXEL_SIZE_NM)
    read, size = read_volume(tmp_path / "a.mrc")
    np.testing.assert_array_equal(read, written)
    assert read.dtype == written.dtype
    assert size == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)


def test_mrc_without_a_voxel_size_or_of_an_image_is_refused(tmp_path: Path) -> None:
    write_volume(tmp_path / "a.mrc", images(2, 3, 4), PIXEL_SIZE_NM)
    with mrcfile.open(tmp_path / "a.mrc", "r+") as file:
        file.voxel_size = 0
    with pytest.raises(InputError, match="the header has no voxel size"):
        read_volume(tmp_path / "a.mrc")
    with pytest.raises(ValueError, match="three axes, not 2"):
        write_volume(tmp_path / "b.mrc", images(3, 4), PIXEL_SIZE_NM)


def test_mrc_stores_other_types_as_float32(tmp_path: Path) -> None:
    write_volume(tmp_path / "a.mrc", np.full((2, 3, 4), 0.1), 1.0)
    assert read_volume(tmp_path / "a.mrc")[0].dtype == np.float32


def test_mrc_series_keeps_frames_and_size_and_is_a_raw_stack(tmp_path: Path) -> None:
    written = images(3, 6, 7)
    write_series(tmp_path / "a.mrc", written, PIXEL_SIZE_NM)
    read, size = read_series(tmp_path / "a.mrc")
    np.testing.assert_array_equal(read, written)
    assert size == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)
    stack = read_stack(tmp_path / "a.mrc")
    np.testing.assert_array_equal(stack.frames, written)
    assert stack.pixel_size_nm == pytest.approx(PIXEL_SIZE_NM, rel=1e-6)


@pytest.mark.parametrize(
    ("write", "read", "said"), [(write_series, read_volume, "a series of images"), (write_volume, read_series, "a volume")]
)
def test_a_volume_is_not_read_as_a_series_nor_a_series_as_a_volume(tmp_path: Path, write: Callable, read: Callable, said: str) -> None:
    write(tmp_path / "a.mrc", images(3, 6, 7), PIXEL_SIZE_NM)
    with pytest.raises(InputError, match=f"a.mrc: holds {said}"):
        read(tmp_path / "a.mrc")


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan])
def test_sizes_must_be_positive(tmp_path: Path, size: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        write_volume(tmp_path / "a.mrc", np.zeros((2, 2, 2), np.float32), size)
    with pytest.raises(ValueError, match="must be positive"):
        write_images(tmp_path / "a.ome.tif", images(6, 7), size)


def test_table_keeps_numbers_names_and_truth(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "frame": [0, 1],
            "dy_px": np.array([1 / 3, -1e-7]),
            "weight": np.float32([0.1, 16777217]),
            "used": [True, False],
            "line": ["a,b", 'c"d'],
        }
    )
    write_table(tmp_path / "a.csv", table)
    read = read_table(tmp_path / "a.csv", ["frame", "used"])
    assert list(read.columns) == list(table.columns)
    assert read["frame"].tolist() == [0, 1]
    assert read["used"].tolist() == [True, False]
    assert read["line"].tolist() == ["a,b", 'c"d']
    np.testing.assert_allclose(read["dy_px"], table["dy_px"], rtol=1e-9)
    np.testing.assert_array_equal(read["weight"].astype(np.float32), table["weight"])


def test_table_keeps_missing_values(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", pd.DataFrame({"x_nm": [1.5, np.nan]}))
    assert read_table(tmp_path / "a.csv", ["x_nm"])["x_nm"].isna().tolist() == [False, True]


def test_names_of_acquisitions_stay_text_whatever_they_look_like(tmp_path: Path) -> None:
    names = ["0002", "NA", "1e5", "007", "nan", "-1"]
    labels = {column: names[number:] + names[:number] for number, column in enumerate(reversed(LABEL_COLUMNS))}
    write_table(tmp_path / "a.csv", pd.DataFrame(labels | {"psnr_db": [1.5, np.nan] * 3}))
    read = read_table(tmp_path / "a.csv", LABEL_COLUMNS)
    assert {column: read[column].tolist() for column in labels} == labels
    assert read["psnr_db"].isna().tolist() == [False, True] * 3
    together = pd.concat([read, read])
    assert len(together[together["acquisition"] == "0002"]) == 2


def test_results_are_read_by_one_function() -> None:
    """`read_table` knows which columns are names; Snakemake's tables are tab separated, and a sweep chooses its own."""
    modules = [path for folder in ("rapidstem", "scripts") for path in (ROOT / folder).rglob("*.py")]
    assert {path.name for path in modules if "read_csv(" in path.read_text("utf-8")} == {"tables.py", "session_record.py", "draw_sweep.py"}


def test_rows_with_more_values_than_columns_are_refused(tmp_path: Path) -> None:
    """Decimal commas: pandas would take the first value of every row for its name."""
    (tmp_path / "a.csv").write_text("time_s,temperature_c\n0,90,5\n1,91,0\n")
    with pytest.raises(InputError, match=r"a\.csv: is no CSV table \(its rows have more values .*; delete it"):
        read_table(tmp_path / "a.csv", ["time_s"])


def test_table_that_lacks_a_column(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", pd.DataFrame({"x_nm": [1.5]}))
    with pytest.raises(InputError, match=r"a\.csv: lacks the column\(s\) y_nm, z_nm; it has x_nm"):
        read_table(tmp_path / "a.csv", ["x_nm", "y_nm", "z_nm"])


@pytest.mark.parametrize("read", [read_images, read_volume, read_series, lambda path: read_table(path, [])])
@pytest.mark.parametrize("content", [None, b"", b"\x00\xff broken \xfe" * 500])
def test_missing_or_damaged_results_name_the_file(tmp_path: Path, read: Callable, content: bytes | None) -> None:
    path = tmp_path / "result"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=str(path)):
        read(path)


@pytest.mark.parametrize("write", [write_images, write_volume, write_series])
def test_a_written_result_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path, write: Callable) -> None:
    path = tmp_path / "folder" / "result"
    for _ in range(2):
        write(path, images(2, 6, 7), 1.0)
    assert [file.name for file in path.parent.iterdir()] == ["result"]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1e-9, "m", 1),
        (2, "um", 2000),
        (2, "\u00b5m", 2000),
        (2, "\u03bcm", 2000),
        (5, "\u00c5", 0.5),
        (5, "\u212b", 0.5),
        (5, "angstrom", 0.5),
        (3000, "pm", 3),
        (7, "nm", 7),
        (7, "1/nm", None),
        (7, "px", None),
        (7, "", None),
        (7, None, None),
        (7, "deg", None),
    ],
)
def test_lengths_in_nanometres(value: float, unit: str | None, expected: float | None) -> None:
    assert length_in_nm(value, unit) == (None if expected is None else pytest.approx(expected))
