"""Processor time that the fit of all lines of a series takes, by the width of its frames.

`python -m benchmarks.fit_cost 256 512` simulates slow series of 71 frames of the demo's microscope, whose angles are known, and fits the
lines of the foil. The true lines stand for the traced ones, from which only the fit learns what a dark line looks like: no volume has to be
reconstructed, and candidates are sought in the frames as always. Prints lines, their length, and processor time in all and of its parts.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks.dense_foils import MARGIN_NM, STEADY
from benchmarks.hard_conditions import simulated
from benchmarks.measured_tables import record_table
from rapidstem.dislocations import Polyline, clipped
from rapidstem.lines import FittedLines, fit_lines, line_fitting, line_rounds
from rapidstem.microscope import settings_from
from rapidstem.tomography import apply_alignment, recorded_geometry

SEED = 97
# Steps of `fit_lines` by modules and their functions; what is in none of them is candidates' links and passages.
STEPS = {
    "curvature_s": ((line_fitting, "curvature_of_frames"),),
    "candidates_s": ((line_fitting, "_candidates"),),
    "learning_s": ((line_fitting, "asked"), (line_rounds, "asked")),
    "curves_s": ((line_rounds, "fit_curves"),),
    "ends_s": ((line_rounds, "_reaching"),),
    "judging_s": ((line_fitting, "_judged"), (line_fitting, "null_evidence")),
}
LEAST_NM = 80.0


def timed_fit(fit: Callable[[], FittedLines]) -> tuple[FittedLines, dict[str, float]]:
    """What the fit gives, and the processor time of its steps and in all."""
    spent = dict.fromkeys(STEPS, 0.0)

    def watched(step: str, function: Callable) -> Callable:
        def call(*arguments: Any, **named: Any) -> Any:
            start = time.process_time()
            result = function(*arguments, **named)
            spent[step] += time.process_time() - start
            return result

        return call

    with ExitStack() as watching:
        for step, functions in STEPS.items():
            for module, name in functions:
                watching.enter_context(mock.patch.object(module, name, watched(step, getattr(module, name))))
        start = time.process_time()
        found = fit()
    return found, {"processor_s": time.process_time() - start, **{step: spent[step] for step in STEPS}}


def cost_row(size_px: int) -> dict[str, float]:
    """The row of one width of frames."""
    stack, truth = simulated(settings_from({"seed": SEED, "size_px": size_px, "tilt_frames": 2, **STEADY}))
    frames, pixel_nm, thickness_nm = stack.frames[:].astype(np.float32), stack.pixel_size_nm, truth.foil_thickness_nm
    geometry = recorded_geometry(stack.tilt_deg, frames.shape, pixel_nm, None, None)
    series = apply_alignment(frames, geometry)
    half_nm = np.array([size_px * pixel_nm, size_px * pixel_nm, thickness_nm]) / 2
    box_nm = np.array([-half_nm, half_nm])
    pieces = [piece for line in truth.dislocations(slow=True) for piece in clipped(Polyline(line.points_nm, 0, 1), box_nm, 2)]
    traced = [piece.points_nm for piece in pieces if piece.length_nm >= LEAST_NM]
    found, spent = timed_fit(lambda: fit_lines(series, geometry, traced, box_nm, round((thickness_nm + MARGIN_NM) / pixel_nm)))
    lines = found.network.lines
    row = {"size_px": size_px, "frames": len(frames), "true_lines": len(traced), "lines": len(lines)}
    return (
        row | {"length_um": round(sum(line.length_nm for line in lines) / 1e3, 1)} | {name: round(each, 1) for name, each in spent.items()}
    )


def main(sizes: list[int]) -> None:
    """Print the table."""
    record_table("fit_cost", pd.DataFrame([cost_row(size) for size in sizes]), ["size_px"])


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [256, 512])
