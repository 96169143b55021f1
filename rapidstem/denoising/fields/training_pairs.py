"""Fields of view for training: raw frames in memory beside the reference that they should look like."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rapidstem.distortion.reference_pairs import read_pair
from rapidstem.errors import InputError
from rapidstem.frames.registration import Drift


@dataclass(frozen=True)
class TrainingField:
    """Raw frames of one field of view and their reference in the rapid image's geometry.

    Attributes
    ----------
    name
        The acquisition.
    frames : (frame, y, x)
        As recorded, never interpolated; uint16 wherever the values allow it.
    reference : (y, x) float32
        Lying at the frame shift (0, 0); NaN where unseen.
    shift_px : (frame, 2)
        Shifts (dy, dx): what is at (y, x) in the reference appears in the frame at (y + dy, x + dx).
    rows, columns
        Valid area of the reference.
    pixel_size_nm, dwell_time_s
        Of the raw frames; None where unknown.
    recorded_apart
        Whether the reference is an image of its own, with nothing of the frames' noise in it.
    """

    name: str
    frames: np.ndarray
    reference: np.ndarray
    shift_px: np.ndarray
    rows: slice
    columns: slice
    pixel_size_nm: float | None = None
    dwell_time_s: float | None = None
    recorded_apart: bool = False

    def __post_init__(self) -> None:
        if self.frames.ndim != 3 or self.frames.shape[1:] != self.reference.shape:
            raise InputError(f"{self.name}: frames of shape {self.frames.shape} do not fit a reference of shape {self.reference.shape}")
        if self.shift_px.shape != (len(self.frames), 2):
            raise InputError(f"{self.name}: {len(self.frames)} frames, but shifts of shape {self.shift_px.shape}")
        valid = self.valid_reference
        if valid.size == 0 or not np.isfinite(valid).all():
            raise InputError(f"{self.name}: the valid area of the reference is empty or has unseen pixels in it")
        if valid.min() == valid.max():
            raise InputError(f"{self.name}: the reference is constant; leave this field out")

    @property
    def valid_reference(self) -> np.ndarray:
        """The valid area of the reference, (y, x)."""
        return self.reference[self.rows, self.columns]


def as_recorded(frames: np.ndarray) -> np.ndarray:
    """Frames as uint16 if that changes no value, else as float32."""
    if frames.dtype == np.uint16 or frames.dtype == np.uint8:
        return frames.astype(np.uint16, copy=False)
    fits = np.issubdtype(frames.dtype, np.integer) and frames.min() >= 0 and frames.max() <= np.iinfo(np.uint16).max
    return frames.astype(np.uint16 if fits else np.float32)


def in_one_array(fields: list[TrainingField]) -> list[TrainingField]:
    """Put the frames of all fields behind each other in one array, from which a sampler of patches draws without a copy of its own.

    Parameters
    ----------
    fields
        Emptied one by one on the way, so that hardly more than all frames are ever held.

    Returns
    -------
    list of TrainingField
        The same fields, their frames views of one flat array; as they are where some are integers and some are not.
    """
    if len({field.frames.dtype for field in fields}) != 1:
        return fields
    pixels = np.empty(sum(field.frames.size for field in fields), fields[0].frames.dtype)
    joined, start = [], 0
    while fields:
        field = fields.pop(0)
        place = pixels[start : start + field.frames.size].reshape(field.frames.shape)
        place[:] = field.frames
        joined.append(replace(field, frames=place))
        start += field.frames.size
    return joined


def read_training_field(
    folder: Path | str, frames: np.ndarray, drift: Drift, target: str, name: str, dwell_time_s: float | None = None
) -> TrainingField:
    """Bring a field's references together with its raw frames; frames that were not used are left out.

    Parameters
    ----------
    folder
        Written by `rapidstem.distortion.write_pair`.
    frames : (frame, y, x)
        Raw stack of the same acquisition.
    drift
        Of the same stack.
    target
        Which reference, `dcfi` or `slow`.
    name
        Of the acquisition.
    dwell_time_s
        Of the raw frames.

    Raises
    ------
    InputError
        if files lack, do not fit the stack, or leave no frame or no valid area.
    """
    dcfi, aligned, pixel_size_nm = read_pair(folder)
    if len(drift.used) != len(frames):
        raise InputError(f"{folder}: the drift of {len(drift.used)} frames is known, but {name} has {len(frames)}; integrate them again")
    if not drift.used.any():
        raise InputError(f"{folder}: no frame of {name} is used; leave this field out")
    return TrainingField(
        name=name,
        frames=as_recorded(frames if drift.used.all() else frames[drift.used]),
        reference=(aligned.slow if target == "slow" else dcfi).astype(np.float32),
        shift_px=drift.shift_px[drift.used],
        rows=aligned.rows,
        columns=aligned.columns,
        pixel_size_nm=pixel_size_nm,
        dwell_time_s=dwell_time_s,
        recorded_apart=target == "slow",
    )
