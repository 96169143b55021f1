"""Simulated fields whose noise-free image is known, many in one HDF5 file, for a network that learns from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

CONDITIONS = ("pixel_size_nm", "electrons_per_px", "tilt_deg", "foil_thickness_nm", "dislocation_density_per_m2", "streak_strength")


@dataclass(frozen=True)
class NoiseFreeFields:
    """Frames of many fields and what they would be without noise.

    Attributes
    ----------
    frames : (field, frame, y, x) uint16
    noise_free : (field, y, x) float32
        In the counts and the geometry of the frames.
    conditions
        A row a field, with the columns `CONDITIONS`.
    """

    frames: np.ndarray
    noise_free: np.ndarray
    conditions: pd.DataFrame

    def ranges(self) -> dict[str, list[float]]:
        """Smallest and largest value of each condition.

        Returns
        -------
        dict
            Of pairs, by the names in `CONDITIONS`.
        """
        return {name: [float(values.min()), float(values.max())] for name, values in self.conditions.items()}


def write_noise_free(path: Path | str, fields: NoiseFreeFields) -> None:
    """Write fields; the file appears only when it is complete.

    Parameters
    ----------
    path
        Of the HDF5 file.
    fields
        All that go into it.
    """
    with written_beside(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset("frames", data=fields.frames, compression="gzip", compression_opts=1, shuffle=True)
        file.create_dataset("noise_free", data=fields.noise_free, compression="gzip", compression_opts=1, shuffle=True)
        for name in CONDITIONS:
            file[f"conditions/{name}"] = fields.conditions[name].to_numpy(float)


def read_noise_free(paths: Sequence[Path | str]) -> NoiseFreeFields:
    """Read the fields of one or several files, in their order.

    Parameters
    ----------
    paths
        Written by `write_noise_free`.

    Returns
    -------
    NoiseFreeFields

    Raises
    ------
    InputError
        A file is damaged or is none of this kind.
    """
    parts = [_read(path) for path in paths]
    conditions = pd.concat([part.conditions for part in parts], ignore_index=True)
    return NoiseFreeFields(np.concatenate([part.frames for part in parts]), np.concatenate([part.noise_free for part in parts]), conditions)


def _read(path: Path | str) -> NoiseFreeFields:
    try:
        with h5py.File(path) as file:
            conditions = pd.DataFrame({name: file[f"conditions/{name}"][:] for name in CONDITIONS})
            return NoiseFreeFields(file["frames"][:], file["noise_free"][:], conditions)
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: holds no simulated fields ({error}); delete it, and it is made again") from error
