import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import astra
import numpy as np
import pytest
from scipy import sparse

from rapidstem.errors import InputError
from rapidstem.tomography.reconstruction.astra_cuda import astra_vectors, check_astra_cuda
from rapidstem.tomography.reconstruction.ordered_subsets import SubsetOperators, ordered_subset_slices
from rapidstem.tomography.reconstruction.sirt import SirtOperator, normalised_transpose, sirt_slices
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry, astra_geometry, system_matrix, tile_order, with_columns
from rapidstem.tomography.reconstruction.sparse_products import SparseRows
from tests.unit.reconstruction_phantoms import small_rays


def astra_sirt_on_processor(rays: SliceGeometry, projections: np.ndarray, iterations: int) -> np.ndarray:
    volume_geometry, projection_geometry = astra_geometry(rays)
    projector = astra.create_projector("linear", projection_geometry, volume_geometry)
    sinogram = astra.data2d.create("-sino", projection_geometry, projections.reshape(-1, 1))
    volume = astra.data2d.create("-vol", volume_geometry, 0)
    settings = astra.astra_dict("SIRT")
    settings |= {"ProjectorId": projector, "ProjectionDataId": sinogram, "ReconstructionDataId": volume}
    settings["option"] = {"MinConstraint": 0.0}
    algorithm = astra.algorithm.create(settings)
    astra.algorithm.run(algorithm, iterations)
    result = astra.data2d.get(volume)
    astra.algorithm.delete(algorithm)
    astra.data2d.delete([sinogram, volume])
    astra.projector.delete(projector)
    return result


def noisy_projections(rays: SliceGeometry, slices: int = 1) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(1)
    matrix = system_matrix(rays)
    image = (rng.random((rays.voxels, slices)) > 0.9).astype(np.float32)
    return matrix, matrix @ image + rng.normal(0, 0.2, (matrix.shape[0], slices)).astype(np.float32)


def test_same_numbers_as_the_sirt_of_astra():
    rays = small_rays()
    matrix, projections = noisy_projections(rays)
    ours = sirt_slices(SirtOperator.from_matrix(matrix), projections * np.float32([1, 2]), 50)
    theirs = astra_sirt_on_processor(rays, projections[:, 0], 50)
    assert theirs.max() > 0.3
    np.testing.assert_allclose(ours[:, 0].reshape(theirs.shape), theirs, atol=1e-6)
    np.testing.assert_allclose(ours[:, 1], 2 * ours[:, 0], atol=1e-6)


def test_a_small_matrix_is_made_once_for_the_same_rays_and_cannot_be_changed():
    rays = small_rays()
    matrix = system_matrix(rays)
    assert system_matrix(replace(rays, angle_rad=rays.angle_rad.copy())) is matrix
    with pytest.raises(ValueError, match="read-only"):
        matrix.data[0] = 1
    steeper = system_matrix(replace(rays, angle_rad=rays.angle_rad + 0.01))
    assert abs(steeper - matrix).max() > 1e-3


def test_the_order_of_the_voxels_changes_only_their_order():
    rays = small_rays()
    matrix, projections = noisy_projections(rays)
    order = tile_order(rays, edge_px=4)
    assert not np.array_equal(order, np.arange(rays.voxels))
    tiled = sirt_slices(SirtOperator.from_matrix(with_columns(matrix, order)), projections, 10)
    plain = sirt_slices(SirtOperator.from_matrix(matrix), projections, 10)
    np.testing.assert_allclose(tiled, plain[order], atol=1e-6)


def test_products_are_those_of_scipy_for_rows_of_any_length():
    rng = np.random.default_rng(2)
    matrix = sparse.random_array((40, 30), density=0.2, rng=rng, dtype=np.float32).tocsr()
    matrix = sparse.csr_matrix(sparse.vstack([matrix, sparse.csr_array((3, 30), dtype=np.float32)]))
    assert set(np.diff(matrix.indptr) % 4) == {0, 1, 2, 3}
    vectors, total = rng.random((30, 7), np.float32), rng.random((43, 7), np.float32)
    expected = total + matrix @ vectors
    SparseRows.from_matrix(matrix).add_product(vectors, total)
    np.testing.assert_allclose(total, expected, rtol=1e-5)


def test_a_matrix_without_elements_adds_nothing():
    total = np.ones((3, 2), np.float32)
    SparseRows.from_matrix(sparse.csr_matrix((3, 5), dtype=np.float32)).add_product(np.ones((5, 2), np.float32), total)
    np.testing.assert_array_equal(total, 1)


@pytest.mark.parametrize("width", [1, 7, 16, 40])
def test_a_slice_has_the_same_bits_however_many_are_beside_it(width):
    matrix, projections = noisy_projections(small_rays(), slices=64)
    operator = SirtOperator.from_matrix(matrix)
    whole = sirt_slices(operator, projections, 5)
    np.testing.assert_array_equal(sirt_slices(operator, projections[:, :width], 5), whole[:, :width])


def test_what_no_ray_crosses_stays_zero():
    matrix = sparse.csr_matrix(np.array([[0.5, 0, 1], [0, 0, 0]], np.float32))
    np.testing.assert_allclose(normalised_transpose(matrix).toarray(), [[1 / 1.5, 0], [0, 0], [1 / 1.5, 0]], rtol=1e-6)


