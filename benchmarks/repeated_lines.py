"""Lines that a filter draws in single frames: how many of them the next frame of the same place shows, too.

Run from the root of the repository with two frames of one place: `python -m benchmarks.repeated_lines FIRST SECOND`. Lines of the scene are
at the same place in both, lines drawn from noise by chance alone.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.denoising import denoise_stack, load_model, model_folder
from rapidstem.denoising.fields import moved_back
from rapidstem.files import FallbackMetadata, read_stack
from rapidstem.frames import register_frames
from rapidstem.tomography.frame_ridges import line_curvature, line_threshold, subtract_background

# Half the width of the thinnest lines that a frame can show.
SCALE_PX = 1.0
# Beyond the drift and the reach of the derivatives.
MARGIN_PX = 30


def line_places(image: np.ndarray) -> np.ndarray:
    """Pixels of thin dark lines, (y, x)."""
    strength = line_curvature(subtract_background(image, SCALE_PX), SCALE_PX).strength[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return strength > line_threshold(strength)


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
    rows = []
    for name, images in (("raw", frames), (arguments.filter, denoise_stack(load_model(model_folder(arguments.filter)), frames))):
        first, second = line_places(images[0]), line_places(moved_back(images[1], shift_px[1] - shift_px[0]))
        repeated, chance = 100 * second[first].mean(), 100 * second.mean()
        row = {"filter": Path(name).name, "line_percent": 100 * first.mean(), "repeated_percent": repeated, "by_chance_percent": chance}
        rows.append({name: round(value, 1) if isinstance(value, float) else value for name, value in row.items()})
    record_table("repeated_lines", pd.DataFrame(rows), ["filter"])


if __name__ == "__main__":
    main()
