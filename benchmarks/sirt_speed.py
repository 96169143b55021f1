"""Speed of the SIRT against its peers on the processor: the same slices, iterations and cores, interleaved in one run.

Run from the root of the repository: `python -m benchmarks.sirt_speed --threads 2`. It prints the seconds a slice of
rapidstem, of ASTRA's own SIRT with the same projector (and the largest difference between the two results) and of etspy (`pip install
etspy`; left out where it is missing, and timed by the clock, as it starts processes of its own); what the bandwidth of the memory and
the speed of a matrix product would allow; and time and peak memory of a whole volume.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import astra
import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.tomography.reconstruction.sirt import SirtOperator, sirt_slices
from rapidstem.tomography.reconstruction.slice_projector import (
    SliceGeometry,
    astra_geometry,
    ray_order,
    system_matrix,
    tile_order,
    with_columns,
)
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

STEEPEST_DEG, TURN_A_FRAME_DEG, BLOCK_SLICES = 70.0, 0.84, 64


def continuous_tilt(rows: int, depth: int, frames: int) -> SliceGeometry:
    """Rays of a series from -70 to +70 degrees in which the stage turns 0.84 degrees while a frame is scanned."""
    middle = np.deg2rad(np.linspace(-STEEPEST_DEG, STEEPEST_DEG, frames))[:, None]
    angle = middle + np.deg2rad(TURN_A_FRAME_DEG) * np.linspace(-0.5, 0.5, rows)
    height = np.broadcast_to(np.arange(rows) - (rows - 1) / 2, angle.shape)
    return SliceGeometry(angle.ravel(), height.ravel(), depth, rows)


def dislocation_slices(depth: int, rows: int, slices: int, seed: int = 0) -> np.ndarray:
    """Fifteen bright spots a slice, (voxel, slice)."""
    rng = np.random.default_rng(seed)
    volume = np.zeros((depth, rows, slices), np.float32)
    for index in range(slices):
        volume[rng.integers(2, depth - 2, 15), rng.integers(2, rows - 2, 15), index] = 1
    return volume.reshape(-1, slices)


class OwnSirt:
    """Rays and voxels in the order in which `reconstruct` takes them."""

    def __init__(self, rays: SliceGeometry, frames: int) -> None:
        self.rays, self.order = ray_order(frames, len(rays.angle_rad) // frames), tile_order(rays)
        ordered = SliceGeometry(rays.angle_rad[self.rays], rays.height_px[self.rays], rays.depth_px, rays.width_px)
        self.operator = SirtOperator.from_matrix(with_columns(system_matrix(ordered), self.order))

    def reconstruct(self, projections: np.ndarray, iterations: int) -> np.ndarray:
        """Solve a block of slices, (ray, slice) to (voxel, slice)."""
        volume = np.empty((len(self.order), projections.shape[1]), np.float32)
        volume[self.order] = sirt_slices(self.operator, projections[self.rays], iterations)
        return volume

    def bytes_an_iteration(self, slices: int) -> int:
        """What a block moves at least: the matrix once, the vectors once for each step that reads or writes them."""
        tiled = self.operator.matrix
        matrix = tiled.value.nbytes + tiled.place.nbytes + tiled.start.nbytes + tiled.ray.nbytes
        return matrix + 4 * slices * 5 * (len(self.order) + len(self.rays))


class AstraSirt:
    """ASTRA's SIRT on the processor with its projector kept between slices, as its own documentation advises."""

    def __init__(self, rays: SliceGeometry) -> None:
        self.volume_geometry, self.projection_geometry = astra_geometry(rays)
        self.projector = astra.create_projector("linear", self.projection_geometry, self.volume_geometry)

    def reconstruct(self, projections: np.ndarray, iterations: int) -> np.ndarray:
        """Solve one slice."""
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


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def busy_seconds(call: Callable[[], object], threads: int) -> float:
    """Seconds of the processor for each of the threads: those of the clock, where nothing else runs on the machine."""
    start = time.process_time()
    call()
    return (time.process_time() - start) / threads


