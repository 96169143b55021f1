"""OME-Zarr, read and judged by the libraries of others: the models of the format's community, and zarr itself."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.files.ome_zarr import write_zarr_series, write_zarr_volume

zarr = pytest.importorskip("zarr", reason="the packages of the group ome-zarr are not installed")
yaozarrs = pytest.importorskip("yaozarrs", reason="the packages of the group ome-zarr are not installed")


@pytest.fixture
def volume() -> np.ndarray:
    """Uneven in every axis, of more than one block, with odd sizes."""
    z, y, x = np.indices((71, 301, 523), dtype=np.float32)
    return z + 0.1 * y - 0.01 * x


def _transforms(path: Path, level: int) -> tuple[list[float], list[float]]:
    dataset = zarr.open_group(path, mode="r").attrs["ome"]["multiscales"][0]["datasets"][level]
    scale, translation = dataset["coordinateTransformations"]
    return scale["scale"], translation["translation"]


def test_a_volume_passes_the_validator_and_is_whole(volume: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "rapid.ome.zarr"
    write_zarr_volume(path, volume, 1.5)
    yaozarrs.validate_zarr_store(path)
    group = zarr.open_group(path, mode="r")
    assert group.attrs["ome"]["version"] == "0.5"
    assert [axis["name"] + axis["unit"][:4] for axis in group.attrs["ome"]["multiscales"][0]["axes"]] == ["znano", "ynano", "xnano"]
    np.testing.assert_array_equal(group["0"][:], volume)
    assert [group[level].shape for level in sorted(group.array_keys())] == [(71, 301, 523), (35, 150, 261), (17, 75, 130), (8, 37, 65)]
    assert not list(tmp_path.glob(".*"))


def test_a_thin_volume_is_halved_while_a_plane_is_left(volume: np.ndarray, tmp_path: Path) -> None:
    write_zarr_volume(tmp_path / "thin.ome.zarr", volume[:3], 1.5)
    group = zarr.open_group(tmp_path / "thin.ome.zarr", mode="r")
    assert [group[level].shape for level in sorted(group.array_keys())] == [(3, 301, 523), (1, 150, 261)]


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_place_has_the_same_coordinates_in_every_resolution(volume: np.ndarray, level: int, tmp_path: Path) -> None:
    """The volume is linear, so the value of a coarse voxel is that of the place where its transformation puts it."""
    path = tmp_path / "rapid.ome.zarr"
    write_zarr_volume(path, volume, 1.5)
    scale, translation = _transforms(path, level)
    coarse = zarr.open_group(path, mode="r")[str(level)][:]
    index = np.array([coarse.shape[0] - 1, 3, 40])
    z, y, x = (index * scale + translation) / 1.5 + (np.array(volume.shape) - 1) / 2
    assert coarse[tuple(index)] == pytest.approx(z + 0.1 * y - 0.01 * x, abs=1e-4)
    assert translation != [0, 0, 0]


def test_frames_of_a_series_are_not_mixed(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(70, 300, 280)).astype(np.float32)
    path = tmp_path / "series.2026.11.30.ome.zarr"
    write_zarr_series(path, frames, 2.0)
    yaozarrs.validate_zarr_store(path)
    group = zarr.open_group(path, mode="r")
    assert group.attrs["ome"]["multiscales"][0]["name"] == "series.2026.11.30"
    assert group["1"].shape == (70, 150, 140)
    np.testing.assert_allclose(group["1"][66], frames[66].reshape(150, 2, 140, 2).mean(axis=(1, 3)), atol=1e-5)
    assert _transforms(path, 1) == ([1.0, 4.0, 4.0], [0.0, pytest.approx(-149.5 * 2 + 1), pytest.approx(-139.5 * 2 + 1)])


def test_the_community_s_models_agree(volume: np.ndarray, tmp_path: Path) -> None:
    models = pytest.importorskip("ome_zarr_models.v05", reason="ome-zarr-models is not installed")
    path = tmp_path / "rapid.ome.zarr"
    write_zarr_volume(path, volume, 1.5)
    image = models.Image.from_zarr(zarr.open_group(path, mode="r"))
    assert len(image.ome_attributes.multiscales[0].datasets) == 4


def test_a_store_takes_the_place_of_an_older_one_and_nothing_half_written_is_left(volume: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "rapid.ome.zarr"
    write_zarr_volume(path, volume, 1.5)
    (path / "old").write_text("of an earlier run", encoding="utf-8")

    class Broken:
        shape = volume.shape

        def __getitem__(self, planes: slice) -> np.ndarray:
            if planes.start:
                raise OSError("the disk is gone")
            return volume[planes]

    with pytest.raises(OSError, match="the disk is gone"):
        write_zarr_volume(path, Broken(), 1.5)
    assert (path / "old").is_file() and list(tmp_path.iterdir()) == [path]
    write_zarr_volume(path, volume[:64], 1.5)
    assert not (path / "old").exists()
