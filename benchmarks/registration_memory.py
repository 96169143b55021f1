"""Memory for reading, registering and integrating long stacks: `python -m benchmarks.registration_memory`.

Writes Velox files of 250 and 2,500 frames of 512 x 512 (1.3 GB) into a temporary folder, works on each in a process of its own as the
workflow does, and prints the largest resident memory of that process, its time, and the error of the drift.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.measured_tables import record_table
from rapidstem.files.image_stacks import open_frames
from rapidstem.frames.integration import integrate_frames
from rapidstem.frames.registration import register_frames
from rapidstem.microscope.recording.velox_writer import ScanDescription, write_velox

NUMBERS, SIDE, MARGIN, ELECTRONS, SCENE_PERIOD = (250, 2500), 512, 24, 8.0, 50
SCAN = ScanDescription(pixel_size_nm=2.0, dwell_time_s=1e-7, line_time_s=6e-5, frame_time_s=0.031, start_s=1_700_000_000)


class DriftingFrames:
    """Few-count frames that are made when they are written, so that this process needs little memory as well."""

    def __init__(self, number: int) -> None:
        rng = np.random.default_rng(0)
        self.shape, self.dtype = (number, SIDE, SIDE), np.dtype(np.uint16)
        self.shift_px = np.cumsum(rng.integers(-1, 2, (number, 2)), axis=0).clip(-MARGIN, MARGIN)
        texture = ndimage.gaussian_filter(rng.normal(size=(SIDE + 2 * MARGIN,) * 2), 2.5)
        self._scene = ELECTRONS * np.clip(1 + 0.15 * texture / texture.std(), 0, None)
        self._noise = rng.poisson(ELECTRONS, (SCENE_PERIOD, SIDE, SIDE)) - ELECTRONS

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        for number, (dy, dx) in enumerate(self.shift_px):
            seen = self._scene[MARGIN - dy : MARGIN - dy + SIDE, MARGIN - dx : MARGIN - dx + SIDE]
            noise = np.roll(self._noise[number % SCENE_PERIOD], (7 * number, 13 * number), axis=(0, 1))
            yield (7000 + 300 * np.clip(seen + noise, 0, None)).astype(np.uint16)


def integrate_file(path: Path) -> None:
    """What the workflow does with a file of rapid frames; prints time, memory and the drift's error as JSON."""
    start = time.perf_counter()
    with open_frames(path) as stack:
        drift = register_frames(stack.frames)
        registered = time.perf_counter()
        integrate_frames(stack.frames, drift)
    integrated = time.perf_counter()
    truth = np.load(path.with_suffix(".npy"))[drift.used]
    error = drift.shift_px[drift.used] - truth
    rms = np.sqrt(((error - error.mean(axis=0)) ** 2).sum(axis=1).mean())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    row = {"frames": len(drift.used), "memory_gb": round(memory, 2), "register_s": round(registered - start, 1)}
    row |= {"integrate_s": round(integrated - registered, 1), "used": int(drift.used.sum()), "error_px": round(float(rms), 3)}
    print(json.dumps(row))


def main() -> None:
    """Write the files and work on each in another process."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in NUMBERS:
            path, frames = Path(folder, f"{number}.emd"), DriftingFrames(number)
            write_velox(path, frames, SCAN, np.zeros(number), 0.07 * np.arange(number))  # type: ignore[arg-type]
            np.save(path.with_suffix(".npy"), frames.shift_px)
            run = subprocess.run([sys.executable, __file__, str(path)], check=True, stdout=subprocess.PIPE, text=True)
            rows.append(json.loads(run.stdout))
            path.unlink()
    record_table("registration_memory", pd.DataFrame(rows), ["frames"])


if __name__ == "__main__":
    integrate_file(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
