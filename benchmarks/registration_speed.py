"""Registration of frames beside scikit-image, pystackreg and HyperSpy: error and time on the same frames, one thread each.

Run from the root of the repository: `OMP_NUM_THREADS=1 python -m benchmarks.registration_speed`. Peers that are not
installed are left out with a message; `pip install pystackreg hyperspy numba` into an environment of their own. Data sets: dark lines in
256 x 256 frames with 20 electrons a pixel, a detector lag and row streaks; the same with a fixed pattern of 5 %; 512 x 512 frames, the
papers' size, with the fixed pattern, and with 4 electrons a pixel; and, where RAPIDSTEM_REAL_DATA is set, 512 x 512 crops of the titanium
frames, whose true drift is taken from band-passed plain cross-correlation of the full frames. A method finds the drift where its error is
below half a pixel.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft, signal
from skimage.registration import phase_cross_correlation

from benchmarks.measured_tables import record_table
from rapidstem.frames.registration import register_frames

FRAMES, LAG, STREAK, PATTERN = 50, 0.5, 0.03, 0.05
FINDS_DRIFT_PX = 0.5
SECONDS_A_STACK = 1.0
REPEATS = 5
FINENESS = 20
BAND = (0.004, 0.05)

Register = Callable[[np.ndarray], np.ndarray]


def scanned_frames(seed: int, side: int, electrons: float, pattern: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames (frame, y, x) uint16 and the true shift (frame, 2) of each."""
    rng = np.random.default_rng(seed)
    shift = np.cumsum(rng.normal(0.05, 0.3, (FRAMES, 2)), axis=0) + rng.normal(0, 0.6, (FRAMES, 2))
    gain = 1 + pattern * rng.normal(size=(side, side))
    frames = np.empty((FRAMES, side, side), np.uint16)
    for number, moved in enumerate(shift):
        counts = rng.poisson(electrons * scene(seed, side, moved)).astype(float)
        lagged = signal.lfilter([1 - LAG], [1, -LAG], counts, axis=1, zi=LAG * counts[:, :1])[0]
        frames[number] = 7000 + 300 * lagged * gain * (1 + STREAK * rng.normal(size=(side, 1)))
    return frames, shift


def scene(seed: int, side: int, shift: np.ndarray) -> np.ndarray:
    """Dark lines on a slowly varying background, moved by (dy, dx) without interpolation."""
    rng = np.random.default_rng(seed + 1000)
    y, x = np.arange(side)[:, None] - shift[0], np.arange(side)[None, :] - shift[1]
    image = 1 + 0.1 * np.sin(x / 60) * np.cos(y / 70)
    for _ in range(30):
        centre, angle, width, half = rng.uniform(0, side, 2), rng.uniform(0, np.pi), rng.uniform(1.3, 2.2), rng.uniform(15, 60)
        along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
        across = (x - centre[1]) * np.sin(angle) - (y - centre[0]) * np.cos(angle)
        image *= 1 - 0.35 * np.exp(-(across**2) / (2 * width**2) - (along / half) ** 4)
    return image


def titanium_crops() -> tuple[np.ndarray, np.ndarray] | None:
    """Crops (frame, 512, 512) of the real frames and their drift by the full frames; None where there are none."""
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        return None
    from imageio.v3 import imread

    frames = np.stack([imread(path) for path in sorted(Path(folder, "ti_bfctem_drift").glob("frame_*.png"))])
    start = (frames.shape[1] - 512) // 2
    crop = np.ascontiguousarray(frames[:, start : start + 512, start : start + 512])
    return crop, band_passed_correlation(frames)


def band_passed(frames: np.ndarray) -> np.ndarray:
    """Frames (frame, y, x) that fade out at their edges, with the frequencies of features alone."""
    rows, columns = frames.shape[1:]
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])
    band = np.exp(-((frequency / BAND[1]) ** 2)) * (1 - np.exp(-((frequency / BAND[0]) ** 2)))
    window = np.outer(np.hanning(rows), np.hanning(columns))
    return np.stack([fft.irfft2(fft.rfft2((frame - frame.mean()) * window) * band, s=frame.shape) for frame in frames])


def phase_correlation(frames: np.ndarray) -> np.ndarray:
    """Shifts against the first frame by scikit-image, a twentieth of a pixel fine."""
    return np.array([-phase_cross_correlation(frames[0], frame, upsample_factor=FINENESS)[0] for frame in frames])


def plain_correlation(frames: np.ndarray) -> np.ndarray:
    """The same without the whitening of the spectrum."""
    found = [-phase_cross_correlation(frames[0], frame, upsample_factor=FINENESS, normalization=None)[0] for frame in frames]
    return np.array(found)


def band_passed_correlation(frames: np.ndarray) -> np.ndarray:
    """The same of frames that were band-passed before."""
    return plain_correlation(band_passed(frames))


def stackreg(frames: np.ndarray) -> np.ndarray:
    """Shifts against the first frame by pystackreg."""
    from pystackreg import StackReg

    matrices = StackReg(StackReg.TRANSLATION).register_stack(frames, reference="first")
    return matrices[:, [1, 0], 2]


def hyperspy(**settings: object) -> Register:
    """HyperSpy's `estimate_shift2D` with the given settings."""

    def shifts(frames: np.ndarray) -> np.ndarray:
        from hyperspy.signals import Signal2D

        return np.asarray(Signal2D(frames).estimate_shift2D(show_progressbar=False, **settings))

    return shifts


