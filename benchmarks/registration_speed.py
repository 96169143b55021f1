"""Registration of rapid frames beside scikit-image's phase correlation, on the same frames.

Run from the root of the repository: `python benchmarks/registration_speed.py`. The frames show dark lines, with 20 electrons a pixel,
a detector lag, row streaks and a drift of some pixels; in the second half of the table a fixed pattern of 5 % is added.
"""

import time
from collections.abc import Callable

import numpy as np
from scipy import signal
from skimage.registration import phase_cross_correlation

from rapidstem.frames.registration import register_frames

SIDE, FRAMES, LINES, ELECTRONS = 256, 50, 30, 20.0
LAG, STREAK, PATTERN = 0.5, 0.03, 0.05
SEEDS = (0, 1, 2)


def scanned_frames(seed: int, pattern: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames (frame, y, x) uint16 and the true shift (frame, 2) of each."""
    rng = np.random.default_rng(seed)
    shift = np.cumsum(rng.normal(0.05, 0.3, (FRAMES, 2)), axis=0) + rng.normal(0, 0.6, (FRAMES, 2))
    gain = 1 + pattern * rng.normal(size=(SIDE, SIDE))
    frames = np.empty((FRAMES, SIDE, SIDE), np.uint16)
    for number, moved in enumerate(shift):
        electrons = rng.poisson(ELECTRONS * scene(seed, moved)).astype(float)
        lagged = signal.lfilter([1 - LAG], [1, -LAG], electrons, axis=1, zi=LAG * electrons[:, :1])[0]
        frames[number] = 7000 + 300 * lagged * gain * (1 + STREAK * rng.normal(size=(SIDE, 1)))
    return frames, shift


def scene(seed: int, shift: np.ndarray) -> np.ndarray:
    """Dark lines on a slowly varying background, moved by (dy, dx) without interpolation."""
    rng = np.random.default_rng(seed + 1000)
    y, x = np.mgrid[:SIDE, :SIDE] - shift[:, None, None]
    image = 1 + 0.1 * np.sin(x / 60) * np.cos(y / 70)
    for _ in range(LINES):
        centre, angle, width, half = rng.uniform(0, SIDE, 2), rng.uniform(0, np.pi), rng.uniform(1.3, 2.2), rng.uniform(15, 60)
        along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
        across = (x - centre[1]) * np.sin(angle) - (y - centre[0]) * np.cos(angle)
        image *= 1 - 0.35 * np.exp(-(across**2) / (2 * width**2) - (along / half) ** 4)
    return image


def ours(frames: np.ndarray) -> np.ndarray:
    """Shifts by `rapidstem.frames.registration`."""
    return register_frames(frames).shift_px


def phase_correlation(frames: np.ndarray) -> np.ndarray:
    """Shifts against the first frame by scikit-image, a twentieth of a pixel fine."""
    found = [phase_cross_correlation(frame, frames[0], upsample_factor=20)[0] for frame in frames]
    return np.array(found)


def plain_correlation(frames: np.ndarray) -> np.ndarray:
    """Shifts by scikit-image without the whitening of the spectrum."""
    found = [phase_cross_correlation(frame, frames[0], upsample_factor=20, normalization=None)[0] for frame in frames]
    return np.array(found)


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rapidstem register_frames": ours,
    "scikit-image, phase": phase_correlation,
    "scikit-image, plain": plain_correlation,
}


def main() -> None:
    """Print error and time of each method."""
    print(f"{FRAMES} frames of {SIDE} x {SIDE}, {len(SEEDS)} fields")
    print(f"{'method':28} {'pattern':>8} {'error (px rms)':>15} {'ms a frame':>11}")
    for pattern in (0.0, PATTERN):
        stacks = [scanned_frames(seed, pattern) for seed in SEEDS]
        for name, method in METHODS.items():
            squares, seconds = [], []
            for frames, truth in stacks:
                start = time.perf_counter()
                error = method(frames) - truth
                seconds.append(time.perf_counter() - start)
                squares.append(((error - error.mean(axis=0)) ** 2).sum(axis=1).mean())
            print(f"{name:28} {pattern:8.0%} {np.sqrt(np.mean(squares)):15.3f} {1000 * min(seconds) / FRAMES:11.2f}")


if __name__ == "__main__":
    main()
