"""The general filter on frames of a camera, whose noise it has not learned."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage import io

from benchmarks.repeated_lines import central, repeated_row, with_noise_as_it_is
from rapidstem.denoising import denoise_stack, load_model, model_folder
from rapidstem.frames import register_frames


@pytest.mark.real
@pytest.mark.slow
def test_no_line_is_drawn_from_the_noise_of_a_camera_and_those_that_are_there_come_back():
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
    frames = np.stack([central(io.imread(Path(folder, f"ti_bfctem_drift/frame_{number}.png")), 384) for number in (1733, 1739)])
    shift_px, model = register_frames(frames).shift_px, load_model(model_folder("general"))
    invented = repeated_row(denoise_stack(with_noise_as_it_is(model), frames), shift_px, clear=0.02)
    shown = repeated_row(denoise_stack(model, frames), shift_px, clear=0.02)
    assert invented["clear_percent"] > 5
    assert shown["clear_percent"] < 0.5
    assert shown["repeated_percent"] > 2 * shown["by_chance_percent"]
