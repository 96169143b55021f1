"""Simulated fields with noise-free references, as a training takes them."""

import numpy as np

from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.files.noise_free_fields import NoiseFreeFields

# The largest delay of `rapidstem.microscope.recording.random_fields`: further left the reference is a guess.
FIRST_COLUMN = 6


def simulated_training_fields(fields: NoiseFreeFields) -> list[TrainingField]:
    """Fields whose frames do not move and whose reference is seen everywhere but in the first columns, where the lag starts.

    Pixel size and dwell time are left open: they differ from field to field, and the network that learns from them is for all.
    A field without any contrast is left out.

    Parameters
    ----------
    fields
        Of random microscopes.

    Returns
    -------
    list of TrainingField
    """
    rows, columns = slice(0, fields.noise_free.shape[1]), slice(FIRST_COLUMN, fields.noise_free.shape[2])
    at_rest = np.zeros((fields.frames.shape[1], 2))
    seen = np.flatnonzero(np.ptp(fields.noise_free[:, rows, columns], axis=(1, 2)))
    return [
        TrainingField(f"simulated-{number}", fields.frames[number], fields.noise_free[number], at_rest, rows, columns) for number in seen
    ]
