"""Which frames of which fields a denoiser is trained on, and fields that have no reference image."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rapidstem.denoising.fields.frame_shifts import aligned_sum
from rapidstem.denoising.fields.training_pairs import TrainingField, as_recorded
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem.frames.integration import valid_area
from rapidstem.frames.registration import Drift
from rapidstem.numerics import evenly_spread


def own_reference_field(name: str, frames: np.ndarray, drift: Drift, pixel_size_nm: float, dwell_time_s: float | None) -> TrainingField:
    """A field for self-supervised training: the mean of its frames, aligned by their drift, stands in the reference's place.

    Parameters
    ----------
    name
        Of the acquisition.
    frames : (frame, y, x)
        Raw stack.
    drift
        Of these frames.
    pixel_size_nm, dwell_time_s
        Of the frames.

    Raises
    ------
    InputError
        if no frame is used or the frames have no area in common.
    """
    if not drift.used.any():
        raise InputError(f"no frame of {name} is used; leave this field out")
    kept, shift = as_recorded(frames if drift.used.all() else frames[drift.used]), drift.shift_px[drift.used]
    rows, columns = valid_area(shift, (frames.shape[1], frames.shape[2]))
    mean = aligned_sum(kept, shift) / len(kept)
    return TrainingField(name, kept, mean, shift, rows, columns, pixel_size_nm, dwell_time_s)


def training_frames(fields: Sequence[TrainingField], settings: NetworkSettings, name: str) -> list[TrainingField]:
    """The fields and frames that the settings `most_fields` and `most_frames` leave: fields with the most frames, frames evenly spread.

    The fields share the frames evenly, as far as each has them; where there are more fields than frames, some are left out.

    Parameters
    ----------
    fields
        All fields that could be learned from.
    settings
        Of the network: `most_fields`, `most_frames`.
    name
        Of the denoiser, for the message.

    Returns
    -------
    list of TrainingField
        The fields that are left, thinned.

    Raises
    ------
    InputError
        if the fields have fewer frames than `most_frames`: a filter that is named after a number of frames learns from as many.
    """
    if settings.most_fields:
        most = sorted(range(len(fields)), key=lambda index: -len(fields[index].frames))[: settings.most_fields]
        fields = [fields[index] for index in sorted(most)]
    if not settings.most_frames:
        return list(fields)
    available = np.array([len(field.frames) for field in fields])
    if available.sum() < settings.most_frames:
        names = ", ".join(field.name for field in fields)
        raise InputError(
            f"{name}: {settings.most_frames} frames are to be learned from, but {names} has {available.sum()}; record more frames of one "
            "field, raise most_fields or lower most_frames"
        )
    shares = _shares(settings.most_frames, available)
    return [_thinned(field, int(share)) for field, share in zip(fields, shares, strict=True) if share]


def _shares(most: int, available: np.ndarray) -> np.ndarray:
    """How many frames each field (field,) gives of `most`, which are available in all: as many as the others, or all that it has."""
    shares, sharing = available.copy(), np.ones(len(available), bool)
    while sharing.any():
        left = most - shares[~sharing].sum()
        even = np.diff(np.linspace(0, left, np.count_nonzero(sharing) + 1).round().astype(int))
        enough = even <= available[sharing]
        if enough.all():
            shares[sharing] = even
            break
        sharing[np.flatnonzero(sharing)[~enough]] = False
    return shares


def _thinned(field: TrainingField, count: int) -> TrainingField:
    """The field with `count` of its frames, or all it has, evenly spread."""
    chosen = evenly_spread(len(field.frames), count)
    return replace(field, frames=field.frames[chosen], shift_px=field.shift_px[chosen])
