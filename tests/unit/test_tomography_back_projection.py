import numpy as np
import pytest
from scipy import sparse

from rapidstem.tomography.reconstruction.back_projection import angular_weights, back_project, filtered_rows
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry, system_matrix
from rapidstem.tomography.reconstruction.sparse_products import SparseRows


def test_angles_stand_for_half_the_way_to_their_neighbours():
    angle = np.deg2rad([[-10.0], [30.0], [0.0], [10.0]])
    np.testing.assert_allclose(np.rad2deg(angular_weights(angle)).ravel(), [10, 20, 10, 15])


@pytest.mark.parametrize("jitter_deg", [0.0, 0.01])
@pytest.mark.parametrize(
    ("tilt_deg", "share_deg"),
    [
        ([-10, -10, 0, 10], [5, 5, 10, 10]),
        ([10, 0, -10, 10, 10], [10 / 3, 10, 10, 10 / 3, 10 / 3]),
        ([-10, 0, 0, 0, 10, 10], [10, 10 / 3, 10 / 3, 10 / 3, 5, 5]),
        ([-3, -2, -1, 17], [1, 1, 9.5, 18]),
    ],
)
def test_frames_of_one_tilt_share_its_weight(tilt_deg: list[float], share_deg: list[float], jitter_deg: float) -> None:
    angle = np.deg2rad(np.array(tilt_deg)[:, None] + jitter_deg * np.arange(len(tilt_deg))[:, None])
    np.testing.assert_allclose(np.rad2deg(angular_weights(angle)).ravel(), share_deg, atol=5 * jitter_deg + 1e-9)


def test_frames_of_one_tilt_alone_share_the_half_circle() -> None:
    np.testing.assert_allclose(angular_weights(np.zeros((2, 4))), np.pi / 2)


def test_a_single_frame_stands_for_the_half_circle():
    np.testing.assert_allclose(angular_weights(np.zeros((1, 4))), np.pi)


def test_a_wide_plateau_is_filtered_to_nearly_nothing():
    frames = np.ones((1, 256, 1), np.float32)
    filtered = filtered_rows(frames)[0, :, 0]
    assert abs(filtered[128]) < 5e-3


def test_a_single_row_has_the_mean_of_the_windowed_ramp():
    filtered = filtered_rows(np.eye(1, 256, 128, dtype=np.float32)[:, :, None])[0, :, 0]
    mean = 0.54 / 4 - 0.46 / np.pi**2
    np.testing.assert_allclose(filtered[128], mean, rtol=1e-3)
    np.testing.assert_array_equal(filtered[125], filtered[131])


def disc_series(angle: np.ndarray, rows: int, radius: float, centre: tuple[float, float]) -> np.ndarray:
    height = np.arange(rows) - (rows - 1) / 2 - (centre[0] * np.cos(angle) + centre[1] * np.sin(angle))[:, None]
    return 2 * np.sqrt(np.maximum(radius**2 - height**2, 0)).astype(np.float32)[:, :, None]


def test_a_disc_of_one_comes_back_as_one_from_uneven_angles_without_a_missing_wedge():
    even, fine = np.linspace(-89.5, 0.0, 90), np.linspace(0.25, 89.5, 358)
    angle = np.deg2rad(np.concatenate([even, fine]))
    heights = np.broadcast_to(np.arange(64) - 31.5, (len(angle), 64))
    rays = SliceGeometry(np.repeat(angle, 64), heights.ravel(), 64, 64)
    filtered = filtered_rows(disc_series(angle, 64, 9.0, (5.0, -3.0))).reshape(-1, 1)
    transposed = SparseRows.from_matrix(sparse.csr_matrix(system_matrix(rays).T))
    section = back_project(transposed, filtered, np.repeat(angular_weights(angle), 64)).reshape(64, 64)
    z, y = np.indices(section.shape) - 31.5
    distance = np.hypot(y - 5, z + 3)
    np.testing.assert_allclose(section[distance < 7].mean(), 1.0, atol=0.03)
    assert abs(section[(distance > 11) & (distance < 14)].mean()) < 0.03
