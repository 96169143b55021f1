"""Lines that stand out from the noise of a tomogram, and noise in which none does."""

import numpy as np
import pytest

from rapidstem.dislocations.line_ridges import ridge_strength
from rapidstem.dislocations.line_tracing import DEFAULT_TRACING, trace_lines
from rapidstem.dislocations.standing_out import line_stands_out, noise_levels, noise_strength
from rapidstem.errors import InputError
from tests.unit.line_phantoms import VOXEL_NM, straight, volume_of

SIGMA = DEFAULT_TRACING.line_width_nm / 2.3548 / VOXEL_NM
LEAST = DEFAULT_TRACING.least_nm / VOXEL_NM
THROUGH = straight((-120, -90, -80), (110, 60, 80))
THICKNESS_NM = 160.0


def halves_of(polylines, noise, seed=0):
    """Two volumes with the same lines and independent noise."""
    return tuple(volume_of(polylines, noise=noise, seed=2 * seed + half) for half in (0, 1))


def mean_of(halves):
    return (halves[0] + halves[1]) / 2


@pytest.mark.parametrize("seed", range(8))
def test_nothing_stands_out_of_noise(seed):
    halves = halves_of([], 0.3, seed)
    assert not line_stands_out(ridge_strength(mean_of(halves), SIGMA), noise_strength(*halves, SIGMA), LEAST)


@pytest.mark.parametrize("seed", range(4))
def test_one_line_stands_out_of_noise_a_tenth_as_strong(seed):
    halves = halves_of([THROUGH], 0.1, seed)
    assert line_stands_out(ridge_strength(mean_of(halves), SIGMA), noise_strength(*halves, SIGMA), LEAST)


def test_what_only_one_half_shows_does_not_stand_out():
    halves = volume_of([THROUGH], noise=0.02, seed=0), volume_of([], noise=0.02, seed=1)
    assert not line_stands_out(ridge_strength(mean_of(halves), SIGMA), noise_strength(*halves, SIGMA), LEAST)


def test_noise_is_traced_to_nothing():
    halves = halves_of([], 0.3)
    assert trace_lines(mean_of(halves), VOXEL_NM, THICKNESS_NM, halves=halves).lines == []


@pytest.mark.parametrize("noise", [0.03, 0.07])
def test_a_short_line_in_noise_brings_no_noise_with_it(noise):
    """A line along y stands in few sections: what is typical of the sections is noise, and only the halves tell."""
    line = straight((0, -110, 0), (0, 110, 0))
    halves = halves_of([line], noise)
    (found,) = trace_lines(mean_of(halves), VOXEL_NM, THICKNESS_NM, halves=halves).lines
    assert np.abs(found.points_nm[:, 0]).max() < DEFAULT_TRACING.line_width_nm / 2
    assert found.length_nm == pytest.approx(220, abs=2 * DEFAULT_TRACING.line_width_nm), "each end is rounded by about a line width"


def test_halves_change_no_lines_that_are_clear():
    halves = halves_of([THROUGH, straight((100, -120, -80), (-60, 140, 80))], 0.03)
    with_halves = trace_lines(mean_of(halves), VOXEL_NM, THICKNESS_NM, halves=halves)
    alone = trace_lines(mean_of(halves), VOXEL_NM, THICKNESS_NM)
    assert len(with_halves.lines) == len(alone.lines) == 2
    for one, other in zip(with_halves.lines, alone.lines, strict=True):
        np.testing.assert_array_equal(one.points_nm, other.points_nm)


def test_levels_of_the_noise_grow_with_it():
    weak, strong = (noise_levels(noise_strength(*halves_of([], sigma), SIGMA)) for sigma in (0.1, 0.2))
    assert strong == pytest.approx([2 * level for level in weak], rel=1e-4)
    assert weak[0] < weak[1]


def test_halves_of_different_shapes_are_refused():
    with pytest.raises(InputError, match="reconstruct them again"):
        noise_strength(np.zeros((4, 5, 6)), np.zeros((4, 5, 7)), SIGMA)