OURS = "rapidstem register_frames"
METHODS: dict[str, Register] = {
    OURS: lambda frames: register_frames(frames).shift_px,
    "scikit-image, phase": phase_correlation,
    "scikit-image, plain": plain_correlation,
    "scikit-image, plain after band-pass": band_passed_correlation,
    "pystackreg, translation": stackreg,
    "HyperSpy, default": hyperspy(),
    "HyperSpy, 1/20 px": hyperspy(sub_pixel_factor=FINENESS),
    "HyperSpy, 1/20 px, no Sobel": hyperspy(sub_pixel_factor=FINENESS, sobel=False),
    "HyperSpy, 1/20 px, no median": hyperspy(sub_pixel_factor=FINENESS, medfilter=False),
    "HyperSpy, no Sobel, no median": hyperspy(sobel=False, medfilter=False),
    "HyperSpy, phase": hyperspy(normalize_corr=True),
}


def installed_methods() -> dict[str, Register]:
    """Methods whose packages can be imported; a message for each of the others."""
    tiny = np.random.default_rng(0).poisson(100, (2, 32, 32)).astype(np.uint16)
    found = {}
    for name, method in METHODS.items():
        try:
            if name != OURS:
                method(tiny)
            found[name] = method
        except ImportError as error:
            print(f"{name} is left out: {error}")
    return found


def measured(method: Register, stacks: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Error (px, rms length over all stacks) and least milliseconds a frame: processor time, which counts all threads."""
    squares: list[float] = []
    seconds: list[float] = []
    for frames, truth in stacks:
        begin = time.process_time()
        while not seconds or time.process_time() - begin < SECONDS_A_STACK:
            start = time.process_time()
            found = method(frames)
            seconds.append((time.process_time() - start) / len(frames))
        error = found - truth
        squares.append(((error - error.mean(axis=0)) ** 2).sum(axis=1).mean())
    return float(np.sqrt(np.mean(squares))), 1000 * min(seconds)


def bounds(frames: np.ndarray) -> tuple[float, float]:
    """Milliseconds a frame to read the pixels once, and for one real transform of single precision."""
    prepared = frames.astype(np.float32)
    reading, transform = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        frames.max()
        between = time.process_time()
        for frame in prepared:
            fft.rfft2(frame)
        reading.append(between - start)
        transform.append(time.process_time() - between)
    return tuple(1000 * min(seconds) / len(frames) for seconds in (reading, transform))  # type: ignore[return-value]


def compare(title: str, methods: dict[str, Register], stacks: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple[float, float]]:
    """Record the table of one data set."""
    results = {name: measured(method, stacks) for name, method in methods.items()}
    rows = [{"frames": title, "method": name, "error_px": error, "ms_a_frame": took} for name, (error, took) in results.items()]
    table = pd.DataFrame(rows).round({"error_px": 3, "ms_a_frame": 2})
    record_table("registration_speed", table.assign(finds_drift=table["error_px"] < FINDS_DRIFT_PX), ["frames", "method"])
    print_ratio([results])
    reading, transform = bounds(stacks[0][0])
    own = results[OURS][1]
    print(
        f"ours takes {own / transform:.1f} times one real transform ({transform:.2f} ms), {own / reading:.0f} times one look at the pixels"
    )
    return results


def print_ratio(tables: list[dict[str, tuple[float, float]]]) -> None:
    """Compare our time with the fastest peer whose error is small in all the given tables, and our error with the best."""
    finders = [name for name in tables[0] if name != OURS and all(table[name][0] < FINDS_DRIFT_PX for table in tables)]
    if not finders:
        print("no peer finds the drift")
        return
    fastest = min(finders, key=lambda name: sum(table[name][1] for table in tables))
    ratios = [table[fastest][1] / table[OURS][1] for table in tables]
    best = [min(table[name][0] for name in finders) for table in tables]
    print(f"fastest peer that finds the drift: {fastest}, slower than ours by " + ", ".join(f"{ratio:.1f}" for ratio in ratios))
    print("error of ours / of the best peer: " + ", ".join(f"{t[OURS][0]:.3f} / {b:.3f}" for t, b in zip(tables, best, strict=True)))


def main() -> None:
    """Print a table for every data set, and the ratios over all of them."""
    methods = installed_methods()
    sets = {
        "256 x 256, 20 electrons a pixel": [scanned_frames(seed, 256, 20, 0.0) for seed in (0, 1)],
        "256 x 256, 20 electrons a pixel, fixed pattern of 5 %": [scanned_frames(seed, 256, 20, PATTERN) for seed in (0, 1)],
        "512 x 512, 20 electrons a pixel, fixed pattern of 5 %": [scanned_frames(3, 512, 20, PATTERN)],
        "512 x 512, 4 electrons a pixel": [scanned_frames(2, 512, 4, 0.0)],
    }
    titanium = titanium_crops()
    if titanium is None:
        print("the real titanium frames are left out: RAPIDSTEM_REAL_DATA does not name the folder with the real data")
    else:
        sets["512 x 512 crops of real titanium frames"] = [titanium]
    tables = [compare(title, methods, stacks) for title, stacks in sets.items()]
    found = [table for table in tables if any(error < FINDS_DRIFT_PX for name, (error, _) in table.items() if name != OURS)]
    print(f"\none peer for all data sets ({len(tables) - len(found)} left out, in which no peer finds the drift)")
    print_ratio(found)


if __name__ == "__main__":
    main()
