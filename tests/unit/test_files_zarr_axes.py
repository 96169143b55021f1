"""OME-Zarr stores written by hand, attribute by attribute: which channel, which resolution, and places of both kinds of scales."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_header, read_stack

zarr = pytest.importorskip("zarr", reason="the packages of the group ome-zarr are not installed")

PIXELS = np.random.default_rng(4).integers(1, 4000, (3, 2, 1, 4, 5)).astype(np.uint16)


def write_store(path: Path, pixels: np.ndarray, axes: list[dict[str, str]], first: list[dict[str, Any]], **more: Any) -> Path:
    """Two resolutions, the second of something else, and a scale of all: 2 along the first axis, half along the others."""
    group = zarr.open_group(path, mode="w")
    group["0"], group["1"] = pixels, pixels[..., ::2, ::2] + 1
    whole = [{"type": "scale", "scale": [2.0] + [0.5] * (pixels.ndim - 1)}]
    datasets = [{"path": str(level), "coordinateTransformations": first} for level in range(2)]
    image = {"name": "series", "axes": axes, "datasets": datasets, "coordinateTransformations": whole}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]} | more
    return path


SPACE = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]


def test_a_channel_is_chosen_by_its_label_and_axes_of_one_element_are_none(tmp_path: Path) -> None:
    axes = [{"name": "t", "type": "time", "unit": "second"}, {"name": "c", "type": "channel"}, *SPACE]
    labels = {"channels": [{"label": "HAADF"}, {"label": "BF"}]}
    path = write_store(tmp_path / "a.zarr", PIXELS, axes, [{"type": "scale", "scale": [0.25, 1, 1, 8, 8]}], omero=labels)
    for number, name in enumerate(("HAADF", "BF")):
        stack = read_stack(path, name)
        np.testing.assert_array_equal(stack.frames, PIXELS[:, number, 0])
        assert stack.pixel_size_nm == 4 and stack.time_s == pytest.approx([0, 0.5, 1])
    with pytest.raises(InputError, match="no images of the detector 'DF4'; set `detector` in `reading` to one of: BF, HAADF"):
        read_stack(path, "DF4")


def test_tilts_are_moved_before_and_scaled_after_as_all_resolutions_are(tmp_path: Path) -> None:
    axes = [{"name": "tilt", "unit": "degree"}, *SPACE[1:]]
    own = [{"type": "scale", "scale": [10, 8, 8]}, {"type": "translation", "translation": [-15, 1, 1]}]
    stack = read_stack(write_store(tmp_path / "a.zarr", PIXELS[:, 0, 0], axes, own))
    np.testing.assert_array_equal(stack.frames, PIXELS[:, 0, 0])
    assert stack.tilt_deg == pytest.approx([-30, -10, 10]) and stack.pixel_size_nm == 4


def test_a_piece_without_bytes_is_half_written(tmp_path: Path) -> None:
    axes = [{"name": "t"}, *SPACE[1:]]
    path = write_store(tmp_path / "a.zarr", PIXELS[:, 0, 0], axes, [{"type": "scale", "scale": [1, 8, 8]}])
    assert read_header(path).shape == (3, 4, 5)
    piece = next(file for file in (path / "0/c").rglob("*") if file.is_file())
    piece.write_bytes(b"")
    with pytest.raises(InputError, match=r"is half-written: .* has 0 bytes"):
        read_header(path)
