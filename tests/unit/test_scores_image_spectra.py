"""How far into Fourier space images agree: known blurs, known noise, a known cut."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.scores.image_quality import ImageScale, psnr_by_range_db, psnr_db
from rapidstem.scores.image_spectra import (
    SPECTRUM_COLUMNS,
    agreement_per_um,
    correlated_per_um,
    derived_spectra,
    flatness,
    half_spectra,
    image_spectra,
    spectral_scores,
)

SHAPE, PIXEL_NM = (180, 220), 4.0
SCALE = ImageScale(PIXEL_NM, 3 * PIXEL_NM)
AREA = (slice(10, -10), slice(12, -12))
NYQUIST = 125.0
WHITE = np.random.default_rng(1).normal(size=SHAPE)
REFERENCE = 5 * ndimage.gaussian_filter(WHITE, 20) / ndimage.gaussian_filter(WHITE, 20).std() + WHITE


def spectra(image: np.ndarray, direction: str, name: str = "filter", kind: str = "slow") -> pd.DataFrame:
    table = image_spectra(image, REFERENCE, AREA, SCALE).assign(denoiser=name, reference=kind)
    return table if direction == "all" else table[table["direction"] == direction]


def test_an_image_agrees_with_itself_up_to_the_nyquist_frequency() -> None:
    scores = spectral_scores(spectra(3 * REFERENCE + 40, "all")).iloc[0]
    for name in ("agreement_x_per_um", "transfer_x_per_um", "transfer_y_per_um", "correlation_per_um"):
        assert scores[name] == pytest.approx(NYQUIST)
    assert np.isnan(scores["halves_per_um"])


def test_a_blur_along_x_falls_off_along_x_alone() -> None:
    sigma = 1.5
    table = spectra(ndimage.gaussian_filter1d(REFERENCE, sigma, axis=1), "all")
    scores = spectral_scores(table).iloc[0]
    expected = np.sqrt(np.log(2) / 2) / (np.pi * sigma * PIXEL_NM) * 1000
    assert scores["transfer_x_per_um"] == pytest.approx(expected, rel=0.1)
    along_y = table[(table["direction"] == "y") & (table["wave_number_per_um"] > 25)]
    transfer = (along_y["cross_power"] / along_y["reference_power"]).to_numpy()
    assert abs(transfer[:20].mean() / transfer[-20:].mean() - 1) < 0.2, "no trend along y"
    half_power = np.sqrt(np.log(2)) / (2 * np.pi * sigma * PIXEL_NM) * 1000
    assert scores["agreement_x_per_um"] == pytest.approx(half_power, rel=0.15)


def test_a_sharp_cut_is_found_where_it_is() -> None:
    frequency = np.abs(np.fft.fftfreq(SHAPE[1], PIXEL_NM / 1000))
    cut = np.fft.ifft(np.fft.fft(REFERENCE, axis=1) * (frequency < 60), axis=1).real
    assert spectral_scores(spectra(cut, "all")).iloc[0]["agreement_x_per_um"] == pytest.approx(60, abs=6)


def test_correlation_with_noise_of_known_strength() -> None:
    noisy = WHITE + np.random.default_rng(2).normal(size=SHAPE)
    table = image_spectra(noisy, WHITE, AREA, SCALE)
    ring = table[(table["direction"] == "ring") & (table["wave_number_per_um"] > 20)]
    correlation = ring["cross_power"].sum() / np.sqrt(ring["power"].sum() * ring["reference_power"].sum())
    assert correlation == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_halves_with_independent_noise() -> None:
    random = np.random.default_rng(3)
    images = [WHITE + random.normal(size=SHAPE) for _ in range(4)]
    ring = half_spectra(images, AREA, SCALE).query("direction == 'ring' and wave_number_per_um > 20")
    correlation = ring["cross_power"].sum() / np.sqrt(ring["power"].sum() * ring["reference_power"].sum())
    assert correlation == pytest.approx(2 / 3, abs=0.04)


def test_places_of_crossings() -> None:
    wave = np.linspace(0, 100, 101)
    assert agreement_per_um(wave, np.ones(101), np.where(wave > 50, 10.0, 1.0)) == pytest.approx(50, abs=3)
    assert agreement_per_um(wave, np.ones(101), np.full(101, 3.0)) == 0
    assert correlated_per_um(wave, 1 - wave / 100, 0.25) == pytest.approx(75, abs=0.5)
    assert correlated_per_um(wave, np.ones(101)) == 100


def test_white_residuals_are_flat() -> None:
    assert flatness(WHITE) == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)
    assert flatness(ndimage.gaussian_filter(WHITE, 2)) < 0.1


def test_columns_and_bad_input() -> None:
    assert set(SPECTRUM_COLUMNS) <= set(spectra(REFERENCE, "all").columns)
    with pytest.raises(InputError, match="shape"):
        image_spectra(REFERENCE[1:], REFERENCE, AREA, SCALE)
    with pytest.raises(InputError, match="too small for spectra"):
        image_spectra(REFERENCE, REFERENCE, (slice(0, 9), slice(0, 90)), SCALE)


def test_psnr_by_intensity() -> None:
    reference = np.tile(np.linspace(0.0, 65535.0, 200), (20, 1))
    image = reference.copy()
    image[:, 80:110] += 655.35
    area = (slice(0, 20), slice(0, 200))
    found = psnr_by_range_db(image, reference, area)
    middle = (reference[0] >= 20000) & (reference[0] < 40000)
    share = (image != reference)[0][middle].mean()
    assert found["psnr_middle_db"] == pytest.approx(40 - 10 * np.log10(share), abs=0.01)
    assert found["psnr_dark_db"] == np.inf and found["psnr_bright_db"] == np.inf
    assert psnr_db(image, reference, area) > found["psnr_middle_db"]
    bright_only = np.where(reference > 30000, reference, 30000.0)
    assert not np.isnan(psnr_by_range_db(bright_only, bright_only + 1, area)["psnr_dark_db"])


def field_that_agrees_up_to(reach_per_um: float, pixel_size_nm: float) -> pd.DataFrame:
    wave_number = np.linspace(0, 500 / pixel_size_nm, 64)
    agrees = wave_number < reach_per_um
    names = {"denoiser": "filter", "reference": "slow", "direction": "x", "wave_number_per_um": wave_number}
    return pd.DataFrame(names | {"power": np.where(agrees, 1.0, 0.01), "reference_power": 1.0, "cross_power": agrees.astype(float)})


@pytest.mark.parametrize("reaches_per_um", [(100.0, 20.0), (20.0, 100.0)])
def test_fields_of_slightly_different_pixel_sizes_are_averaged_on_one_axis(reaches_per_um: tuple[float, float]) -> None:
    alike, apart = (
        pd.concat([field_that_agrees_up_to(reach, size) for reach, size in zip(reaches_per_um, sizes, strict=True)], ignore_index=True)
        for sizes in ((4.60, 4.60), (4.56, 4.60))
    )
    derived = derived_spectra(apart)
    assert derived["wave_number_per_um"].tolist() == np.linspace(0, 500 / 4.60, 64).tolist()
    scores = ["agreement_x_per_um", "transfer_x_per_um"]
    assert spectral_scores(apart)[scores].to_numpy() == pytest.approx(spectral_scores(alike)[scores].to_numpy(), abs=2)
