"""Error on the truth against passes over the matrix: SIRT, conjugate gradients (CGLS) and ordered subsets on the same noisy projections.

    python -m benchmarks.solver_convergence

Spots as wide as dislocation lines in slices of a foil; projections at the angles of continuous tilting with a tenth of their brightness as
noise, and rays that are wrongly black or white, as binarised frames have them. A pass is one projection and one back projection of all
rays, which is what all three spend their time on. SIRT and the ordered subsets keep the volume from being negative in every step; CGLS,
which cannot, is cut off at zero when it has ended. The table says after how many passes each is as near to the truth as SIRT is after
50, and how near it comes at best.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import ndimage, sparse

from benchmarks.measured_tables import record_table
from benchmarks.sirt_speed import continuous_tilt
from rapidstem.tomography.reconstruction.sirt import inverse_sums
from rapidstem.tomography.reconstruction.slice_projector import system_matrix

ROWS, DEPTH, FRAMES, SLICES, SPOTS = 256, 64, 71, 8, 15
SIRT_PASSES, MOST_PASSES, SUBSETS = 50, 100, (4, 10, 24)
# In voxels: half the width of a line at 4.56 nm a pixel.
LINE_SIGMA_PX = 1.3
NOISE, WRONG_SHARE = 0.1, 0.01


def phantom(seed: int) -> np.ndarray:
    """Spots of brightness 1, (voxel, slice)."""
    rng = np.random.default_rng(seed)
    volume = np.zeros((SLICES, DEPTH, ROWS), np.float32)
    for image in volume:
        image[rng.integers(4, DEPTH - 4, SPOTS), rng.integers(4, ROWS - 4, SPOTS)] = 1
    blurred = ndimage.gaussian_filter(volume, (0, LINE_SIGMA_PX, LINE_SIGMA_PX)) * (2 * np.pi * LINE_SIGMA_PX**2)
    return np.ascontiguousarray(blurred.reshape(SLICES, -1).T)


def measured(matrix: sparse.csr_matrix, truth: np.ndarray, seed: int) -> np.ndarray:
    """Projections with noise, and some that are wrong altogether."""
    rng = np.random.default_rng(seed)
    clean = matrix @ truth
    brightness = float(np.percentile(clean[clean > 0], 95))
    noisy = clean + NOISE * brightness * rng.standard_normal(clean.shape, np.float32)
    wrong = rng.random(clean.shape) < WRONG_SHARE
    return np.where(wrong, np.where(noisy > brightness / 2, 0, brightness), noisy).astype(np.float32)


def sirt(matrix: sparse.csr_matrix, projections: np.ndarray) -> Iterator[np.ndarray]:
    """The volume after each pass."""
    yield from ordered_subsets(matrix, projections, 1)


def ordered_subsets(matrix: sparse.csr_matrix, projections: np.ndarray, subsets: int) -> Iterator[np.ndarray]:
    """SIRT with a step for each subset of the frames, every n-th frame in one, after each pass over all of them.

    After Y. Censor and T. Elfving, SIAM J. Matrix Anal. Appl. 24 (2002) 40 (block iterative methods).
    """
    frame = np.arange(len(projections)) // (len(projections) // FRAMES)
    parts = []
    for number in range(subsets):
        rows = np.flatnonzero(frame % subsets == number)
        part = matrix[rows]
        parts.append((part, part.T.tocsr(), rows, inverse_sums(part, axis=1)[:, None], inverse_sums(part, axis=0)[:, None]))
    volume = np.zeros((matrix.shape[1], projections.shape[1]), np.float32)
    while True:
        for part, transposed, rows, ray_weight, voxel_weight in parts:
            volume += voxel_weight * (transposed @ (ray_weight * (projections[rows] - part @ volume)))
            np.maximum(volume, 0, out=volume)
        yield volume


def conjugate_gradients(matrix: sparse.csr_matrix, projections: np.ndarray) -> Iterator[np.ndarray]:
    """CGLS with each slice's own steps (A. Bjorck, Numerical Methods for Least Squares Problems, 1996, algorithm 7.4.1)."""
    transposed = matrix.T.tocsr()
    volume = np.zeros((matrix.shape[1], projections.shape[1]))
    residual = projections.astype(float)
    gradient = transposed @ residual
    direction, square = gradient.copy(), (gradient**2).sum(axis=0)
    while True:
        projected = matrix @ direction
        step = square / (projected**2).sum(axis=0)
        volume += step * direction
        residual -= step * projected
        gradient = transposed @ residual
        before, square = square, (gradient**2).sum(axis=0)
        direction = gradient + square / before * direction
        yield np.maximum(volume, 0)


def relative_errors(volumes: Iterator[np.ndarray], truth: np.ndarray) -> np.ndarray:
    """Error after each pass: the deviation's norm over the truth's."""
    scale = np.linalg.norm(truth)
    return np.array([np.linalg.norm(next(volumes) - truth) / scale for _ in range(MOST_PASSES)])


def main() -> None:
    """Print the table."""
    matrix = system_matrix(continuous_tilt(ROWS, DEPTH, FRAMES))
    truth = phantom(0)
    projections = measured(matrix, truth, 1)
    methods = {"SIRT": sirt(matrix, projections), "CGLS": conjugate_gradients(matrix, projections)}
    methods |= {f"ordered subsets, {count}": ordered_subsets(matrix, projections, count) for count in SUBSETS}
    errors = {name: relative_errors(volumes, truth) for name, volumes in methods.items()}
    goal = errors["SIRT"][SIRT_PASSES - 1]
    rows = []
    for name, error in errors.items():
        reached = np.flatnonzero(error <= goal)
        passes = int(reached[0]) + 1 if reached.size else None
        best = {"least_error": error.min().round(3), "at_passes": int(error.argmin()) + 1}
        rows.append({"solver": name, "passes_to_the_error": passes, "error_after_them": goal.round(3), **best})
    record_table("solver_convergence", pd.DataFrame(rows).astype({"passes_to_the_error": "Int64"}), ["solver"])


if __name__ == "__main__":
    main()
