import numpy as np
import pytest
from scipy import ndimage

from rapidstem.dislocations.centroids import CENTROID_COLUMNS, locate_centroids
from rapidstem.errors import InputError

VOXEL_NM = 4.0
SHAPE = (40, 64, 56)


def line_volume(direction_xyz: tuple[float, float, float], through_px: tuple[float, float, float], stretch_z: float = 1.0) -> np.ndarray:
    """A line of Gaussian profile through a point (x, y, z in pixels from the centre), elongated along z like behind a missing wedge."""
    z, y, x = (np.arange(n) - (n - 1) / 2 for n in SHAPE)
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    direction = np.array(direction_xyz) / np.linalg.norm(direction_xyz)
    offset = np.stack([x, y, z], axis=-1) - through_px
    across = offset - (offset @ direction)[..., None] * direction
    across[..., 2] /= stretch_z
    return np.exp(-np.sum(across**2, axis=-1) / (2 * 1.4**2))


@pytest.mark.parametrize("method", ["centroid", "fit"])
@pytest.mark.parametrize("stretch", [1.0, 1.6])
def test_centres_lie_on_the_line_to_a_fraction_of_a_voxel(stretch, method):
    direction, through = np.array([1.0, 0.4, 0.3]), np.array([0.0, 3.3, -2.6])
    table = locate_centroids(line_volume(tuple(direction), tuple(through), stretch), VOXEL_NM, method)
    yz = table[table["plane"] == "yz"]
    assert list(table.columns) == CENTROID_COLUMNS
    assert len(yz) >= SHAPE[2] - 6
    x = (yz["slice"] - (SHAPE[2] - 1) / 2) * VOXEL_NM
    np.testing.assert_allclose(yz["x_nm"], x)
    inner = np.abs(x) < 90
    np.testing.assert_allclose(yz["y_nm"][inner], (through[1] * VOXEL_NM + 0.4 * x)[inner], atol=0.3)
    np.testing.assert_allclose(yz["z_nm"][inner], (through[2] * VOXEL_NM + 0.3 * x)[inner], atol=0.5)


def test_a_line_is_left_out_of_the_sections_it_runs_in():
    table = locate_centroids(line_volume((1.0, 0.05, 0.1), (0.0, 2.2, 1.3)), VOXEL_NM)
    counts = table["plane"].value_counts()
    assert counts["yz"] >= SHAPE[2] - 4
    assert counts.get("xz", 0) == 0


def test_x_comes_from_xz_sections():
    table = locate_centroids(line_volume((0.3, 1.0, 0.2), (-4.7, 0.0, 2.0)), VOXEL_NM)
    xz = table[(table["plane"] == "xz") & (np.abs(table["y_nm"]) < 90)]
    assert len(xz) > 40
    np.testing.assert_allclose(xz["x_nm"], -4.7 * VOXEL_NM + 0.3 * xz["y_nm"], atol=0.3)


def test_faint_maxima_are_left_out_and_the_weight_follows_the_brightness():
    strong, faint = line_volume((1.0, 0.2, 0.0), (0.0, 15.0, 8.0)), line_volume((1.0, -0.2, 0.1), (0.0, -15.0, -8.0))
    both = locate_centroids(strong + 0.5 * faint, VOXEL_NM)
    one = locate_centroids(strong + 0.1 * faint, VOXEL_NM)
    lower = locate_centroids(strong + 0.1 * faint, VOXEL_NM, threshold=0.05)
    assert set(np.sign(both["y_nm"][both["plane"] == "yz"])) == {-1.0, 1.0}
    assert set(np.sign(one["y_nm"][one["plane"] == "yz"])) == {1.0}
    assert set(np.sign(lower["y_nm"][lower["plane"] == "yz"])) == {-1.0, 1.0}
    sections = both[both["plane"] == "yz"].groupby(both["y_nm"] > 0)["weight"].median()
    assert sections[False] / sections[True] == pytest.approx(0.5, abs=0.08)


def test_the_fit_is_less_noisy_than_the_centre_of_gravity():
    noise = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=SHAPE), 0.8)
    volume = np.maximum(line_volume((1.0, 0.3, 0.2), (0.0, 4.3, -3.6)) + 0.08 * noise / noise.std(), 0)
    spread = {}
    for method in ("centroid", "fit"):
        yz = locate_centroids(volume, VOXEL_NM, method).query("plane == 'yz' and abs(x_nm) < 90")
        assert len(yz) > 40
        spread[method] = np.std(yz["y_nm"] - 0.3 * yz["x_nm"])
    assert spread["fit"] < 0.75 * spread["centroid"]


def test_a_speck_is_no_line_and_a_shorter_least_length_keeps_it():
    volume = line_volume((1.0, 0.2, 0.0), (0.0, 15.0, 8.0))
    volume[8:11, 10:13, 20:24] = 1.0
    kept = [locate_centroids(volume, VOXEL_NM, least_length_nm=length).query("plane == 'yz'")["y_nm"].min() for length in (36.0, 8.0)]
    assert kept[0] > 0 > kept[1]


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="choose 'centroid' or 'fit'"):
        locate_centroids(line_volume((1.0, 0.0, 0.0), (0.0, 0.0, 0.0)), VOXEL_NM, "ridge")


def test_an_empty_volume_is_refused():
    with pytest.raises(InputError, match="nothing to locate"):
        locate_centroids(np.zeros((4, 5, 6)), VOXEL_NM)
