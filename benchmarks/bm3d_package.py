"""The filter bm3d beside the package of that name, on the test fields of a finished session.

    python -m benchmarks.bm3d_package results/demo

Both get the noise that the session's tuning chose, and the same stabilised frames. The package (`pip install .[peers]`) is free for
non-commercial use only; without it only our own numbers are printed, and nothing is recorded. Seconds are processor time, a frame.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.denoisers import REFERENCES, field_of, stack_of
from benchmarks.measured_tables import record_table
from rapidstem.denoising.bm3d.block_matching import denoise_with_bm3d, read_filter, whole_spectrum
from rapidstem.scores.frame_references import FrameReference
from rapidstem.scores.image_quality import psnr_affine_db


def package_filter(image: np.ndarray, power: np.ndarray) -> np.ndarray:
    """An image through the package, with the power of its noise (y, x) a pixel; one thread, so that its results repeat."""
    vars(np).setdefault("trapz", np.trapezoid)  # numpy renamed it
    from bm3d import BM3DProfile, bm3d

    profile = BM3DProfile()
    profile.num_threads = 1
    low, span = image.min(), np.ptp(image)
    return bm3d((image - low) / span, power * image.size / span**2, profile) * span + low


def filters(session: Path) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    tuned = read_filter(session / "models/bm3d")

    def through_package(frame: np.ndarray) -> np.ndarray:
        image = tuned.noise.stabilised(frame.astype(np.float64))
        return tuned.noise.restored(package_filter(image, whole_spectrum(tuned, image.shape)))

    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {"own": lambda frame: denoise_with_bm3d(frame[None], tuned)[0]}
    try:
        package_filter(np.random.default_rng(0).normal(size=(32, 32)), np.ones((32, 32)))
    except ImportError:
        print("the package bm3d is not installed: nothing to compare with")
        return known
    return known | {"package": through_package}


def scores(session: Path, field: str, images: np.ndarray) -> dict[str, float]:
    found = {}
    for target in REFERENCES:
        known = field_of(session, field, target)
        reference = FrameReference(np.nan_to_num(known.reference, nan=float(known.valid_reference.mean())), (known.rows, known.columns))
        moved = [reference.moved((shift[0], shift[1])) for shift in known.shift_px[: len(images)]]
        quality = [psnr_affine_db(image, each.image, each.area) for image, each in zip(images, moved, strict=True)]
        found[f"psnr_affine_{target}_db"] = float(np.mean(quality))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--frames", type=int, default=2, help="of each test field")
    arguments = parser.parse_args()
    rows = []
    known = filters(arguments.session)
    for field in sorted(path.name for path in (arguments.session / "pairs").glob("test*")):
        frames = stack_of(arguments.session, field).frames[: arguments.frames]
        for name, function in known.items():
            function(frames[0])  # compiled
            start = time.process_time()
            images = np.stack([function(frame) for frame in frames])
            seconds = (time.process_time() - start) / len(frames)
            rows.append({"field": field, "filter": name, **scores(arguments.session, field, images), "seconds": seconds})
            print(pd.DataFrame(rows[-1:]).round(2).to_string(header=len(rows) == 1, index=False), flush=True)
    if len(known) > 1:
        record_table("bm3d_package", pd.DataFrame(rows).round(2).assign(session=arguments.session.name), ["session", "field", "filter"])


if __name__ == "__main__":
    main()
