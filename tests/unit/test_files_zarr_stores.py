"""Zarr stores as raw files, written by the libraries of others: ome-zarr-py, zarr itself, RosettaSciIO."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rapidstem.files import FallbackMetadata, open_frames, read_header, read_stack
from tests.unit.test_files_formats import refusal

zarr = pytest.importorskip("zarr", minversion="3", reason="the packages of the group ome-zarr are not installed")

FRAMES = np.random.default_rng(5).integers(1, 4000, (6, 24, 32)).astype(np.uint16)
SIZE = FallbackMetadata(pixel_size_nm=2.0)
SPACE = [{"name": "y", "type": "space", "unit": "micrometer"}, {"name": "x", "type": "space", "unit": "micrometer"}]
TIME = {"name": "t", "type": "time", "unit": "millisecond"}
PIXEL = [0.00456, 0.00456]


def write_ome(path: Path, frames: np.ndarray, axes: list, scale: list[float], version: str = "0.5", labels: tuple[str, ...] = ()) -> Path:
    """An OME-Zarr in two resolutions, the coarse one first made by the library."""
    writer, formats = pytest.importorskip("ome_zarr.writer"), pytest.importorskip("ome_zarr.format")
    kind = formats.format_from_version(version)
    group = zarr.open_group(path, mode="w", zarr_format=kind.zarr_format)
    coarse = [step * (2 if axis["name"] in ("y", "x") else 1) for step, axis in zip(scale, axes, strict=True)]
    transformations = [[{"type": "scale", "scale": list(each)}] for each in (scale, coarse)]
    chunks = tuple(1 if axis["name"] not in ("y", "x") else 16 for axis in axes)
    extra = {"metadata": {"omero": {"channels": [{"label": name, "color": "FFFFFF"} for name in labels]}}} if labels else {}
    writer.write_multiscale(
        [frames, frames[..., ::2, ::2]], group, fmt=kind, axes=axes, coordinate_transformations=transformations,
        storage_options={"chunks": chunks}, **extra,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_full_resolution_is_read_with_size_and_times(tmp_path: Path, version: str) -> None:
    path = write_ome(tmp_path / "a.ome.zarr", FRAMES, [TIME, *SPACE], [70.0, *PIXEL], version)
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.frames.dtype == np.uint16
    assert stack.pixel_size_nm == pytest.approx(4.56)
    np.testing.assert_allclose(stack.time_s, 0.07 * np.arange(6))
    assert stack.remarks == ()


def test_slices_are_read_alone(tmp_path: Path) -> None:
    path = write_ome(tmp_path / "a.zarr", FRAMES, [TIME, *SPACE], [70.0, *PIXEL])
    with open_frames(path) as stack:
        np.testing.assert_array_equal(stack.frames[2:4], FRAMES[2:4])
        np.testing.assert_array_equal(stack.frames[5], FRAMES[5])
        np.testing.assert_array_equal(stack.frames[[0, 3]], FRAMES[[0, 3]])


def test_axes_of_one_element_are_no_axes_and_a_channel_is_a_detector(tmp_path: Path) -> None:
    axes = [TIME, {"name": "c", "type": "channel"}, {"name": "z", "type": "space", "unit": "nanometer"}, *SPACE]
    both = np.stack([FRAMES, FRAMES[::-1]], axis=1)[:, :, np.newaxis]
    path = write_ome(tmp_path / "a.zarr", both, axes, [70.0, 1.0, 1.0, *PIXEL], labels=("BF", "HAADF"))
    np.testing.assert_array_equal(read_stack(path).frames, FRAMES)
    np.testing.assert_array_equal(read_stack(path, detector="HAADF").frames, FRAMES[::-1])
    unnamed = write_ome(tmp_path / "b.zarr", both, axes, [70.0, 1.0, 1.0, *PIXEL])
    assert "set `detector`" in refusal(unnamed)


def test_a_volume_is_refused(tmp_path: Path) -> None:
    axes = [{"name": "z", "type": "space", "unit": "micrometer"}, *SPACE]
    assert "a volume or a series of depths" in refusal(write_ome(tmp_path / "a.zarr", FRAMES, axes, [0.1, *PIXEL]))


def test_tilts_come_from_beside_the_store_or_from_an_axis_in_degrees(tmp_path: Path) -> None:
    path = write_ome(tmp_path / "a.zarr", FRAMES, [TIME, *SPACE], [70.0, *PIXEL])
    assert read_header(path).tilt_deg is None
    (tmp_path / "a.rawtlt").write_text("".join(f"{tilt}\n" for tilt in range(-60, 60, 20)), encoding="utf-8")
    np.testing.assert_array_equal(read_header(path).tilt_deg, np.arange(-60, 60, 20))
    group = zarr.open_group(tmp_path / "b.zarr", mode="w")
    group.create_array("0", data=FRAMES, chunks=(1, 24, 32))
    scale, translation = [20.0, 4.56, 4.56], [-60.0, 0.0, 0.0]
    datasets = [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}, {"type": "translation", "translation": translation}]}
    ]
    axes = [{"name": "tilt", "unit": "degree"}, *({"name": name, "type": "space", "unit": "nanometer"} for name in "yx")]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    np.testing.assert_array_equal(read_header(tmp_path / "b.zarr").tilt_deg, np.arange(-60, 60, 20))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_plain_array_says_nothing_but_its_pixels(tmp_path: Path, zarr_format: int) -> None:
    path = tmp_path / "plain.zarr"
    zarr.create_array(path, data=FRAMES, chunks=(2, 24, 32), zarr_format=zarr_format)
    assert "does not say its pixel size" in refusal(path)
    stack = read_stack(path, fallback=SIZE)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.pixel_size_nm == 2.0 and "taken for (frame, y, x)" in stack.remarks[0]


def test_named_dimensions_count_whatever_their_order(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=FRAMES.transpose(1, 2, 0), chunks=(24, 32, 1), dimension_names=("y", "x", "frame"))
    np.testing.assert_array_equal(read_stack(tmp_path / "a.zarr", fallback=SIZE).frames, FRAMES)


def test_a_store_of_hyperspy(tmp_path: Path) -> None:
    """Written by RosettaSciIO 0.15.0 with zarr 2.18: with zarr 3 it does not write these stores (docs/upstream)."""
    path = tmp_path / "a.zspy"
    shutil.unpack_archive(Path(__file__).parent / "hyperspy_store.zip", path)
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.pixel_size_nm == pytest.approx(4.56)
    np.testing.assert_array_equal(stack.time_s, np.arange(6))
    next(path.rglob("data/2/0/0")).unlink()
    assert "1 of the 6 pieces" in refusal(path)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("a piece", "1 of the 24 pieces of its images (s0) are missing"),
        ("a cut piece", "s0/c/2/1/1 has 0 bytes"),
        ("the array", "its full resolution 's0', which its description names, is not there"),
        ("the description", "is no zarr store, or a half-written one"),
    ],
)
def test_half_written_stores_are_refused_by_name(tmp_path: Path, what: str, said: str) -> None:
    path = write_ome(tmp_path / "a.zarr", FRAMES, [TIME, *SPACE], [70.0, *PIXEL])
    level = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"]
    piece = path / level / "c/2/1/1"
    if what == "a piece":
        piece.unlink()
    elif what == "a cut piece":
        piece.write_bytes(b"")
    elif what == "the array":
        (path / level / "zarr.json").unlink()
    else:
        (path / "zarr.json").unlink()
    assert said.replace("s0", level) in refusal(path)


def test_a_piece_whose_end_is_missing_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = write_ome(tmp_path / "a.zarr", FRAMES, [TIME, *SPACE], [70.0, *PIXEL])
    piece = next(each for each in path.rglob("c/2/1/1") if len(each.parts) == len(path.parts) + 5)
    piece.write_bytes(piece.read_bytes()[:20])
    assert "the pixels cannot be read" in refusal(path)
