"""The general filter on frames with the noise of a camera: as it is, and made white by added noise before the filter sees it.

    python -m benchmarks.camera_noise results/demo [--spread-px 0.6]

The slow images of the session's test fields are the scene. Noise that a camera has spread over neighbouring pixels, by a Gaussian of the
given standard deviation, is added; shares are its standard deviation over the brightness. Printed is the peak signal to noise after a
straight line through the brightness: of the frame, of the filter with the noise as it is, and of the mean of so many answers to the frame
with white noise.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.measured_tables import record_table
from benchmarks.repeated_lines import with_noise_as_it_is
from rapidstem.denoising import denoise_stack, load_model, model_folder
from rapidstem.denoising.noise_whitening import whitened
from rapidstem.files import read_images
from rapidstem.scores.image_quality import psnr_affine_db

NOISE_SHARES, MOST_DRAWS = (0.03, 0.06, 0.12), 8
WHOLE = (slice(None), slice(None))


def camera_frame(scene: np.ndarray, share: float, spread_px: float, seed: int) -> np.ndarray:
    """The scene with a camera's noise, (y, x) float32."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=scene.shape), spread_px)
    return (scene + share * np.median(scene) * noise / noise.std()).astype(np.float32)


def rows_of(scene: np.ndarray, share: float, spread_px: float, seed: int) -> dict[str, float]:
    """Decibels of the frame, and of the filter's answers to it."""
    model = with_noise_as_it_is(load_model(model_folder("general")))
    frame = camera_frame(scene, share, spread_px, seed)
    answers = denoise_stack(model, np.stack([whitened(frame, draw) for draw in range(MOST_DRAWS)]))
    found = {"raw": frame, "as_it_is": denoise_stack(model, frame[None])[0]}
    found |= {f"white_{count}": answers[:count].mean(axis=0) for count in (1, 2, 4, MOST_DRAWS)}
    return {f"{name}_db": psnr_affine_db(image, scene, WHOLE) for name, image in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--spread-px", type=float, default=0.6)
    arguments = parser.parse_args()
    paths = sorted(arguments.session.glob("pairs/test-*/references.ome.tif"))
    scenes = [read_images(path)[0][0].astype(float) for path in paths]
    rows = []
    for share in NOISE_SHARES:
        found = pd.DataFrame([rows_of(scene, share, arguments.spread_px, seed) for seed, scene in enumerate(scenes)])
        rows.append({"session": arguments.session.name, "noise_share": share, "fields": len(found)} | found.mean().round(1).to_dict())
    record_table("camera_noise", pd.DataFrame(rows), ["session", "noise_share"])


if __name__ == "__main__":
    main()
