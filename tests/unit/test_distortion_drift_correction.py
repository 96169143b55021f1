"""Drift and distortion taken back together: signs, units, what no frame has seen."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.drift_correction import corrected_shift, in_common_geometry

COLUMNS = np.arange(80.0)
MAP = ColumnMap(COLUMNS, COLUMNS * 1.1 - 4 * np.exp(-COLUMNS / 16))
SHIFTS = np.array([[0.0, 0.0], [3.25, -2.0], [-4.5, 6.0]])


def test_frames_of_one_place_become_alike() -> None:
    wide = gaussian_filter(np.random.default_rng(0).normal(size=(100, 130)), 3.0)
    rows = np.arange(64.0) + 15
    frames = np.stack(
        [
            map_coordinates(wide, np.meshgrid(rows - dy, MAP.to_slow(COLUMNS) + 20 - dx, indexing="ij"))
            for dy, dx in corrected_shift(SHIFTS, MAP)
        ]
    )
    expected = wide[15:79, 20:100]
    corrected = in_common_geometry(frames, SHIFTS, MAP)
    for image in corrected:
        seen = np.isfinite(image)
        assert seen.mean() > 0.8
        assert np.abs(image - expected)[seen].max() < 0.05 * np.ptp(expected)


@pytest.mark.parametrize(("shift", "unseen_rows"), [((3.25, 0.0), slice(61, 64)), ((-4.5, 0.0), slice(0, 4))])
def test_what_a_frame_has_not_seen_has_no_value(shift: tuple[float, float], unseen_rows: slice) -> None:
    (image,) = in_common_geometry(np.ones((1, 64, 80)), np.array([shift]), MAP)
    assert np.isnan(image[unseen_rows]).all()
    assert np.isfinite(image[20:40, 20:60]).all()


def test_shifts_along_x_are_magnified() -> None:
    magnification = np.ptp(MAP.slow_px) / 79
    np.testing.assert_allclose(corrected_shift(np.array([2.0, 2.0]), MAP), [2.0, 2.0 * magnification])
    assert magnification > 1.05
