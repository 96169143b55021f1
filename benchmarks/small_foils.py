"""Slow series of small simulated foils, from the frames to fitted lines beside the true ones: what several benchmarks rest on."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.dislocations import RigidMotion, locate_centroids, rigid_motion, trace_lines
from rapidstem.files import FrameStack, read_stack
from rapidstem.lines import FittedLines, fit_lines
from rapidstem.microscope import AcquisitionTruth, read_truth, settings_from
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.scores import LineIdentity, identify_lines, line_centroids, whole_field
from rapidstem.tomography import apply_alignment, binarise, recorded_geometry
from rapidstem.tomography.reconstruction import ReconstructionSettings, reconstruct

MARGIN_NM = 100.0
# A foil of 510 nm with 36 frames: a tenth of the demo's pixels.
SMALL: dict[str, Any] = {"size_px": 112, "slow_tilt_step_deg": 4.0, "tilt_frames": 2}
# The stage stands where it says, for nothing is aligned: so small a field has too few points for it.
STEADY: dict[str, Any] = {
    "slow_shift_px": 0.0,
    "slow_tilt_error_deg": 0.0,
    "reading_offset_deg": 0.0,
    "reading_wander_deg": 0.0,
    "reading_noise_deg": 0.0,
}


@dataclass(frozen=True)
class FittedFoil:
    """The lines of one foil, fitted and true.

    Attributes
    ----------
    fitted : FittedLines
    truth : AcquisitionTruth
    motion : RigidMotion
        Of the fitted lines onto the true ones.
    identity : LineIdentity
        Which fitted line is which true one.
    width_nm : float
        Of the field.
    """

    fitted: FittedLines
    truth: AcquisitionTruth
    motion: RigidMotion
    identity: LineIdentity
    width_nm: float


def fitted_foil(seed: int, **wanted: Any) -> FittedFoil:
    """Simulate the slow series of a small foil, reconstruct and trace it with the angles of the stage, and fit its lines.

    Parameters
    ----------
    seed : int
    **wanted : Any
        Settings of the virtual microscope besides `SMALL`.

    Raises
    ------
    InputError
        The series cannot be worked on.
    """
    stack, truth = _simulated(settings_from({"seed": seed, **SMALL, **STEADY, **wanted}))
    frames, pixel_nm, thickness_nm = stack.frames[:].astype(np.float32), stack.pixel_size_nm, truth.foil_thickness_nm
    geometry = recorded_geometry(stack.tilt_deg, frames.shape, pixel_nm, None, None)
    series = apply_alignment(frames, geometry)
    volume = reconstruct(binarise(series), geometry, ReconstructionSettings(thickness_nm + MARGIN_NM))
    network = trace_lines(volume, pixel_nm, thickness_nm)
    fitted = fit_lines(series, geometry, [line.points_nm for line in network.lines], network.box_nm, volume.shape[0])
    true = [line.points_nm for line in truth.dislocations(slow=True)]
    motion = rigid_motion(locate_centroids(volume, pixel_nm), line_centroids(true, volume.shape, pixel_nm))
    width_nm = frames.shape[1] * pixel_nm
    identity = identify_lines([line.points_nm for line in fitted.network.lines], true, whole_field((width_nm, width_nm)), motion)
    return FittedFoil(fitted, truth, motion, identity, width_nm)


def _simulated(settings: Any) -> tuple[FrameStack, AcquisitionTruth]:
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder) / name for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("tilt_series", "series", None, settings, rapid, slow, truth)
        return read_stack(slow), read_truth(truth)
