"""The log likelihood ratio of a line at every place of the specimen: what all frames say for it and against it."""

import numpy as np

from rapidstem.lines.evidence.frame_curvature import FrameCurvature, largest_curvature
from rapidstem.lines.evidence.line_likelihood import LineLikelihood
from rapidstem.tomography import TiltGeometry, aligned_row_angles_rad, scanned_pixels

# Columns that share one tilt where the columns are scanned one after the other; the stage turns by 0.05 degrees meanwhile.
COLUMNS_TOGETHER = 32
# Each shrinks the error a hundredfold, as the stage turns little while a frame is scanned (methods as in `frame_projection`).
FIXED_POINT_STEPS = 2


def frame_evidence(curvature: FrameCurvature, likelihood: LineLikelihood, geometry: TiltGeometry) -> np.ndarray:
    """Log likelihood ratio of a line, of the direction that fits best, in every pixel of every frame, (frame, y, x), float32.

    It is 0 where a frame says nothing: outside what was scanned, and in frames that are not used.

    Parameters
    ----------
    curvature : FrameCurvature
        Of the aligned series.
    likelihood : LineLikelihood
        Learnt from the same series.
    geometry : TiltGeometry
        Of the same series.

    Returns
    -------
    np.ndarray, (frame, y, x), float32
        Natural logarithms.
    """
    largest = largest_curvature(curvature.second)
    ratio = likelihood(largest).astype(np.float32)
    ratio[~scanned_pixels(geometry, largest.shape[2])] = 0
    ratio[~geometry.used] = 0
    return ratio


def evidence_volume(evidence: np.ndarray, geometry: TiltGeometry, depth_px: int, border_px: int = 0) -> np.ndarray:
    """Sum over the frames of what they say for a line at every voxel, (z, y, x), float32.

    Parameters
    ----------
    evidence : np.ndarray, (frame, y, x)
        From `frame_evidence`.
    geometry : TiltGeometry
        Every row counts at the tilt at which it was scanned.
    depth_px : int
        Height of the volume in voxels of the pixels' size.
    border_px : int
        Voxels in y beyond the field on either side, which tilted frames show.

    Returns
    -------
    np.ndarray, (z, y, x), float32
        Natural logarithms.
    """
    _, rows, columns = evidence.shape
    volume = np.zeros((depth_px, rows + 2 * border_px, columns), np.float32)
    together = columns if geometry.slow_scan == "rows" else COLUMNS_TOGETHER
    for start in range(0, columns, together):
        part = slice(start, min(start + together, columns))
        angles = aligned_row_angles_rad(geometry, (part.start + part.stop - 1) / 2)
        for frame, row_angles in zip(evidence, angles, strict=True):
            if frame.any():
                _add_frame(volume[:, :, part], frame[:, part], row_angles)
    return volume


def _add_frame(volume: np.ndarray, frame: np.ndarray, row_angles_rad: np.ndarray) -> None:
    depth, width, _ = volume.shape
    rows = len(frame)
    y, z = np.arange(width) - (width - 1) / 2, np.arange(depth)[:, None] - (depth - 1) / 2
    tilt: np.ndarray = np.full((depth, width), row_angles_rad[rows // 2])
    for _ in range(FIXED_POINT_STEPS):
        tilt = np.interp(y * np.cos(tilt) + z * np.sin(tilt) + (rows - 1) / 2, np.arange(rows), row_angles_rad)
    row = y * np.cos(tilt) + z * np.sin(tilt) + (rows - 1) / 2
    seen = (row >= 0) & (row <= rows - 1)
    low = np.clip(row.astype(int), 0, rows - 2)
    part = np.where(seen, row - low, 0).astype(np.float32)[..., None]
    for layer, below, share, shown in zip(volume, low, part, seen[..., None], strict=True):
        layer += np.where(shown, frame[below] * (1 - share) + frame[below + 1] * share, 0)
