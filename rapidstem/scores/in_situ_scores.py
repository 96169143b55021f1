"""The last frames of an in-situ series against the slow image that was taken when it was over."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.scores.frame_references import Area, FieldReferences, FrameReference
from rapidstem.scores.image_quality import psnr_affine_db, psnr_db, ssim

# Ihara et al. 2022: gain of PSNR at the end of heating, shown beside ours.
IHARA_GAIN_PERCENT = 14.0
# With less in common nothing can be compared.
SMALLEST_SIDE_PX = 16
SCORES = {"psnr_db": psnr_db, "psnr_affine_db": psnr_affine_db, "ssim": ssim}
IN_SITU_COLUMNS = ["acquisition", "denoiser", "frames"]
IN_SITU_COLUMNS += [f"{state}_{score}" for score in SCORES for state in ("raw", "denoised")]
IN_SITU_COLUMNS += ["psnr_gain_percent", "psnr_affine_gain_percent"]


def score_last_frames(
    frames: np.ndarray, aligned: Mapping[str, np.ndarray], references: FieldReferences, shift_px: np.ndarray, origin_px: np.ndarray
) -> pd.DataFrame:
    """Mean image quality of the raw and of the denoised last frames, and what denoising has gained.

    Raw frames are compared in their own geometry, denoised ones as they are written; the slow image is moved to either.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw.
    aligned
        The same frames denoised, in the common geometry of the series, by name of the filter; NaN where unseen.
    references
        Of the last frames; their shifts have a mean of zero.
    shift_px : (frame, 2)
        Shifts (dy, dx) of these frames against that mean.
    origin_px : (2,)
        Where that mean lies in the series, in pixels of the rapid frames.

    Returns
    -------
    One row a filter with the columns `IN_SITU_COLUMNS`, without `acquisition`: PSNR as Ihara et al. 2022 define it and after an affine
    fit (dB), structural similarity, the gain in PSNR in percent of that of the raw frames.

    Raises
    ------
    InputError
        where the frames and the slow image have too little in common to be compared
    """
    in_rapid = references.in_rapid_geometry()["slow"]
    moved = [in_rapid.moved((dy, dx)) for dy, dx in shift_px]
    raw = _mean_scores(frames, [each.image for each in moved], [each.area for each in moved])
    slow = slow_in_series(references, origin_px)
    rows = []
    for name, images in aligned.items():
        area = _seen_area(images, slow.area)
        denoised = _mean_scores(images, [slow.image] * len(images), [area] * len(images))
        row: dict[str, object] = {"denoiser": name, "frames": len(frames)}
        row |= {f"raw_{score}": value for score, value in raw.items()} | {f"denoised_{score}": value for score, value in denoised.items()}
        for score in ("psnr", "psnr_affine"):
            row[f"{score}_gain_percent"] = 100 * (denoised[f"{score}_db"] / raw[f"{score}_db"] - 1)
        rows.append(row)
    return pd.DataFrame(rows, columns=IN_SITU_COLUMNS[1:])


def slow_in_series(references: FieldReferences, origin_px: np.ndarray) -> FrameReference:
    """The slow image in the common geometry of the series, from the references of frames whose mean lies at `origin_px` (dy, dx).

    Parameters
    ----------
    references
        Of the slow image and the last frames.
    origin_px : (2,)
        (dy, dx) in pixels of the rapid frames.
    """
    dy, dx = -references.corrected_shift(origin_px)
    return references.in_slow_geometry()["slow"].moved((dy, dx))


def _mean_scores(images: np.ndarray, references: list[np.ndarray], areas: list[Area]) -> dict[str, float]:
    found = {score: np.empty(len(images)) for score in SCORES}
    for number, (image, reference, area) in enumerate(zip(images, references, areas, strict=True)):
        _check_area(area)
        for score, measure in SCORES.items():
            found[score][number] = measure(image, reference, area)
    return {score: float(values.mean()) for score, values in found.items()}


def _seen_area(images: np.ndarray, area: Area) -> Area:
    """The part of an area in which no image has a gap; gaps are whole rows and columns at the edges."""
    seen = np.isfinite(images).all(axis=0)
    kept = []
    for axis, limits in enumerate(area):
        found = np.flatnonzero(seen.any(axis=1 - axis))
        first, last = (found[0], found[-1] + 1) if found.size else (0, 0)
        kept.append(slice(max(limits.start, int(first)), min(limits.stop, int(last))))
    return kept[0], kept[1]


def _check_area(area: Area) -> None:
    if min(limits.stop - limits.start for limits in area) < SMALLEST_SIDE_PX:
        raise InputError(
            "the last frames and the final slow image share less than "
            f"{SMALLEST_SIDE_PX} rows or columns; the specimen has drifted out of view. Leave the column 'slow' of this series empty"
        )
