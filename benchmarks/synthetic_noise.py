"""Williams' example: simulated STEM noise of 50 pA and 1.4 us on a slow image, and what denoisers make of it.

    python -m benchmarks.synthetic_noise results/demo hourglass autoencoder --steps 300

Their abstract gives PSNR 18.244 dB and SSIM 0.157 for the noise and 28.123 dB and 0.85 for their hourglass, on an image that is not public.
What they mean by the detected share of the 437 electrons and by a "general noise bias of 0.2" is not public either: the share is fitted to
the PSNR at their bias, then both are fitted to PSNR and SSIM. The image is the area of a test field's slow image, smoothed so that it is
clean; denoisers are trained on synthetic noise of the fitted share and bias on the training fields, and judged on the test field.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import ndimage, optimize

from benchmarks.denoisers import field_of
from benchmarks.measured_tables import record_table
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.synthetic_noise import ElectronNoise, beam_electrons
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.scores.image_quality import psnr_affine_db, ssim

PSNR_DB, SSIM, BIAS = 18.244, 0.157, 0.2
CLEAN_SIGMA_PX = 1.0


def clean_image(session: Path, name: str) -> np.ndarray:
    """The slow image of a field, smoothed and scaled from 0 to 1."""
    image = ndimage.gaussian_filter(field_of(session, name, "slow").valid_reference, CLEAN_SIGMA_PX)
    return (image - image.min()) / np.ptp(image)


def scored(image: np.ndarray, clean: np.ndarray) -> tuple[float, float]:
    """PSNR without any fit, as the noise model keeps the scale, and SSIM."""
    whole = (slice(0, clean.shape[0]), slice(0, clean.shape[1]))
    return float(-10 * np.log10(np.mean((image - clean) ** 2))), ssim(image, clean, whole)


def noisy(clean: np.ndarray, detected: float, bias: float) -> np.ndarray:
    noise = ElectronNoise(beam_electrons(50, 1.4e-6, detected), bias)
    return noise.applied(torch.from_numpy(clean.astype(np.float32))[None], torch.Generator().manual_seed(1))[0].numpy().astype(float)


def detected_share(clean: np.ndarray, bias: float) -> float:
    """The detected share of the electrons that gives the published PSNR at a bias."""
    return float(np.exp(optimize.brentq(lambda share: scored(noisy(clean, np.exp(share), bias), clean)[0] - PSNR_DB, -8, 3, xtol=1e-3)))


def fitted_bias(clean: np.ndarray) -> float:
    """The bias from 0 to 1 at which the published PSNR comes with the SSIM that is nearest the published one."""
    candidates = np.linspace(0, 1, 11)
    return float(min(candidates, key=lambda bias: abs(scored(noisy(clean, detected_share(clean, bias), bias), clean)[1] - SSIM)))


def trained_on(session: Path, name: str, electrons: float, bias: float, steps: int, frames: np.ndarray) -> np.ndarray:
    """The frames denoised by a network that has learned on synthetic noise of this dose and bias."""
    changes = {
        "synthetic_share": 1.0,
        "electrons": [electrons / 2, electrons * 2],
        "bias": bias,
        "steps": steps,
        "target": "slow",
        "start_from": "nothing",
    }
    settings = denoiser_settings(name, changes | {"start_from": "nothing", "validation_interval": steps})
    assert isinstance(settings, NetworkSettings)
    fields = [field_of(session, path.name, "slow") for path in sorted((session / "pairs").glob("train*"))]
    with tempfile.TemporaryDirectory() as folder:
        model = train_denoiser(fields, settings, folder, name)
    scaling = model.scaling
    assert isinstance(scaling, IntensityScaling)
    raw = scaling.input_low + frames * (scaling.input_high - scaling.input_low)
    answer = denoise_stack(model, raw.astype(np.float32))
    return (answer - scaling.target_low) / (scaling.target_high - scaling.target_low)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("denoisers", nargs="*")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--field", default="test-00")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clean = clean_image(arguments.session, arguments.field)
    rows: list[dict[str, object]] = []
    for bias, words in ((BIAS, "their bias"), (fitted_bias(clean), "fitted bias")):
        share = detected_share(clean, bias)
        psnr, similarity = scored(noisy(clean, share, bias), clean)
        rows.append({"image": f"noisy, {words} {bias:.1f}", "detected_share": round(share, 4), "psnr_db": psnr, "ssim": similarity})
    image = noisy(clean, detected_share(clean, BIAS), BIAS)
    area = (slice(0, clean.shape[0]), slice(0, clean.shape[1]))
    electrons = beam_electrons(50, 1.4e-6, detected_share(clean, BIAS))
    answers = {"noisy": image}
    for name in arguments.denoisers:
        answers[name] = trained_on(arguments.session, name, electrons, BIAS, arguments.steps, image[None])[0]
    for name, answer in answers.items():
        rows.append({"image": name, "psnr_affine_db": psnr_affine_db(answer, clean, area), "ssim": ssim(answer, clean, area)})
    names = {"session": arguments.session.name, "field": arguments.field, "steps": arguments.steps}
    record_table("synthetic_noise", pd.DataFrame(rows).round(3).assign(**names), ["session", "field", "image"])


if __name__ == "__main__":
    main()
