"""Fast scans of a particle standard learn to look like slow scans of the same fields; judged on fields that were never seen."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread

from rapidstem.denoising.fields.training_pairs import TrainingField, as_recorded
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.distortion.map_measurement import measure_map
from rapidstem.distortion.reference_alignment import align_reference
from rapidstem.scores.image_quality import psnr_affine_db, psnr_db, ssim

MAPPED, LEARNED, JUDGED = range(1, 3), range(1, 10), range(34, 37)
SETTINGS = NetworkSettings("slow", network="residual-unet", width=32, batch_size=8, steps=400, validation_share=0.1)


def pair(number: int) -> list[np.ndarray]:
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
    return [imread(Path(folder, "kriss_sem", "dwell", kind, f"fov_{number:03d}.tif")) for kind in ("rapid_100ns", "slow_30us")]


@pytest.fixture(scope="module")
def fields() -> dict[int, TrainingField]:
    """Each pair as a field of one frame, its slow image in the geometry of the fast scan."""
    rapid, slow = zip(*(pair(number) for number in MAPPED), strict=True)
    column_map = measure_map([each.astype(float) for each in rapid], [each.astype(float) for each in slow]).column_map
    found = {}
    for number in (*LEARNED, *JUDGED):
        frame, reference = pair(number)
        aligned = align_reference(frame.astype(float), reference.astype(float), column_map)
        frames = as_recorded(frame[np.newaxis])
        found[number] = TrainingField(str(number), frames, aligned.slow, np.zeros((1, 2)), aligned.rows, aligned.columns)
    return found


def scores(image: np.ndarray, field: TrainingField) -> tuple[float, float, float]:
    area = (slice(field.rows.start + 4, field.rows.stop - 4), slice(field.columns.start + 4, field.columns.stop - 4))
    return tuple(score(image, field.reference, area) for score in (psnr_db, psnr_affine_db, ssim))


def test_unseen_fields_come_nearer_to_their_slow_scan(fields: dict[int, TrainingField], tmp_path: Path) -> None:
    model = train_denoiser([fields[number] for number in LEARNED], SETTINGS, tmp_path, "dlf-slow")
    judged = [fields[number] for number in JUDGED]
    raw = np.mean([scores(field.frames[0], field) for field in judged], axis=0)
    denoised = np.mean([scores(denoise_stack(model, field.frames)[0], field) for field in judged], axis=0)
    print(f"raw PSNR {raw[0]:.2f} dB, affine {raw[1]:.2f} dB, SSIM {raw[2]:.3f}")
    print(f"dlf-slow PSNR {denoised[0]:.2f} dB, affine {denoised[1]:.2f} dB, SSIM {denoised[2]:.3f}")
    assert denoised[1] > raw[1] + 5
    assert denoised[2] > max(0.8, raw[2] + 0.3)
