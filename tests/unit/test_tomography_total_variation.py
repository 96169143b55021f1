import numpy as np

from rapidstem.tomography.reconstruction.sirt import SirtOperator, inverse_sums, sirt_slices
from rapidstem.tomography.reconstruction.slice_projector import system_matrix
from rapidstem.tomography.reconstruction.total_variation import PrimalDualOperator, total_variation_slices
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from tests.unit.reconstruction_phantoms import PIXEL_NM, point_series, small_rays, turning_geometry


def total_variation(image: np.ndarray) -> float:
    along_z, along_y = np.zeros_like(image), np.zeros_like(image)
    along_z[:-1], along_y[:, :-1] = np.diff(image, axis=0), np.diff(image, axis=1)
    return float(np.sqrt(along_z**2 + along_y**2).sum())


def penalised(matrix, projections: np.ndarray, image: np.ndarray, weight: float) -> float:
    residual = matrix @ image.ravel() - projections
    return float((inverse_sums(matrix, axis=1) * residual**2).sum() / 2 + weight * total_variation(image))


def noisy_discs(seed: int = 4) -> tuple:
    rays = small_rays()
    matrix = system_matrix(rays)
    z, y = np.indices((16, 32))
    image = ((z - 5) ** 2 + (y - 9) ** 2 < 10).astype(np.float32) + ((z - 10) ** 2 + (y - 22) ** 2 < 10)
    noise = np.random.default_rng(seed).normal(0, 0.3, matrix.shape[0])
    return rays, matrix, image, (matrix @ image.ravel() + noise).astype(np.float32)


def test_nothing_near_the_result_is_better():
    rays, matrix, _, projections = noisy_discs()
    operator = PrimalDualOperator.from_matrix(matrix, rays.depth_px, rays.width_px)
    brightness = 3.0
    weight = 0.01 * brightness * operator.scale
    found = total_variation_slices(operator, projections[:, None], 3000, brightness).reshape(16, 32)
    least = penalised(matrix, projections, found, weight)
    rng = np.random.default_rng(5)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(20):
            other = np.maximum(found + rng.normal(0, size, found.shape).astype(np.float32), 0)
            assert penalised(matrix, projections, other, weight) > least
    sirt = sirt_slices(SirtOperator.from_matrix(matrix), projections[:, None], 200).reshape(16, 32)
    assert penalised(matrix, projections, sirt, weight) > least
    assert penalised(matrix, projections, 0.98 * found, weight) > least


def test_noisy_discs_come_out_nearer_to_the_truth_than_by_sirt():
    rays, matrix, image, projections = noisy_discs()
    operator = PrimalDualOperator.from_matrix(matrix, rays.depth_px, rays.width_px)
    found = total_variation_slices(operator, projections[:, None], 100, projections[projections > 0].mean()).reshape(image.shape)
    sirt = sirt_slices(SirtOperator.from_matrix(matrix), projections[:, None], 100).reshape(image.shape)
    assert found.min() == 0
    assert np.sqrt(np.mean((found - image) ** 2)) < 0.8 * np.sqrt(np.mean((sirt - image) ** 2))


def test_a_brighter_series_gives_the_same_volume_but_brighter():
    geometry = turning_geometry(rows=32)
    series = point_series([(5.5, 3.5)], geometry, 1)
    one, ten = (reconstruct(factor * series, geometry, ReconstructionSettings(16 * PIXEL_NM, "total-variation", 20)) for factor in (1, 10))
    assert one.max() > 0.1
    np.testing.assert_allclose(ten, 10 * one, atol=1e-4)
