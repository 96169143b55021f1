"""Every filter on the frames of one field of view, against every reference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.scores.frame_references import FieldReferences, FrameReference
from rapidstem.scores.image_quality import INTENSITY_RANGES, ImageScale, psnr_affine_db, psnr_by_range_db, psnr_db, ssim
from rapidstem.scores.image_spectra import SPECTRUM_COLUMNS, flatness, half_spectra, image_spectra
from rapidstem.scores.line_profiles import coarsely_matched, relative_line_profiles

RAW, AVERAGE = "raw", "dcfi"
IMAGE_COLUMNS = ["denoiser", "frame", "reference", "psnr_db", "psnr_affine_db", "ssim", *INTENSITY_RANGES, "residual_flatness"]
LINE_COLUMNS = ["denoiser", "frame", "reference", "line", "y_px", "x_px", "angle_deg", "relative_width", "relative_intensity"]


@dataclass(frozen=True)
class FieldScores:
    """Scores of all filters on one field.

    Attributes
    ----------
    images
        With the columns `IMAGE_COLUMNS`, one row a frame.
    lines
        With the columns `LINE_COLUMNS`, see `relative_line_profiles`.
    spectra
        With the columns `SPECTRUM_COLUMNS`, means over the frames, see `image_spectra`.
    """

    images: pd.DataFrame
    lines: pd.DataFrame
    spectra: pd.DataFrame


def score_field(
    frames: np.ndarray,
    denoised: Mapping[str, np.ndarray],
    references: FieldReferences,
    shift_px: np.ndarray,
    scale: ImageScale,
) -> FieldScores:
    """Image quality, relative line profiles and spectra of the raw frames, of the filtered ones and of the drift-corrected average.

    Raw frames are compared in their own geometry, since resampling a noisy frame smooths its noise; filtered ones as they are written,
    corrected for the distortion. In both cases the reference is moved to the frame. Lines of raw frames are not measured. The average
    (`dcfi`) is compared with the slow image alone.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw frames.
    denoised
        Filtered frames (frame, y, x) by name of the filter, corrected for the distortion.
    references
        Of the field.
    shift_px : (scored frame, 2)
        Drift (dy, dx) of the first frames, those to be scored.
    scale
        Of all images.
    """
    in_slow, moves = references.in_slow_geometry(), references.corrected_shift(shift_px)
    average = np.stack([in_slow["dcfi"].moved(_pair(move)).image for move in moves])
    parts = [_score_stack(RAW, frames, references.in_rapid_geometry(), shift_px, scale)]
    parts.append(_score_stack(AVERAGE, average, {"slow": in_slow["slow"]}, moves, scale))
    parts += [_score_stack(name, stack, in_slow, moves, scale) for name, stack in denoised.items()]
    return FieldScores(*(pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in ("images", "lines", "spectra")))


def _score_stack(name: str, stack: np.ndarray, known: Mapping[str, FrameReference], moves: np.ndarray, scale: ImageScale) -> FieldScores:
    """Scores of one filter; lines are left out for raw frames, and halves for the average, whose frames are one image."""
    images, lines, spectra = [], [], []
    for number, kind, image, reference in _compared(stack, known, moves):
        place = {"denoiser": name, "frame": number, "reference": kind}
        images.append(place | _quality(image, reference, scale.line_px))
        spectra.append(image_spectra(image, reference.image, reference.area, scale).assign(**place))
        if name != RAW:
            lines.append(relative_line_profiles(image, reference.image, reference.area, scale.line_px).assign(**place)[LINE_COLUMNS])
    if len(moves) > 1 and name != AVERAGE:
        spectra.append(_halves(stack, known["slow"], moves, scale).assign(denoiser=name, reference="halves"))
    keys = ["denoiser", "reference", "direction", "wave_number_per_um"]
    means = pd.concat(spectra, ignore_index=True).groupby(keys, sort=False)[SPECTRUM_COLUMNS[len(keys) :]].mean().reset_index()
    profiles = pd.concat(lines) if lines else pd.DataFrame(columns=LINE_COLUMNS)
    return FieldScores(pd.DataFrame(images, columns=IMAGE_COLUMNS), profiles, means)


def _halves(stack: np.ndarray, reference: FrameReference, moves: np.ndarray, scale: ImageScale) -> pd.DataFrame:
    """Spectra of the means of the even and of the odd frames, all brought back to shift zero."""
    back = [FrameReference(image, reference.area).moved(_pair(-move)) for image, move in zip(stack, moves, strict=False)]
    sides = zip(*(each.area for each in back), strict=True)
    rows, columns = (slice(max(part.start for part in side), min(part.stop for part in side)) for side in sides)
    return half_spectra([each.image for each in back], (rows, columns), scale)


def _pair(move: np.ndarray) -> tuple[float, float]:
    return float(move[0]), float(move[1])


def _compared(
    stack: np.ndarray, known: Mapping[str, FrameReference], moves: np.ndarray
) -> Iterator[tuple[int, str, np.ndarray, FrameReference]]:
    for number, move in enumerate(moves):
        for kind, reference in known.items():
            yield number, kind, stack[number], reference.moved(_pair(move))


def _quality(image: np.ndarray, reference: FrameReference, line_px: int) -> dict[str, float]:
    compared = (image, reference.image, reference.area)
    residual = coarsely_matched(*compared, line_px)[reference.area] - reference.image[reference.area]
    quality = {"psnr_db": psnr_db(*compared), "psnr_affine_db": psnr_affine_db(*compared), "ssim": ssim(*compared)}
    return quality | psnr_by_range_db(*compared) | {"residual_flatness": flatness(residual)}
