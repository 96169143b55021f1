"""Tilt angles in a text file beside a series, as IMOD writes them (`.rawtlt`: one angle in degrees a line)."""

import math
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError


def angle_file(path: Path) -> Path | None:
    """The `.rawtlt` file beside a series, `series.rawtlt` or `series.mrc.rawtlt`; None where there is none."""
    candidates = (path.with_suffix(".rawtlt"), path.with_name(path.name + ".rawtlt"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_angles(path: Path, frames: int) -> np.ndarray:
    """Read one angle in degrees for each of `frames` frames.

    Raises
    ------
    InputError
        when a line is no angle between -90 and 90 degrees, or their number is not that of the frames.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text file; write one angle in degrees a line") from error
    angles = [_angle(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(angles) != frames:
        raise InputError(f"{path}: has {len(angles)} angles for {frames} frames; write one angle in degrees a line, one line a frame")
    return np.array(angles)


def _angle(path: Path, number: int, line: str) -> float:
    try:
        angle = float(line)
    except ValueError:
        angle = math.nan
    if not abs(angle) <= 90:
        raise InputError(f"{path}, line {number}: {line.strip()!r} is no angle between -90 and 90 degrees")
    return angle
