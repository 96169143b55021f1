"""Fast and slow scans of the same fields: the map is fitted to one half of the pairs and judged on the other."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
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
    return [imageio.imread(name) for name in names]


@pytest.fixture(scope="module")
def measured():
    return measure_map(*zip(*(pair(number) for number in FITTED), strict=True))


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
    """Shift along x (field, strip) that is left between the rapid and the aligned slow image; no part of the fit measures it."""
    found = []
    for number in numbers:
        rapid, slow = (image.astype(float) for image in pair(number))
        aligned = align_reference(rapid, slow, column_map)
        inside = (aligned.rows, aligned.columns)
        strips = np.array_split(np.arange(aligned.columns.stop - aligned.columns.start), STRIPS)
        found.append([strip_shift_x(rapid[inside][:, strip], aligned.slow[inside][:, strip]) for strip in strips])
    return np.array(found)


def rms(values, axis=None):
    return np.sqrt(np.mean(np.square(values), axis=axis))


def test_strips_of_unseen_pairs_agree_to_half_a_pixel(measured):
    column_map = measured.column_map
    straight = ColumnMap(column_map.rapid_px, column_map.rapid_px)
    with_map, without = residuals(column_map, JUDGED), residuals(straight, JUDGED)
    table = pd.DataFrame({"mean_px": with_map.mean(axis=0), "with_map_px": rms(with_map, 0), "one_shift_alone_px": rms(without, 0)})
    print(
        f"\n{table.rename_axis('strip').round(3).to_string()}\nall strips: {rms(with_map):.3f} px rms, {rms(without):.3f} without the map"
    )
    assert rms(with_map) < 0.5
    assert rms(with_map, 0).max() < 0.5
    assert np.abs(with_map.mean(axis=0)).max() < 0.25
    assert rms(with_map) < 0.6 * rms(without)


def test_expected_error_holds_on_unseen_pairs(measured):
    """The mean over the unseen fields of what is left in a strip is the error of the map and the noise of that mean."""
    left = residuals(measured.column_map, JUDGED)
    noise = left.std(axis=0, ddof=1) / np.sqrt(len(left))
    assert 0.01 < measured.residual_px < 0.2
    assert rms(left.mean(axis=0)) < 2 * np.sqrt(measured.residual_px**2 + rms(noise) ** 2)


@pytest.mark.parametrize("method", ["ihara", "local-correlation"])
def test_other_methods_agree_with_the_spline(measured, method):
    other = measure_map(*zip(*(pair(number) for number in FITTED[:6]), strict=True), method=method).column_map
    apart = (other.slow_px - measured.column_map.slow_px)[20:-20]
    assert rms(apart - apart.mean()) < 0.3
