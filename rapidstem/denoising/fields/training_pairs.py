"""Fields of view for training: raw frames in memory beside the reference that they should look like."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.ome_tiff import read_images, write_images
from rapidstem.files.tables import read_table, write_table

REFERENCES = ("dcfi", "slow")
_FRAME_COLUMNS = ("frame", "dy_px", "dx_px", "used")
_FIELD_COLUMNS = ("slow_dy_px", "slow_dx_px", "correlation", "row_start", "row_stop", "column_start", "column_stop")


@dataclass(frozen=True)
class TrainingField:
    """Raw frames of one field of view and their reference in the rapid image's geometry.

    Attributes
    ----------
    name : the acquisition.
    frames : (frame, y, x), as recorded, never interpolated; uint16 wherever the values allow it.
    reference : (y, x) float32, lying at the frame shift (0, 0); NaN where unseen.
    shift_px : (frame, 2) shifts (dy, dx): what is at (y, x) in the reference appears in the frame at (y + dy, x + dx).
    rows, columns : valid area of the reference.
    pixel_size_nm, dwell_time_s : of the raw frames; None where unknown.
    """

    name: str
    frames: np.ndarray
    reference: np.ndarray
    shift_px: np.ndarray
    rows: slice
    columns: slice
    pixel_size_nm: float | None = None
    dwell_time_s: float | None = None

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


@dataclass(frozen=True)
class PairField:
    """What the alignment of a field's references found.

    Attributes
    ----------
    slow_shift_px : (dy, dx) of the slow image against the DCFI image.
    correlation : of the two references in the valid area.
    rows, columns : area of the references that every used frame and the slow image see.
    """

    slow_shift_px: tuple[float, float]
    correlation: float
    rows: slice
    columns: slice


def as_recorded(frames: np.ndarray) -> np.ndarray:
    """Frames as uint16 if that changes no value, else as float32."""
    if frames.dtype == np.uint16 or frames.dtype == np.uint8:
        return frames.astype(np.uint16, copy=False)
    fits = np.issubdtype(frames.dtype, np.integer) and frames.min() >= 0 and frames.max() <= np.iinfo(np.uint16).max
    return frames.astype(np.uint16 if fits else np.float32)


def write_pair(
    folder: Path | str, references: dict[str, np.ndarray], pixel_size_nm: float, shift_px: np.ndarray, used: np.ndarray, field: PairField
) -> None:
    """Write `references.ome.tif`, `frames.csv` and `field.csv` of one field of view.

    Parameters
    ----------
    folder : of this field; made if it is missing.
    references : `dcfi` and `slow`, each (y, x) in the rapid image's geometry at the frame shift (0, 0), NaN where unseen.
    pixel_size_nm : of the references.
    shift_px : (frame, 2) shifts (dy, dx) of the raw frames.
    used : (frame,) whether a frame may be learned from.
    field : the alignment of the references.
    """
    folder = Path(folder)
    images = np.stack([np.asarray(references[name], np.float32) for name in REFERENCES])
    write_images(folder / "references.ome.tif", images, pixel_size_nm, channel_names=REFERENCES)
    frames = pd.DataFrame({"frame": np.arange(len(shift_px)), "dy_px": shift_px[:, 0], "dx_px": shift_px[:, 1], "used": used})
    write_table(folder / "frames.csv", frames)
    bounds = (field.rows.start, field.rows.stop, field.columns.start, field.columns.stop)
    row = dict(zip(_FIELD_COLUMNS, (*field.slow_shift_px, field.correlation, *bounds), strict=True))
    write_table(folder / "field.csv", pd.DataFrame([row]))


def read_training_field(folder: Path | str, frames: np.ndarray, target: str, name: str, dwell_time_s: float | None = None) -> TrainingField:
    """Bring a field's pair together with its raw frames; frames that were not used are left out.

    Parameters
    ----------
    folder : written by `write_pair`.
    frames : (frame, y, x) raw stack of the same acquisition.
    target : which reference, `dcfi` or `slow`.
    name : of the acquisition.
    dwell_time_s : of the raw frames.

    Raises
    ------
    InputError
        if files lack, do not fit the stack, or leave no frame or no valid area.
    """
    folder = Path(folder)
    references, pixel_size_nm = read_images(folder / "references.ome.tif")
    table = read_table(folder / "frames.csv", _FRAME_COLUMNS)
    field = read_table(folder / "field.csv", _FIELD_COLUMNS).iloc[0]
    if len(table) != len(frames):
        raise InputError(f"{folder / 'frames.csv'}: {len(table)} rows, but {name} has {len(frames)} frames; make the pair again")
    used = table["used"].to_numpy(bool)
    if not used.any():
        raise InputError(f"{folder / 'frames.csv'}: no frame of {name} is used; leave this field out")
    return TrainingField(
        name=name,
        frames=as_recorded(frames if used.all() else frames[used]),
        reference=references[REFERENCES.index(target)].astype(np.float32),
        shift_px=table.loc[used, ["dy_px", "dx_px"]].to_numpy(float),
        rows=slice(int(field["row_start"]), int(field["row_stop"])),
        columns=slice(int(field["column_start"]), int(field["column_stop"])),
        pixel_size_nm=pixel_size_nm,
        dwell_time_s=dwell_time_s,
    )
