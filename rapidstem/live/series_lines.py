"""From the denoised frames of a tilt series to its dislocation lines, in one process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from rapidstem.dislocations import DEFAULT_TRACING, TRACED_COLUMNS, foil_box, line_graph, polylines_of, trace_lines, traced_points
from rapidstem.files import read_series, read_table, read_volume, write_series, write_table, write_volume
from rapidstem.lines import FittedLines, FittingSettings, fit_lines
from rapidstem.live.stage_clock import StageClock
from rapidstem.tomography import TiltGeometry, binarise, read_geometry, recorded_geometry, write_geometry
from rapidstem.tomography.alignment import AlignmentSettings, SingleFrames, align_series
from rapidstem.tomography.reconstruction import Device, Method, ReconstructionSettings, half_frames, reconstruct

HALVES: tuple[Literal["even", "odd"] | None, ...] = (None, "even", "odd")


@dataclass(frozen=True)
class LineSettings:
    """How a series becomes lines, as the stages of a session have it.

    Attributes
    ----------
    alignment
        Of the series.
    margin_nm
        Above and below the foil, in the volume.
    binarisation
        `soft` or `hard`.
    reconstruction
        Its method, see `ReconstructionSettings`.
    iterations
        Of the reconstruction.
    device
        That it runs on.
    """

    alignment: AlignmentSettings
    margin_nm: float
    binarisation: Literal["soft", "hard"]
    reconstruction: Method
    iterations: int
    device: Device


@dataclass(frozen=True)
class SeriesLines:
    """The lines of a series.

    Attributes
    ----------
    fitted
        Lines with their evidence.
    warnings
        Of the alignment.
    clock
        How long each stage took.
    """

    fitted: FittedLines
    warnings: tuple[str, ...]
    clock: StageClock


def compile_ahead() -> None:
    """Reconstruct and trace next to nothing, so that what is compiled at its first use is ready when the series is complete."""
    geometry = recorded_geometry(np.linspace(-30, 30, 5), (5, 16, 16), 5.0, None, None)
    reconstruct(np.ones((5, 16, 16), np.float32), geometry, ReconstructionSettings(40.0, iterations=1))
    mask = np.zeros((8, 8, 8), bool)
    mask[4, 4, 1:7] = True
    line_graph(mask, 1.0)


def lines_of_series(
    series: np.ndarray, recorded: TiltGeometry, settings: LineSettings, folder: Path, threads: int, known: SingleFrames | None = None
) -> SeriesLines:
    """Align, binarise, reconstruct and trace a series, and fit its lines: the same numbers as the jobs of a session give.

    Parameters
    ----------
    series : (frame, y, x)
        Denoised, without scan distortion, the tilt axis along x.
    recorded
        Its geometry as recorded.
    settings
        Of the stages.
    folder
        For `angles.csv`, `aligned.mrc`, `tomogram.mrc` and `traced.csv`: what follows reads them, as in a session, so that digits are
        cut alike.
    threads
        Of the processor.
    known
        What was worked out of single frames as they came.

    Raises
    ------
    InputError
        as of the stages.
    """
    alignment, clock = settings.alignment, StageClock()
    with clock.stage("alignment"):
        found = align_series(series, recorded, alignment, threads, known)
        write_geometry(folder / "angles.csv", found.geometry, found.reported_deg, found.sigma_deg, found.shift_sigma_px)
        write_series(folder / "aligned.mrc", found.applied_to(series, threads), recorded.pixel_size_nm)
        geometry, (aligned, pixel_size_nm) = read_geometry(folder / "angles.csv"), read_series(folder / "aligned.mrc")
    with clock.stage("lines of the frames"):
        lines = binarise(aligned, settings.binarisation, alignment.line_scale_px(pixel_size_nm), threads=threads)
    traced = _traced(lines, geometry, settings, folder, threads, clock)
    with clock.stage("fit"):
        box_nm = foil_box(traced, aligned.shape[1:], pixel_size_nm, alignment.thickness_nm)
        depth_px = round((alignment.thickness_nm + settings.margin_nm) / pixel_size_nm)
        fitting = FittingSettings(line_width_nm=alignment.line_width_nm)
        fitted = fit_lines(aligned, geometry, polylines_of(traced), box_nm, depth_px, fitting, threads=threads)
    return SeriesLines(fitted, found.warnings, clock)


def _traced(
    lines: np.ndarray, geometry: TiltGeometry, settings: LineSettings, folder: Path, threads: int, clock: StageClock
) -> pd.DataFrame:
    """Points of the lines that are traced in the tomogram of a series of lines."""
    alignment = settings.alignment
    isolated = alignment.features == "density"
    how = ReconstructionSettings(alignment.thickness_nm + settings.margin_nm, settings.reconstruction, settings.iterations, isolated)
    with clock.stage("tomogram and its halves"):
        whole, even, odd = (
            reconstruct(lines, geometry, how, threads, device=settings.device, frames=half_frames(half, geometry.angle_rad))
            for half in HALVES
        )
        write_volume(folder / "tomogram.mrc", whole, geometry.pixel_size_nm)
        volume, voxel_size_nm = read_volume(folder / "tomogram.mrc")
    with clock.stage("tracing"):
        tracing = DEFAULT_TRACING.for_width(alignment.line_width_nm)
        network = trace_lines(volume, voxel_size_nm, alignment.thickness_nm, tracing, (even, odd), threads)
        write_table(folder / "traced.csv", traced_points(network))
    return read_table(folder / "traced.csv", TRACED_COLUMNS)