def test_torch_gives_the_same_numbers():
    torch_sirt = pytest.importorskip("rapidstem.tomography.reconstruction.torch_sirt", reason="torch is not installed")
    matrix, projections = noisy_projections(small_rays(), slices=5)
    seen = np.random.default_rng(3).random(projections.shape) > 0.2
    ours = sirt_slices(SirtOperator.from_matrix(matrix), projections, 50, seen)
    np.testing.assert_allclose(torch_sirt.TorchSirt(matrix, "cpu").reconstruct(projections, 50, seen), ours, atol=2e-6)


def test_vectors_of_astra_put_a_voxel_onto_the_ray_that_crosses_it():
    rays = small_rays()
    direction, centre, along_columns, along_rows = np.split(astra_vectors(rays), 4, axis=1)
    voxel = np.array([3.0, 6.0, -4.0])
    offset = voxel - centre
    height = rays.height_px + np.sum(offset * along_rows, axis=1)
    np.testing.assert_allclose(height, 6.0 * np.cos(rays.angle_rad) - 4.0 * np.sin(rays.angle_rad), atol=1e-12)
    np.testing.assert_allclose(np.sum(offset * along_columns, axis=1), 3.0)
    np.testing.assert_allclose(np.sum(direction * along_rows, axis=1), 0, atol=1e-12)


def test_astra_without_a_graphics_card_is_refused():
    if astra.use_cuda():
        pytest.skip("this machine has a graphics card")
    with pytest.raises(InputError, match="choose device cpu"):
        check_astra_cuda()


def test_one_subset_is_sirt():
    matrix, projections = noisy_projections(small_rays(), slices=3)
    seen = np.random.default_rng(3).random(projections.shape) > 0.2
    whole = SubsetOperators.from_matrix(matrix, np.zeros(len(projections), int))
    expected = sirt_slices(SirtOperator.from_matrix(matrix), projections, 10, seen)
    np.testing.assert_array_equal(ordered_subset_slices(whole, projections, 10, seen), expected)


@pytest.mark.parametrize(("frames", "count"), [(1, 1), (3, 1), (13, 6), (25, 10)])
def test_subsets_are_spread_over_the_series_with_two_frames_each_at_least(frames: int, count: int) -> None:
    frame = np.repeat(np.arange(5, 5 + frames), 4)
    matrix = sparse.csr_matrix(np.random.default_rng(0).random((len(frame), 6)))
    subsets = SubsetOperators.from_matrix(matrix, frame)
    held = [np.unique(frame[rays]) for rays in subsets.rays]
    assert len(held) == count and sorted(np.concatenate(held)) == list(range(5, 5 + frames))
    assert all(len(each) >= min(2, frames) and np.all(np.diff(each) == count) for each in held)
    assert all(abs(one[0] - other[0]) > 1 for one, other in pairwise(held)), "each comes after one whose frames are far from its own"


def test_a_pass_that_has_begun_is_ended():
    frame = np.repeat(np.arange(20), 4)
    rng = np.random.default_rng(0)
    subsets = SubsetOperators.from_matrix(sparse.csr_matrix(rng.random((80, 6))), frame)
    projections = rng.random((80, 2)).astype(np.float32)
    once, again, twice = (ordered_subset_slices(subsets, projections, iterations) for iterations in (3, 10, 11))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(twice, ordered_subset_slices(subsets, projections, 20))
    assert once.max() > 0 and not np.array_equal(once, twice)


def test_subsets_hold_every_ray_once_and_reach_the_error_of_sirt_in_a_third_of_the_passes():
    rays = small_rays()
    matrix = system_matrix(rays)
    truth = (np.random.default_rng(5).random((rays.voxels, 8)) > 0.95).astype(np.float32)
    projections = matrix @ truth
    subsets = SubsetOperators.from_matrix(matrix, np.arange(len(projections)) // 32)
    assert len(subsets.rays) == 10
    np.testing.assert_array_equal(np.sort(np.concatenate(subsets.rays)), np.arange(len(projections)))
    passes = 30 // 3
    ours = ordered_subset_slices(subsets, projections, passes * len(subsets.rays))
    theirs = sirt_slices(SirtOperator.from_matrix(matrix), projections, 30)
    assert np.linalg.norm(ours - truth) < np.linalg.norm(theirs - truth)


PLAIN_PROCESSOR = """
import sys
import numpy as np
from rapidstem.tomography.reconstruction.sirt import SirtOperator, sirt_slices
from tests.unit.test_tomography_sirt import noisy_projections, small_rays

matrix, projections = noisy_projections(small_rays(), slices=11)
np.save(sys.argv[1], sirt_slices(SirtOperator.from_matrix(matrix), projections, 20))
"""


def test_a_processor_without_wide_registers_gives_the_same_numbers(tmp_path):
    result, root = tmp_path / "volume.npy", Path(__file__).parents[2]
    environment = os.environ | {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(root),
    }
    subprocess.run([sys.executable, "-c", PLAIN_PROCESSOR, str(result)], env=environment, check=True)
    matrix, projections = noisy_projections(small_rays(), slices=11)
    np.testing.assert_allclose(np.load(result), sirt_slices(SirtOperator.from_matrix(matrix), projections, 20), atol=1e-6)
