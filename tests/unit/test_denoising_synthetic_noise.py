"""Synthetic noise has the mean, the variance and the correlation that its parameters say; kinds of noise of BM3D."""

import numpy as np
import pytest
import torch

from rapidstem.denoising.bm3d.noise_kernels import noise_spectrum
from rapidstem.denoising.samplers.synthetic_noise import ElectronNoise, beam_electrons

GREY = torch.full((1, 200, 400), 0.5)


def noise_of(model: ElectronNoise) -> np.ndarray:
    return model.applied(GREY, torch.Generator().manual_seed(1))[0].numpy()


def test_electrons_of_a_beam() -> None:
    assert beam_electrons(50, 1.4e-6) == pytest.approx(437, abs=0.5)
    assert beam_electrons(50, 1.4e-6, detected=0.1) == pytest.approx(43.7, abs=0.05)


@pytest.mark.parametrize(("electrons", "bias", "read_noise"), [(20, 0.0, 0.0), (20, 0.2, 0.0), (437, 0.0, 0.1)])
def test_mean_and_variance(electrons: float, bias: float, read_noise: float) -> None:
    noisy = noise_of(ElectronNoise(electrons, bias, read_noise))
    assert noisy.mean() == pytest.approx(0.5, abs=0.003)
    assert noisy.var() == pytest.approx((0.5 + bias) / electrons + read_noise**2, rel=0.03)


def test_bias_strengthens_the_noise_of_dark_regions() -> None:
    dark = torch.full((1, 100, 100), 0.01)
    plain, biased = (ElectronNoise(100, bias).applied(dark, torch.Generator().manual_seed(1)).var() for bias in (0.0, 0.2))
    assert biased > 10 * plain


def test_lag_correlates_noise_along_the_row_alone() -> None:
    noisy = noise_of(ElectronNoise(20, lag=0.6)) - 0.5
    along, across = np.mean(noisy[:, 20:-1] * noisy[:, 21:]), np.mean(noisy[:-1, 20:] * noisy[1:, 20:])
    variance = noisy[:, 20:].var()
    assert along / variance == pytest.approx(0.6, abs=0.02)
    assert abs(across / variance) < 0.02
    assert variance == pytest.approx(0.5 / 20 * (1 - 0.6) / (1 + 0.6), rel=0.05)


def test_lag_smears_to_the_right() -> None:
    image = torch.zeros(1, 1, 40)
    image[0, 0, 20] = 1e6
    shown = ElectronNoise(1e6, lag=0.5).applied(image, torch.Generator().manual_seed(1))[0, 0].numpy() / 1e6
    np.testing.assert_allclose(shown[18:24], [0, 0, 0.5, 0.25, 0.125, 0.0625], atol=2e-3)


def test_every_patch_has_its_own_dose() -> None:
    images = torch.full((2, 200, 200), 0.5)
    noisy = ElectronNoise(1).applied(images, torch.Generator().manual_seed(1), torch.tensor([10.0, 1000.0]))
    assert noisy[0].var() == pytest.approx(0.05, rel=0.05)
    assert noisy[1].var() == pytest.approx(0.0005, rel=0.05)


@pytest.mark.parametrize("kind", ["gw", "g1", "g2", "g3", "g4", "g1w", "g2w", "g3w", "g4w"])
def test_spectra_of_noise_have_unit_variance(kind: str) -> None:
    power = noise_spectrum(kind, (48, 64))
    assert power.shape == (48, 64)
    assert power.mean() == pytest.approx(1)
    assert power.min() >= (0.5 if kind in ("g1w", "g2w", "g3w", "g4w") else 0) - 1e-9
    np.testing.assert_allclose(power[1:, 1:], power[1:, 1:][::-1, ::-1], atol=1e-8)


def test_lines_run_along_x() -> None:
    power = noise_spectrum("g1", (48, 64))
    np.testing.assert_allclose(power, power[:1].repeat(48, axis=0), atol=1e-9)
    assert power[0, 0] > 10 * power[0, 10]
