"""Fast and slow scans of the same fields: the map is fitted to one half of the pairs and judged on the other."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import fft, ndimage

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.map_measurement import measure_map
from rapidstem.distortion.reference_alignment import align_reference

FITTED, JUDGED, STRIPS = range(1, 19), range(19, 37), 8


def pair(number):
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
    imageio = pytest.importorskip("skimage.io")
    names = [Path(folder, "kriss_sem", "dwell", kind, f"fov_{number:03d}.tif") for kind in ("rapid_100ns", "slow_30us")]
    return [imageio.imread(name).astype(float) for name in names]


@pytest.fixture(scope="module")
def column_map():
    rapid, slow = zip(*(pair(number) for number in FITTED), strict=True)
    found, residual_px = measure_map(rapid, slow)
    assert residual_px < 0.2
    return found


def strip_shift_x(rapid, slow):
    """Shift along x of a strip by plain cross-correlation of its band-passed pixels, with a parabola through the peak."""
    window = np.outer(np.hanning(rapid.shape[0]), np.hanning(rapid.shape[1]))
    spectra = []
    for image in (rapid, slow):
        passed = ndimage.gaussian_filter(image, 1.5) - ndimage.gaussian_filter(image, 8)
        spectra.append(fft.rfft2(passed * window))
    correlation = fft.fftshift(fft.irfft2(np.conj(spectra[0]) * spectra[1], s=rapid.shape))
    row, column = np.unravel_index(correlation.argmax(), correlation.shape)
    left, centre, right = correlation[row, column - 1 : column + 2]
    return column - rapid.shape[1] // 2 + (left - right) / (2 * (left - 2 * centre + right))


def residuals(column_map, numbers):
    """Shift along x (field, strip) that is left between the rapid and the aligned slow image."""
    found = []
    for number in numbers:
        rapid, slow = pair(number)
        aligned = align_reference(rapid, slow, column_map)
        inside = (aligned.rows, aligned.columns)
        strips = np.array_split(np.arange(aligned.columns.stop - aligned.columns.start), STRIPS)
        found.append([strip_shift_x(rapid[inside][:, strip], aligned.slow[inside][:, strip]) for strip in strips])
    return np.array(found)


def test_strips_of_unseen_pairs_agree_to_half_a_pixel(column_map):
    left = residuals(column_map, JUDGED)
    print("rms by strip:", np.sqrt((left**2).mean(axis=0)).round(2), "all:", np.sqrt((left**2).mean()).round(3))
    assert np.sqrt((left**2).mean()) < 0.5
    assert np.abs(left.mean(axis=0)).max() < 0.25


def test_the_map_is_needed(column_map):
    straight = ColumnMap(column_map.rapid_px, column_map.rapid_px)
    with_map, without = residuals(column_map, JUDGED[::4]), residuals(straight, JUDGED[::4])
    assert np.sqrt((with_map**2).mean()) < 0.6 * np.sqrt((without**2).mean())
