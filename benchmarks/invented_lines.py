"""Lines that a filter invents: series of noise without a specimen, and of a foil without dislocations, through filter, tomogram and lines.

Run from the root of the repository with folders of trained networks or of a tuned BM3D, or `general` for the network that comes with
rapidstem, or `neighbours`, which learns from each series; `raw` stands for no filter:
`python -m benchmarks.invented_lines raw general results/demo/models/dlf-slow results/demo/models/bm3d --seeds 1 2`. The virtual
microscope makes the series; alignment has nothing to follow there, so the tomograms have the reported angles and no shifts. Beside the
length of the traced and of the fitted lines stands that of a foil with dislocations, filtered and reconstructed in the same way.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from benchmarks.series_filters import by_neighbours
from rapidstem.denoising.bm3d import denoise_with_bm3d, read_filter
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.model_paths import model_folder
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.settings import NEIGHBOURS
from rapidstem.dislocations.line_tables import foil_box, polylines_of, traced_points
from rapidstem.dislocations.line_tracing import trace_lines
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.reconstruction.slice_blocks import half_frames
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, reconstruct
from rapidstem.tomography.reported_angles import middle_angles_deg, recorded_geometry

WITHOUT_LINES = {"dislocation_density_per_m2": 1e9, "faint_line_share": 1.0, "faint_line_contrast": 0.0}
# The stage neither drifts nor shakes, and reports its true angles, for nothing is aligned.
STEADY = {"drift_px_per_s": 0.0, "jitter_px": 0.0, "reading_offset_deg": 0.0, "reading_wander_deg": 0.0, "reading_noise_deg": 0.0}
SPECIMENS = {
    "nothing": {**WITHOUT_LINES, "background_strength": 1e-6},
    "foil without lines": WITHOUT_LINES,
    "foil with lines": {},
}
MARGIN_NM = 100.0
RAW = "raw"


def simulated_series(specimen: str, seed: int, size_px: int) -> tuple[FrameStack, MicroscopeSettings]:
    """The rapid series of a specimen."""
    settings = settings_from({"seed": seed, "size_px": size_px, **STEADY, **SPECIMENS[specimen]})
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder, name) for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("tilt_series", "series", None, settings, rapid, slow, truth)
        return read_stack(rapid), settings


def filtered(name: str, stack: FrameStack) -> np.ndarray:
    """Frames of a series through the filter of a name or folder."""
    frames = stack.frames[:]
    if name == RAW:
        return frames.astype(np.float32)
    if name == NEIGHBOURS:
        return by_neighbours(stack, {}, np.arange(len(frames)))
    if Path(name).name == "bm3d":
        return denoise_with_bm3d(frames, read_filter(name), threads=2)
    return denoise_stack(load_model(model_folder(name)), frames)


def found_lengths_nm(frames: np.ndarray, stack: FrameStack, thickness_nm: float) -> tuple[float, float]:
    """Length of all lines that are traced in the tomogram of these frames, and of those that are left when they are fitted."""
    assert stack.tilt_deg is not None
    times = (stack.time_s, stack.line_time_s)
    angles_deg = middle_angles_deg(stack.tilt_deg, *times, frames.shape[1])
    geometry = recorded_geometry(angles_deg, frames.shape, stack.pixel_size_nm, *times)
    aligned = apply_alignment(frames, geometry)
    series = binarise(aligned, "soft")
    settings = ReconstructionSettings(thickness_nm + MARGIN_NM)
    volume, even, odd = (
        reconstruct(series, geometry, settings, frames=half_frames(half, geometry.angle_rad)) for half in (None, "even", "odd")
    )
    network = trace_lines(volume, stack.pixel_size_nm, thickness_nm, halves=(even, odd))
    depth_px = round((thickness_nm + MARGIN_NM) / stack.pixel_size_nm)
    box_nm = foil_box(traced_points(network), frames.shape[1:], stack.pixel_size_nm, thickness_nm)
    fitted = fit_lines(aligned, geometry, polylines_of(traced_points(network)), box_nm, depth_px, FittingSettings())
    traced, kept = (sum(line.length_nm for line in each.lines) for each in (network, fitted.network))
    return float(traced), float(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filters", nargs="*", default=[RAW, "general"], help="raw, general, neighbours, or folders of filters")
    parser.add_argument("--seeds", type=int, nargs="+", default=[101])
    parser.add_argument("--size-px", type=int, default=256)
    parser.add_argument("--specimens", nargs="+", choices=SPECIMENS, default=list(SPECIMENS))
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        for specimen in arguments.specimens:
            stack, settings = simulated_series(specimen, seed, arguments.size_px)
            for name in arguments.filters:
                traced, fitted = found_lengths_nm(filtered(name, stack), stack, settings.foil_thickness_nm)
                place = {"filter": Path(name).name, "specimen": specimen, "seed": seed, "size_px": arguments.size_px}
                row = place | {"traced_nm": round(traced), "fitted_nm": round(fitted)}
                record_table("invented_lines", pd.DataFrame([row]), list(place))


if __name__ == "__main__":
    main()
