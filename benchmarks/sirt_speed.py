"""Speed of the SIRT against ASTRA's own on the CPU: the same slices, projector, iterations and cores, interleaved in one run.

Run from the root of the repository: `PYTHONPATH=. python benchmarks/sirt_speed.py --threads 2`. It prints one table and the largest
difference between the two results.
"""

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import astra
import numpy as np

from rapidstem.tomography.sirt import SirtOperator, SliceGeometry, astra_geometry, ray_order, sirt_slices, system_matrix


def continuous_tilt(rows: int, depth: int, frames: int) -> SliceGeometry:
    """Rays of a series from -70 to +70 degrees in which the stage turns 0.84 degrees while a frame is scanned."""
    middle = np.deg2rad(np.linspace(-70, 70, frames))[:, None]
    angle = middle + np.deg2rad(0.84) * np.linspace(-0.5, 0.5, rows)
    height = np.broadcast_to(np.arange(rows) - (rows - 1) / 2, angle.shape)
    order = ray_order(frames, rows)
    return SliceGeometry(angle.ravel()[order], height.ravel()[order], depth, rows)


def dislocation_slices(depth: int, rows: int, slices: int, seed: int = 0) -> np.ndarray:
    """Fifteen bright spots a slice, (voxel, slice)."""
    rng = np.random.default_rng(seed)
    volume = np.zeros((depth, rows, slices), np.float32)
    for index in range(slices):
        volume[rng.integers(2, depth - 2, 15), rng.integers(2, rows - 2, 15), index] = 1
    return volume.reshape(-1, slices)


class AstraSirt:
    """ASTRA's CPU SIRT with its projector kept between slices, as its own documentation advises."""

    def __init__(self, rays: SliceGeometry) -> None:
        self.volume_geometry, self.projection_geometry = astra_geometry(rays)
        self.projector = astra.create_projector("linear", self.projection_geometry, self.volume_geometry)

    def reconstruct(self, projections: np.ndarray, iterations: int) -> np.ndarray:
        sinogram = astra.data2d.create("-sino", self.projection_geometry, projections.reshape(-1, 1))
        volume = astra.data2d.create("-vol", self.volume_geometry, 0)
        settings = astra.astra_dict("SIRT")
        settings |= {"ProjectorId": self.projector, "ProjectionDataId": sinogram, "ReconstructionDataId": volume}
        settings["option"] = {"MinConstraint": 0.0}
        algorithm = astra.algorithm.create(settings)
        astra.algorithm.run(algorithm, iterations)
        result = astra.data2d.get(volume).ravel()
        astra.algorithm.delete(algorithm)
        astra.data2d.delete([sinogram, volume])
        return result


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--depth", type=int, default=128)
    parser.add_argument("--frames", type=int, default=71)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--block", type=int, default=32, help="slices a block")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    rays = continuous_tilt(options.rows, options.depth, options.frames)
    matrix = system_matrix(rays)
    set_up = seconds(lambda: SirtOperator.from_matrix(system_matrix(rays)))
    operator = SirtOperator.from_matrix(matrix)
    slices = options.block * options.threads
    projections = matrix @ dislocation_slices(options.depth, options.rows, slices)
    blocks = np.split(projections, options.threads, axis=1)
    peer = AstraSirt(rays)
    ours, theirs, results = [], [], {}

    def run_ours() -> None:
        with ThreadPoolExecutor(options.threads) as pool:
            results["ours"] = list(pool.map(lambda block: sirt_slices(operator, block, options.iterations), blocks))

    def run_theirs() -> None:
        with ThreadPoolExecutor(options.threads) as pool:
            results["theirs"] = list(pool.map(lambda block: peer_slice(block[:, 0]), blocks))

    def peer_slice(projection: np.ndarray) -> np.ndarray:
        return peer.reconstruct(np.ascontiguousarray(projection), options.iterations)

    for _ in range(options.rounds):
        theirs.append(seconds(run_theirs) / options.threads)
        ours.append(seconds(run_ours) / slices)
    largest = max(np.abs(a[:, 0] - b).max() for a, b in zip(results["ours"], results["theirs"], strict=True))
    report(options, matrix.nnz, set_up, min(ours), min(theirs), largest)


def report(options: argparse.Namespace, elements: int, set_up: float, ours: float, theirs: float, largest: float) -> None:
    """Print the table."""
    operations = 4 * elements * options.iterations / ours / 1e9
    print(f"slice {options.rows} x {options.depth}, {options.frames} frames, {options.iterations} iterations, {options.threads} threads")
    print(f"matrix: {elements / 1e6:.1f} million elements, set up once in {set_up:.1f} s")
    print(f"ASTRA SIRT (CPU, linear)  {theirs:8.3f} s a slice")
    print(f"rapidstem                 {ours:8.3f} s a slice  ({operations:.1f} Gflop/s)")
    print(f"ratio                     {theirs / ours:8.1f}")
    print(f"largest difference        {largest:8.1e}")
    print(f"peak memory               {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:8.2f} GB")


if __name__ == "__main__":
    main()
