"""Every filter on the frames of one field of view, against every reference."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rapidstem.scores.frame_references import FieldReferences, FrameReference
from rapidstem.scores.image_quality import psnr_affine_db, psnr_db, ssim
from rapidstem.scores.line_profiles import relative_line_profiles

RAW = "raw"
IMAGE_COLUMNS = ["denoiser", "frame", "reference", "psnr_db", "psnr_affine_db", "ssim"]
LINE_COLUMNS = ["denoiser", "frame", "reference", "line", "y_px", "x_px", "angle_deg", "relative_width", "relative_intensity"]


def score_field(
    frames: np.ndarray, denoised: Mapping[str, np.ndarray], references: FieldReferences, shift_px: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Image quality and relative line profiles of the raw and the filtered frames.

    Raw frames are compared in their own geometry, since resampling a noisy frame smooths its noise; filtered ones as they are written,
    corrected for the distortion. In both cases the reference is moved to the frame. Lines of raw frames are not measured.

    Parameters
    ----------
    frames : (frame, y, x) raw frames
    denoised : filtered frames (frame, y, x) by name of the filter, corrected for the distortion
    references : of the field
    shift_px : (scored frame, 2) drift (dy, dx) of the first frames, those to be scored

    Returns
    -------
    images : with the columns `IMAGE_COLUMNS`
    lines : with the columns `LINE_COLUMNS`, see `relative_line_profiles`
    """
    images, lines = [], []
    for name, stack in {RAW: frames, **denoised}.items():
        raw = name == RAW
        known = references.in_rapid_geometry() if raw else references.in_slow_geometry()
        moves = shift_px if raw else references.corrected_shift(shift_px)
        for number, kind, image, reference in _compared(stack, known, moves):
            place = {"denoiser": name, "frame": number, "reference": kind}
            images.append(place | _quality(image, reference))
            if not raw:
                lines.append(relative_line_profiles(image, reference.image, reference.area).assign(**place))
    table = pd.concat(lines, ignore_index=True)[LINE_COLUMNS] if lines else pd.DataFrame(columns=LINE_COLUMNS)
    return pd.DataFrame(images, columns=IMAGE_COLUMNS), table


def _compared(
    stack: np.ndarray, known: Mapping[str, FrameReference], moves: np.ndarray
) -> Iterator[tuple[int, str, np.ndarray, FrameReference]]:
    for number, move in enumerate(moves):
        for kind, reference in known.items():
            yield number, kind, stack[number], reference.moved((move[0], move[1]))


def _quality(image: np.ndarray, reference: FrameReference) -> dict[str, float]:
    return {
        "psnr_db": psnr_db(image, reference.image, reference.area),
        "psnr_affine_db": psnr_affine_db(image, reference.image, reference.area),
        "ssim": ssim(image, reference.image, reference.area),
    }