def triad_bandwidth(threads: int, size: int = 2**24, rounds: int = 5) -> float:
    """Bytes a second of `a = b + c`, all threads together, on arrays of 64 MB each (after J. McCalpin's STREAM)."""
    arrays = [[np.full(size, value, np.float32) for value in (0, 1, 2)] for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        fastest = min(
            busy_seconds(lambda: list(pool.map(lambda three: np.add(three[1], three[2], out=three[0]), arrays)), threads)
            for _ in range(rounds)
        )
    return threads * 3 * 4 * size / fastest


def matrix_product_speed(size: int = 1024, rounds: int = 5) -> float:
    """Operations a second of the processor in a product of two square matrices, single precision."""
    matrix = np.ones((size, size), np.float32)
    return 2 * size**3 / min(busy_seconds(lambda: matrix @ matrix, 1) for _ in range(rounds))


def whole_volume(options: argparse.Namespace) -> None:
    """Time and peak memory of `reconstruct`, set-up and the slices' extra width included."""
    angle = np.deg2rad(np.linspace(-STEEPEST_DEG, STEEPEST_DEG, options.frames))
    step_s = 2 * STEEPEST_DEG / (options.frames - 1) / TURN_A_FRAME_DEG
    times = step_s * np.arange(options.frames)
    geometry = TiltGeometry(angle, np.zeros((options.frames, 2)), 1.0, options.rows, times, 1.0 / options.rows)
    series = (np.random.default_rng(1).random((options.frames, options.rows, options.columns)) > 0.97).astype(np.float32)
    settings = ReconstructionSettings(float(options.depth), iterations=options.iterations)
    resources = {"threads": options.threads, "memory_mb": options.memory_mb, "device": "cpu"}
    start = time.process_time()
    taken = seconds(lambda: reconstruct(series, geometry, settings, **resources))
    busy = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    row = {"columns": options.columns, "rows": options.rows, "depth": options.depth, "iterations": options.iterations}
    row |= {"threads": options.threads, "seconds": round(taken, 1), "processor_s": round(busy, 1), "memory_gb": round(peak, 2)}
    record_table("sirt_speed.volume", pd.DataFrame([row]), ["columns", "rows", "depth", "iterations", "threads"])


def etspy_seconds(options: argparse.Namespace, rays: SliceGeometry, projections: np.ndarray) -> float:
    """Seconds a slice of etspy, which knows one angle a frame."""
    from etspy import recon

    tilts = np.rad2deg(rays.angle_rad.reshape(options.frames, -1).mean(axis=1))
    stack = projections.reshape(options.frames, options.rows, -1)[:, :, : options.threads]
    settings = {"niterations": options.iterations, "constrain": True, "cuda": False, "thickness": options.depth}
    return seconds(lambda: recon.run(stack, tilts, "SIRT", ncores=options.threads, show_progressbar=False, **settings)) / options.threads


def compare(options: argparse.Namespace) -> None:
    """Interleave the peers and print the table."""
    rays = continuous_tilt(options.rows, options.depth, options.frames)
    own = OwnSirt(rays, options.frames)
    projections = system_matrix(rays) @ dislocation_slices(options.depth, options.rows, BLOCK_SLICES * options.threads)
    own.reconstruct(projections[:, :1], 1)
    taken: dict[str, list[float]] = {"rapidstem": [], "ASTRA": [], "etspy": []}
    for _ in range(options.rounds):
        blocks = np.split(projections, options.threads, axis=1)
        results, whole = on_threads(OwnSirt.reconstruct, own, blocks, options)
        taken["rapidstem"].append(whole / len(blocks) / BLOCK_SLICES)
        singles = [np.ascontiguousarray(block[:, 0]) for block in blocks]
        theirs, whole = on_threads(AstraSirt.reconstruct, AstraSirt(rays), singles, options)
        taken["ASTRA"].append(whole / len(blocks))
        if find_spec("etspy") is not None:
            taken["etspy"].append(etspy_seconds(options, rays, projections))
    largest = max(np.abs(ours[:, 0] - one).max() for ours, one in zip(results, theirs, strict=True))
    print_table(options, own, {name: min(times) for name, times in taken.items() if times}, largest)


def on_threads(
    method: Callable[..., np.ndarray], solver: object, blocks: list[np.ndarray], options: argparse.Namespace
) -> tuple[list[np.ndarray], float]:
    """Reconstruct a block on each thread; give the results and the seconds for all."""
    results: list[np.ndarray] = []
    with ThreadPoolExecutor(options.threads) as pool:
        taken = busy_seconds(
            lambda: results.extend(pool.map(lambda block: method(solver, block, options.iterations), blocks)), options.threads
        )
    return results, taken


def print_table(options: argparse.Namespace, own: OwnSirt, taken: dict[str, float], largest: float) -> None:
    """Print seconds a slice, ratios, and the bound of the memory."""
    bandwidth = triad_bandwidth(options.threads)
    bound = own.bytes_an_iteration(BLOCK_SLICES) * options.iterations / BLOCK_SLICES / bandwidth
    print(f"slice {options.rows} x {options.depth}, {options.frames} frames, {options.iterations} iterations, {options.threads} threads")
    own_s = taken["rapidstem"]
    rows = [{"solver": name, "seconds_a_slice": round(value, 4), "times_ours": round(value / own_s, 1)} for name, value in taken.items()]
    names = {"rows": options.rows, "depth": options.depth, "threads": options.threads}
    record_table("sirt_speed", pd.DataFrame(rows).assign(**names), ["solver", *names])
    if "etspy" not in taken:
        print("etspy is not installed and was left out (pip install etspy)")
    print(f"largest difference from ASTRA {largest:.1e}")
    share = bound / taken["rapidstem"]
    print(f"memory bandwidth {bandwidth / 1e9:.1f} GB/s: at least {bound:.4f} s a slice; reached {share:.0%} of that bound")
    speed = 4 * np.count_nonzero(own.operator.matrix.value) * options.iterations / taken["rapidstem"] / options.threads
    product = matrix_product_speed()
    print(f"{speed / 1e9:.0f} GFLOP/s on a thread, {speed / product:.0%} of the {product / 1e9:.0f} GFLOP/s of a matrix product")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--columns", type=int, default=512)
    parser.add_argument("--depth", type=int, default=128)
    parser.add_argument("--frames", type=int, default=71)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=float, default=4000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    whole_volume(options)
    compare(options)


if __name__ == "__main__":
    main()
