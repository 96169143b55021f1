"""Motion within the frames of a turning series: what is there, what is left, and what the angles gain.

`python -m benchmarks.frame_motion --seeds 1 7` simulates small rapid series with mains vibration and without scan distortion, smooths them
in place of a filter, and aligns each with and without the measurement of the motion. `--sessions results/hard` takes the denoised frames of
finished simulated sessions instead. Both print the motion's root mean square in y and x, what the measured one leaves of it and states as
its error, and the errors of the angles with and without.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.measured_tables import record_table
from rapidstem.files import read_images
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from rapidstem.microscope.truth import AcquisitionTruth, read_truth
from rapidstem.tomography import middle_angles_deg, recorded_geometry
from rapidstem.tomography.alignment import AlignedSeries, AlignmentSettings, align_series

SIZE_PX, DENSITY_PER_M2, VIBRATION_NM, SMOOTHING_PX = 160, 5e13, 1.6, 1.0
NO_DISTORTION = {"hysteresis_extra_view": 0.0, "hysteresis_end_view": 0.0}


def simulated(seed: int, vibration_nm: float) -> tuple[FrameStack, np.ndarray, AcquisitionTruth]:
    """A small rapid series, its smoothed frames and its truth."""
    given = {"seed": seed, "size_px": SIZE_PX, "dislocation_density_per_m2": DENSITY_PER_M2, "vibration_nm": vibration_nm}
    settings = settings_from({**given, **NO_DISTORTION, "slow_tilt_step_deg": 70.0})
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder) / name for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("tilt_series", "series", None, settings, rapid, slow, truth)
        stack = read_stack(rapid)
        smooth = ndimage.gaussian_filter(stack.frames[:].astype(np.float32), (0, SMOOTHING_PX, SMOOTHING_PX))
        return stack, smooth, read_truth(truth)


def finished(folder: Path, denoiser: str) -> tuple[FrameStack, np.ndarray, AcquisitionTruth]:
    """The rapid series of a finished session, its denoised frames and its truth."""
    frames, _ = read_images(folder / f"denoised/{denoiser}/series.ome.tif")
    return read_stack(folder / "raw/series.rapid.emd"), frames, read_truth(folder / "truth/series.h5")


def motion_row(stack: FrameStack, frames: np.ndarray, truth: AcquisitionTruth) -> dict[str, object]:
    """The row of the table that one series gives."""
    middle_deg = middle_angles_deg(stack.tilt_deg, stack.time_s, stack.line_time_s, frames.shape[1])
    recorded = recorded_geometry(middle_deg, frames.shape, stack.pixel_size_nm, stack.time_s, stack.line_time_s)
    without = align_series(frames, recorded, AlignmentSettings(truth.foil_thickness_nm))
    found = align_series(frames, recorded, AlignmentSettings(truth.foil_thickness_nm, frame_motion=True))
    still = np.zeros((*frames.shape[:2], 2))
    true = still if truth.rapid.row_shift_px is None else truth.rapid.row_shift_px
    measured = still if found.motion is None else found.motion.line_shifts_px()
    used = found.geometry.used
    values = {
        "true": true[used],
        "left": (measured - true)[used],
        "stated": found.motion.sigma_px[used] if found.motion else np.zeros((1, 2)),
    }
    row: dict[str, object] = {
        f"{name}_{side}_px": round(float(np.sqrt(np.mean(each[..., axis] ** 2))), 3)
        for name, each in values.items()
        for axis, side in enumerate(("y", "x"))
    }
    angles = {"without": _angle_rms_deg(without, truth), "with": _angle_rms_deg(found, truth)}
    row |= {f"angle_rms_{name}_deg": round(error, 3) for name, error in angles.items()}
    return row | {"matches_per_frame": round(found.matches / max(int(used.sum()), 1)), "residual_px": round(found.rms_residual_px, 2)}


def _angle_rms_deg(found: AlignedSeries, truth: AcquisitionTruth) -> float:
    return float(np.std((np.rad2deg(found.geometry.angle_rad) - truth.rapid.middle_tilt_deg)[found.geometry.used]))


def rows(given: argparse.Namespace) -> Iterator[dict[str, object]]:
    """One row a series, each printed when it is there."""
    cases = [(f"seed {seed}", vibration) for seed in given.seeds for vibration in (VIBRATION_NM, 0.0)] if not given.sessions else []
    for name, vibration_nm in cases:
        yield {"series": name, "vibration_nm": vibration_nm, **motion_row(*simulated(int(name.split()[1]), vibration_nm))}
    for folder in given.sessions:
        yield {"series": folder.name, "vibration_nm": np.nan, **motion_row(*finished(folder, given.denoiser))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 7])
    parser.add_argument("--sessions", type=Path, nargs="*", default=[])
    parser.add_argument("--denoiser", default="dlf-slow")
    table = []
    for row in rows(parser.parse_args()):
        print(row, flush=True)
        table.append(row)
    record_table("frame_motion", pd.DataFrame(table), ["series", "vibration_nm"])


if __name__ == "__main__":
    main()
