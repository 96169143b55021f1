import numpy as np

from rapidstem.tomography.reported_angles import middle_angles_deg


def test_turning_stage_is_farther_at_the_middle_of_a_frame():
    time_s = np.array([0.0, 0.07, 0.14])
    found = middle_angles_deg(np.array([-70.0, -68.0, -67.0]), time_s, line_time_s=1e-4, rows=101)
    np.testing.assert_allclose(found, [-70 + 2 / 0.07 * 0.005, -68 + 1 / 0.07 * 0.005, -67 + 1 / 0.07 * 0.005])


def test_resting_stage_keeps_its_angles():
    reported = np.array([-70.0, -68.0])
    np.testing.assert_array_equal(middle_angles_deg(reported, None, None, 100), reported)
