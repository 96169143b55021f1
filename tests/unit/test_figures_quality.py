"""Figures of scores hold the numbers that they show."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.figures.quality_figures import agreement, psnr_and_similarity, psnr_by_kind, training_size
from rapidstem.scores.image_quality import INTENSITY_RANGES, ImageScale
from rapidstem.scores.image_spectra import image_spectra

QUALITY = {"raw": 15.0, "dlf-100": 24.0, "dlf-500": 25.0, "dlf-slow": 28.0}


@pytest.fixture(scope="module")
def images() -> pd.DataFrame:
    rows = []
    for name, psnr in QUALITY.items():
        for offset in (-1.0, 1.0):
            value = psnr + offset
            rows.append({"denoiser": name, "psnr_db": value, "psnr_affine_db": value + 2, "ssim": value / 40})
            rows[-1] |= dict.fromkeys(INTENSITY_RANGES, value)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def spectra() -> pd.DataFrame:
    random = np.random.default_rng(0)
    reference = random.normal(size=(80, 90))
    area = (slice(0, 80), slice(0, 90))
    tables = []
    for name, psnr in QUALITY.items():
        noisy = reference + random.normal(size=reference.shape) * 10 / psnr
        tables.append(image_spectra(noisy, reference, area, ImageScale(4.0, 12.0)).assign(denoiser=name, reference="slow"))
    return pd.concat(tables, ignore_index=True)


def test_psnr_by_kind(images: pd.DataFrame) -> None:
    drawing = psnr_by_kind(images)
    whole = drawing.data[drawing.data["score"] == "psnr_db"].set_index("denoiser")
    assert whole["mean"].to_dict() == QUALITY
    assert len(drawing.data) == 4 * len(QUALITY)
    assert "dlf-slow 28.0 dB" in drawing.description


def test_psnr_and_similarity(images: pd.DataFrame) -> None:
    data = psnr_and_similarity(images).data.set_index("denoiser")
    assert data.loc["raw", "psnr_affine_db_mean"] == 17
    assert data.loc["raw", "ssim_mean"] == pytest.approx(15 / 40)


def test_agreement(spectra: pd.DataFrame) -> None:
    drawing = agreement(spectra, 250.0)
    data = drawing.data.set_index("denoiser")
    assert list(data.index) == list(QUALITY)
    assert (data["agreement_x_cycles_per_px"] <= 0.5).all()
    assert data.loc["dlf-slow", "correlation_per_um"] >= data.loc["raw", "correlation_per_um"]


def test_training_size(images: pd.DataFrame, spectra: pd.DataFrame) -> None:
    drawing = training_size(images, spectra, {"dlf-100": 100, "dlf-500": 500, "dlf-slow": 0})
    assert drawing.data["denoiser"].to_list() == ["dlf-slow", "dlf-100", "dlf-500"]
    assert drawing.data["psnr_affine_db"].to_list() == [30, 26, 27]
    left = drawing.figure.axes[0]
    assert sorted(line.get_label() for line in left.lines) == ["dlf-slow, many fields", "one field"]
