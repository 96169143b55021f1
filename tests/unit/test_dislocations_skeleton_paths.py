"""A skeleton divided into its paths, and the regions that it is thinned from."""

from itertools import pairwise

import numpy as np

from rapidstem.dislocations import reaching_regions
from rapidstem.dislocations.skeleton_paths import skeleton_paths


def skeleton(*voxels: tuple[int, int, int]) -> np.ndarray:
    """A volume of 8 x 8 x 8 with these voxels."""
    thin = np.zeros((8, 8, 8), bool)
    thin[tuple(np.transpose(voxels))] = True
    return thin


def steps_of(path: np.ndarray) -> list[frozenset[tuple[int, ...]]]:
    """From voxel to voxel, in either direction."""
    return [frozenset(pair) for pair in pairwise(map(tuple, path.tolist()))]


def ends_and_lengths(thin: np.ndarray) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    return sorted((tuple(path[0].tolist()), tuple(path[-1].tolist()), len(path)) for path in skeleton_paths(thin))


def test_a_line_is_one_path_voxel_by_voxel() -> None:
    places = [(1, 1, 1), (2, 2, 1), (3, 2, 2), (3, 3, 3)]
    (path,) = skeleton_paths(skeleton(*places))
    np.testing.assert_array_equal(path, places)


def test_three_paths_leave_a_junction() -> None:
    thin = skeleton(
        (4, 4, 4), *((4, 4, x) for x in (0, 1, 2, 3)), *((4 - n, 4, 4 + n) for n in (1, 2)), *((4 + n, 4, 4 + n) for n in (1, 2, 3))
    )
    found = ends_and_lengths(thin)
    assert [length for *_, length in found] == [3, 5, 4]
    assert sum((4, 4, 4) in ends for *ends, _ in found) == 3


def test_voxels_of_a_crowded_junction_are_joined_as_a_tree() -> None:
    """Four voxels that all touch each other hold loops, which no line has."""
    corner = [(4, 4, 4), (4, 4, 5), (4, 5, 4), (5, 4, 4)]
    arms = [(4, 4, 6), (4, 4, 7), (4, 6, 4), (4, 7, 4), (6, 4, 4), (7, 4, 4), (3, 3, 3), (2, 2, 2)]
    paths = list(skeleton_paths(skeleton(*corner, *arms)))
    steps = {step for path in paths for step in steps_of(path)}
    assert len(steps) == len(corner) + len(arms) - 1


def test_a_loop_ends_where_it_starts() -> None:
    ring = [(3, 1, 2), (3, 1, 3), (3, 2, 4), (3, 3, 4), (3, 4, 3), (3, 4, 2), (3, 3, 1), (3, 2, 1)]
    (path,) = skeleton_paths(skeleton(*ring))
    np.testing.assert_array_equal(path[0], path[-1])
    assert len(path) == len(ring) + 1


def test_single_voxels_and_nothing_give_no_path() -> None:
    assert not list(skeleton_paths(skeleton((1, 1, 1), (5, 5, 5)))) and not list(skeleton_paths(np.zeros((3, 3, 3), bool)))


def test_every_step_is_walked_once() -> None:
    thin = np.random.default_rng(2).random((12, 12, 12)) < 0.05
    steps = [step for path in skeleton_paths(thin) for step in steps_of(path)]
    assert len(steps) == len(set(steps))
    assert {voxel for step in steps for voxel in step} <= set(map(tuple, np.argwhere(thin).tolist()))


def test_regions_must_reach_the_higher_level() -> None:
    values = np.zeros((1, 3, 7))
    values[0, 0] = [1, 2, 3, 0, 2, 2, 2]
    values[0, 2, 3] = 4
    kept = reaching_regions(values, 1.5, 2.5)
    np.testing.assert_array_equal(kept[0, 0], [False, True, True, False, False, False, False])
    assert kept[0, 2, 3] and kept.sum() == 3
