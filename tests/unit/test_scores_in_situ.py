"""The last frames of an in-situ series against the final slow image."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.reference_alignment import AlignedReference
from rapidstem.errors import InputError
from rapidstem.scores.frame_references import FieldReferences
from rapidstem.scores.in_situ_scores import IN_SITU_COLUMNS, score_last_frames, slow_in_series

SIDE = 72
IDENTITY = ColumnMap(np.arange(SIDE), np.arange(SIDE))
SHIFTS = np.array([[0.5, -1.0], [-0.5, 1.0]])


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return 1000 + 2000 * gaussian_filter(np.random.default_rng(0).normal(size=(SIDE, SIDE)), 3.0)


def _references(scene: np.ndarray) -> FieldReferences:
    aligned = AlignedReference(scene, np.zeros(2), 1.0, slice(4, SIDE - 4), slice(4, SIDE - 4))
    return FieldReferences(scene, aligned, scene, IDENTITY)


def _scored(scene: np.ndarray, origin: np.ndarray, wrong: float = 0.0) -> dict:
    rng = np.random.default_rng(1)
    frames = np.stack([shift(scene, move, order=3, mode="nearest") for move in SHIFTS]) + rng.normal(0, 100, (2, SIDE, SIDE))
    aligned = np.stack([shift(scene, -origin + wrong, order=3, mode="nearest")] * 2) + rng.normal(0, 10, (2, SIDE, SIDE))
    aligned[:, :5] = np.nan
    table = score_last_frames(frames, {"good": aligned, "same": frames}, _references(scene), SHIFTS, origin)
    assert ["acquisition", *table.columns] == IN_SITU_COLUMNS
    return table.set_index("denoiser").loc["good"].to_dict()


@pytest.mark.parametrize("origin", [np.zeros(2), np.array([4.0, -3.0])])
def test_less_noise_is_a_gain_wherever_the_series_has_its_origin(scene: np.ndarray, origin: np.ndarray) -> None:
    score = _scored(scene, origin)
    assert score["frames"] == 2
    assert score["denoised_psnr_affine_db"] - score["raw_psnr_affine_db"] == pytest.approx(20, abs=1.5)
    assert score["psnr_affine_gain_percent"] == pytest.approx(100 * (score["denoised_psnr_affine_db"] / score["raw_psnr_affine_db"] - 1))
    assert score["psnr_gain_percent"] > 10
    assert score["denoised_ssim"] > score["raw_ssim"]


def test_a_series_with_another_origin_scores_worse(scene: np.ndarray) -> None:
    assert _scored(scene, np.zeros(2), wrong=3.0)["denoised_psnr_db"] < _scored(scene, np.zeros(2))["denoised_psnr_db"] - 5


def test_the_slow_image_moves_against_the_origin(scene: np.ndarray) -> None:
    moved = slow_in_series(_references(scene), np.array([4.0, -3.0]))
    np.testing.assert_allclose(moved.image[10:50, 10:50], scene[14:54, 7:47], atol=1e-6)


def test_too_little_in_common_is_said(scene: np.ndarray) -> None:
    with pytest.raises(InputError, match="drifted out of view"):
        score_last_frames(np.stack([scene]), {"a": np.stack([scene])}, _references(scene), np.zeros((1, 2)), np.array([60.0, 0.0]))
