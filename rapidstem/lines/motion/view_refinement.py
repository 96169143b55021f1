"""Tilt and shift of a view to a fraction of a pixel, from the distances between a tomogram's lines and the dark lines of an image."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines
from rapidstem.numerics import parabola_vertex

# By judgement: about half of a line's width (13.7 nm), as nodes of moving lines; nearer points see the same noise.
STEP_NM = 8.0
# Reach and scale of the distances in pixels of the line's scale (half of its width); lines that have moved since the tomogram lie farther.
REACH_SCALES, STEPS = (4.0, 2.0, 1.5, 1.5), 9
# The tilt is held by the goniometer's own accuracy, to 2 degrees, where the lines are all at one height.
TILT_SD_DEG = 2.0


def refined_view(lines: Sequence[np.ndarray], frame: FrameLines, view: TiltedView) -> TiltedView:
    """Move and tilt a view so that lines (n, 3), nm, lie on the dark lines of a frame; robust against those that have moved."""
    points = [resampled(line, STEP_NM) for line in lines]
    start_rad = view.tilt_rad
    for reach in REACH_SCALES:
        parts = [_equations(line, frame, view, reach * frame.curvature.scale_px) for line in points]
        matrix, offset = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        weight = 1 / (1 + (offset / (0.5 * frame.curvature.scale_px)) ** 2)
        normal = matrix.T @ (weight[:, None] * matrix)
        normal[2, 2] += 1 / np.deg2rad(TILT_SD_DEG) ** 2
        right = matrix.T @ (weight * offset)
        right[2] -= (view.tilt_rad - start_rad) / np.deg2rad(TILT_SD_DEG) ** 2
        step = np.linalg.solve(normal + 1e-9 * np.eye(3), right)
        shift = (view.shift_px[0] + float(step[0]), view.shift_px[1] + float(step[1]))
        view = replace(view, tilt_rad=view.tilt_rad + float(step[2]), shift_px=shift)
    return view


def _equations(points_nm: np.ndarray, frame: FrameLines, view: TiltedView, reach_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Change (point, 3) of the distance across the line by dy, dx and the tilt, and the distance (point,) of the dark line, in px."""
    normal = view.normals_at(points_nm)
    offsets = np.linspace(-reach_px, reach_px, STEPS)
    cosine, sine = np.cos(view.tilt_rad), np.sin(view.tilt_rad)
    in_space = np.stack([normal[:, 1], normal[:, 0] * cosine, normal[:, 0] * sine], axis=1) * view.pixel_size_nm
    curvature, support, speaking = frame.asked(points_nm + offsets[:, None, None] * in_space, view)
    best = np.clip(np.argmax(curvature, axis=0), 1, STEPS - 2)
    number = np.arange(len(points_nm))
    before, top, after = (curvature[best + side, number] for side in (-1, 0, 1))
    good = speaking[best, number] & (support[best, number] > 0) & (top >= np.maximum(before, after))
    offset = offsets[best] + (offsets[1] - offsets[0]) * parabola_vertex(before, top, after)
    by_tilt = normal[:, 0] * (-points_nm[:, 1] * sine + points_nm[:, 2] * cosine) / view.pixel_size_nm
    return np.column_stack([normal, by_tilt])[good], offset[good]
