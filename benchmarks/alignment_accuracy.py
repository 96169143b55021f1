"""Angles and shifts of finished simulated sessions, aligned anew, beside the truth.

Run from the root of the repository: `python -m benchmarks.alignment_accuracy results/demo [results/seed7 ...]`. For every
denoised rapid series and the slow one it prints the errors of angles and shifts (without what no image can tell), the spread of the
errors over their stated standard deviations (1 is calibrated), how far the volume's middle lies from the foil's, the rotation of the axis
(the truth is 0), and seconds.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from benchmarks.stage_errors import series_errors
from rapidstem.files.image_stacks import read_stack
from rapidstem.files.ome_tiff import read_images
from rapidstem.microscope.truth import read_truth
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.reported_angles import middle_angles_deg, recorded_geometry

THICKNESS_NM, LINE_WIDTH_NM, RAPID_SIGMA_DEG, SLOW_SIGMA_DEG = 300.0, 13.7, 1.5, 0.1


def recorded_series(folder: Path, name: str) -> Iterator[tuple[str, np.ndarray, Path]]:
    """Variant, images without scan distortion, and raw file of one acquisition."""
    slow = folder / f"raw/{name}.slow.emd"
    yield "slow", read_stack(slow).frames, slow
    for path in sorted((folder / "denoised").glob(f"*/{name}.ome.tif")):
        yield path.parent.name, read_images(path)[0], folder / f"raw/{name}.rapid.emd"


def as_table(found: AlignedSeries) -> pd.DataFrame:
    """Columns of the table of angles that `series_errors` reads."""
    dy, dx = found.geometry.shift_px.T
    angle_deg = np.rad2deg(found.geometry.angle_rad)
    return pd.DataFrame(
        {"angle_deg": angle_deg, "reported_deg": found.reported_deg, "sigma_deg": found.sigma_deg, "dy_px": dy, "dx_px": dx}
    )


def main(folders: list[Path]) -> None:
    """Print the table of all series."""
    rows = []
    for folder in folders:
        for truth_path in sorted((folder / "truth").glob("*.h5")):
            name = truth_path.stem
            if not (folder / "tilt_series" / name).is_dir():
                continue
            for variant, images, raw in recorded_series(folder, name):
                record, slow = read_stack(raw), variant == "slow"
                assert record.tilt_deg is not None
                times = (None, None) if slow else (record.time_s, record.line_time_s)
                reported = middle_angles_deg(record.tilt_deg, *times, images.shape[1])
                start = time.perf_counter()
                recorded = recorded_geometry(reported, images.shape, record.pixel_size_nm, *times)
                settings = AlignmentSettings(THICKNESS_NM, SLOW_SIGMA_DEG if slow else RAPID_SIGMA_DEG, LINE_WIDTH_NM)
                found = align_series(images, recorded, settings)
                seconds = time.perf_counter() - start
                truth = read_truth(truth_path)
                errors = series_errors(as_table(found), truth.slow if slow else truth.rapid)
                errors["foil_middle_nm"] = errors.pop("foil_middle_px") * record.pixel_size_nm
                rows.append({"session": folder.name, "variant": variant, **errors, "rotation_deg": found.axis_rotation_deg})
                rows[-1] |= {"rotation_sigma": found.axis_rotation_sigma_deg, "residual_px": found.rms_residual_px, "seconds": seconds}
    record_table("alignment_accuracy", pd.DataFrame(rows).round(3), ["session", "variant"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="*", default=[Path("results/demo")])
    main(parser.parse_args().session)
