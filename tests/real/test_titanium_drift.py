import os
from pathlib import Path

import numpy as np
import pytest
from scipy import fft

from rapidstem.frames.registration import register_frames


@pytest.fixture(scope="module")
def frames():
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
    imageio = pytest.importorskip("skimage.io")
    return np.stack([imageio.imread(path) for path in sorted(Path(folder, "ti_bfctem_drift").glob("frame_*.png"))])


def plain_shift(reference, frame, low=0.004, high=0.05):
    """Band-passed plain cross-correlation of the full frames, with a parabola through the peak."""
    side = reference.shape[0]
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    band = np.exp(-((frequency / high) ** 2)) * (1 - np.exp(-((frequency / low) ** 2)))
    window = np.outer(np.hanning(side), np.hanning(side))
    first, second = (fft.rfft2((image - image.mean()) * window) * band for image in (reference, frame))
    correlation = fft.irfft2(np.conj(first) * second)
    peak = np.array(np.unravel_index(correlation.argmax(), correlation.shape))
    shift = peak.astype(float)
    for axis in (0, 1):
        step = np.eye(2, dtype=int)[axis]
        left, centre, right = (correlation[tuple((peak + offset * step) % side)] for offset in (-1, 0, 1))
        shift[axis] += (left - right) / (2 * (left - 2 * centre + right))
    return (shift + side / 2) % side - side / 2


def test_ti_bfctem_drift(frames):
    drift = register_frames(frames)
    found = drift.shift_px - drift.shift_px[0]
    plain = np.array([plain_shift(frames[0].astype(np.float32), frame.astype(np.float32)) for frame in frames[1:]])
    assert drift.used.all()
    assert np.hypot(*found[1:].T).min() > 5  # never (0, 0), to where the fixed pattern pulls
    assert np.abs(found[1:] - plain).max() < 0.5


def test_two_titanium_frames_alone_are_not_held_by_the_fixed_pattern(frames):
    drift = register_frames(frames[[0, 5]])
    np.testing.assert_allclose(drift.shift_px[1] - drift.shift_px[0], (-12.2, -12.6), atol=0.6)
