"""Lines that a filter draws in single frames: how many of them the next frame of the same place shows, too.

Run from the root of the repository with two frames of one place: `python -m benchmarks.repeated_lines FIRST SECOND`. Lines of the scene are
at the same place in both, lines drawn from noise by chance alone. A filter that makes the noise of a camera white before it filters is
shown without that, too ("noise as it is"); `clear` is the share of pixels whose lines are as strong as those that it draws then.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.denoising import denoise_stack, load_model, model_folder
from rapidstem.denoising.fields import moved_back
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.files import FallbackMetadata, read_stack
from rapidstem.frames import register_frames
from rapidstem.tomography.frame_ridges import line_curvature, line_threshold, subtract_background

# Half the width of the thinnest lines that a frame can show.
SCALE_PX = 1.0
# Beyond the drift and the reach of the derivatives.
MARGIN_PX = 30


def line_strength(image: np.ndarray) -> np.ndarray:
    """Strength of thin dark lines, (y, x), without the margin."""
    return line_curvature(subtract_background(image, SCALE_PX), SCALE_PX).strength[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def repeated_row(images: np.ndarray, shift_px: np.ndarray, clear: float) -> dict[str, float]:
    """Percent of the first image that is line, of these pixels those that are line in the second, and of all pixels in the second."""
    first, second = line_strength(images[0]), line_strength(moved_back(images[1], shift_px[1] - shift_px[0]))
    places, again = first > line_threshold(first), second > line_threshold(second)
    shares = {"line": places.mean(), "repeated": again[places].mean(), "by_chance": again.mean(), "clear": np.mean(first > clear)}
    return {f"{name}_percent": float(round(100 * value, 1)) for name, value in shares.items()}


def with_noise_as_it_is(model: TrainedModel) -> TrainedModel:
    """The same network, which does not ask what noise the frames have."""
    return replace(model, card={key: value for key, value in model.card.items() if key != "data"})


def central(image: np.ndarray, side_px: int) -> np.ndarray:
    """The square in the middle of an image."""
    top, left = ((length - side_px) // 2 for length in image.shape)
    return image[top : top + side_px, left : left + side_px]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", nargs=2, help="two frames of one place")
    parser.add_argument("--filter", default="general", help="general, or the folder of a trained network")
    parser.add_argument("--side-px", type=int, default=512, help="of the square in the middle that is looked at")
    arguments = parser.parse_args()
    stacks = [read_stack(path, fallback=FallbackMetadata(pixel_size_nm=1.0)).frames[0] for path in arguments.frames]
    frames = np.stack([central(frame, arguments.side_px) for frame in stacks])
    shift_px = register_frames(frames).shift_px
    model, name = load_model(model_folder(arguments.filter)), Path(arguments.filter).name
    images = {
        "raw": frames,
        f"{name}, noise as it is": denoise_stack(with_noise_as_it_is(model), frames),
        name: denoise_stack(model, frames),
    }
    clear = line_threshold(line_strength(images[f"{name}, noise as it is"][0]))
    rows = [{"filter": each} | repeated_row(shown, shift_px, clear) for each, shown in images.items()]
    record_table("repeated_lines", pd.DataFrame(rows), ["filter"])


if __name__ == "__main__":
    main()
