"""Lines as polylines: what smoothing does to a loop wherever it begins."""

import numpy as np

from rapidstem.dislocations.polylines import loop_from, smoothed


def test_a_loop_is_smoothed_alike_wherever_it_begins() -> None:
    angle = np.linspace(0, 2 * np.pi, 61)
    ring = np.column_stack([80 * np.cos(angle), 50 * np.sin(angle), 10 * np.sin(2 * angle)])
    ring[:-1] += np.random.default_rng(4).normal(0, 2, (60, 3))
    open_ring = ring[:-1]
    once, elsewhere = smoothed(open_ring, 9, closed=True), smoothed(np.roll(open_ring, -20, axis=0), 9, closed=True)
    np.testing.assert_allclose(np.roll(once, -20, axis=0), elsewhere, atol=1e-9)
    np.testing.assert_array_equal(loop_from(loop_from(np.vstack([once, once[:1]]), 20), -20)[:-1], once)
