"""Axes and tilts of what RosettaSciIO reads: a dictionary with data, axes, metadata and the file's own metadata."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rapidstem.files.readers.axis_roles import StoredAxis, series_tilt_deg

_STAGE_TILT = "Stage.tilt_alpha"
# ETSpy keeps the tilts of a stack here, as a signal of their own
_ETSPY_TILTS = ("_sig_tilts", "tilts")


def stored_axes(signal: Mapping[str, Any]) -> list[StoredAxis]:
    """The axes of a signal in the order of its array. A step of 1 without a unit is the reader's default, no step."""
    return [_axis(axis, size) for axis, size in zip(signal["axes"], signal["data"].shape, strict=True)]


def signal_type(signal: Mapping[str, Any]) -> str:
    """HyperSpy's type of a signal, empty for images."""
    return str(_nested(signal.get("metadata"), "Signal.signal_type") or "")


def title(signal: Mapping[str, Any]) -> str:
    """The title of a signal, which is often the name of its detector."""
    return str(_nested(signal.get("metadata"), "General.title") or "")


def signal_tilt_deg(signal: Mapping[str, Any], series: StoredAxis | None) -> tuple[np.ndarray | None, str]:
    """The tilt of every frame, and what is doubtful: ETSpy's own, else those of the axis of the frames, else the stage's for one image."""
    frames = 1 if series is None else series.size
    kept = _etspy_tilts(signal)
    if kept is not None and len(kept) == frames:
        return kept, ""
    if series is not None:
        return series_tilt_deg(series)
    stage = stage_tilt_deg(signal)
    return (None if stage is None else np.array([stage])), ""


def stage_tilt_deg(signal: Mapping[str, Any]) -> float | None:
    """The stage's tilt when the file was written: where HyperSpy keeps it, or where the maker's metadata have it."""
    places = [_nested(signal.get("metadata"), f"Acquisition_instrument.TEM.{_STAGE_TILT}")]
    for own, (target, convert) in dict(signal.get("mapping") or {}).items():
        if target.endswith(_STAGE_TILT):
            value = _nested(signal.get("original_metadata"), own)
            places.append(convert(value) if convert is not None and value is not None else value)
    numbers = [_number(value) for value in places]
    return next((number for number in numbers if number is not None), None)


def _axis(axis: Mapping[str, Any], size: int) -> StoredAxis:
    if "axis" in axis:
        values = np.asarray(axis["axis"], float)
        even = len(values) > 1 and np.ptp(np.diff(values)) <= 0.01 * abs(np.diff(values).mean())
        scale = float(np.diff(values).mean()) if even else None
    else:
        scale = _number(axis.get("scale"))
        values = np.full(size, np.nan) if scale is None else (_number(axis.get("offset")) or 0.0) + scale * np.arange(size)
    name, unit = axis.get("name"), axis.get("units")
    known = values if np.isfinite(values).all() else None
    return StoredAxis(size, "" if name is None else str(name), "" if unit is None else unit, scale, known)


def _etspy_tilts(signal: Mapping[str, Any]) -> np.ndarray | None:
    kept = _nested(signal.get("metadata"), "Tomography")
    for key in _ETSPY_TILTS:
        entry = kept.get(key) if isinstance(kept, Mapping) else None
        values = entry.get("data") if isinstance(entry, Mapping) else entry
        if values is not None:
            return np.asarray(values, float).ravel()
    return None


def _nested(tree: Any, path: str) -> Any:
    """What stands at a path whose keys are joined by points, blanks written as underscores or not; None where there is nothing."""
    for key in path.split("."):
        found = [own for own in tree if str(own).replace(" ", "_") == key.replace(" ", "_")] if isinstance(tree, Mapping) else []
        if not found:
            return None
        tree = tree[found[0]]
    return tree


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
