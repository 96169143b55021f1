"""The slowly varying part of a bright-field image: absorption on the way through the foil, bend contours, thickness."""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# So many that their sum looks random.
WAVES = 14


@dataclass(frozen=True)
class FoilBackground:
    """Background intensity over the specimen, a sum of long plane waves times the absorption.

    Attributes
    ----------
    wave_per_nm : (wave, 2) wave vectors along x and y of the specimen
    phase_rad : (wave,)
    amplitude : (wave,)
    """

    wave_per_nm: np.ndarray
    phase_rad: np.ndarray
    amplitude: np.ndarray

    def image(self, x_nm: np.ndarray, row_nm: np.ndarray, row_tilt_rad: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
        """Give the background (row, column), 1 on the average of the untilted foil.

        Parameters
        ----------
        x_nm : (column,)
            Position of the columns in the specimen.
        row_nm : (row,)
            Height of the rows in the image, from the tilt axis.
        row_tilt_rad : (row,)
            Tilt when the row is scanned.
        settings
            Of the virtual microscope.

        Returns
        -------
        (row, column)
            Without a unit.

        Notes
        -----
        The intensity falls as exp(-t / (mean free path cos(tilt))); a row shows the specimen's middle plane at y = row / cos(tilt).
        """
        cosine = np.cos(row_tilt_rad)
        along = np.exp(1j * np.outer(x_nm, self.wave_per_nm[:, 0]))
        down = np.exp(1j * (np.outer(row_nm / cosine, self.wave_per_nm[:, 1]) + self.phase_rad)) * self.amplitude
        return mean_absorption(row_tilt_rad, settings)[:, None] * np.exp((down @ along.T).real)


def mean_absorption(tilt_rad: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the intensity behind an even foil at tilts of any shape, 1 without tilt."""
    return np.exp(-settings.foil_thickness_nm / settings.mean_free_path_nm * (1 / np.cos(tilt_rad) - 1))


def draw_background(settings: MicroscopeSettings, rng: np.random.Generator) -> FoilBackground:
    """Draw a background with the strength and the shortest wave length of the settings."""
    direction = rng.uniform(0, np.pi, WAVES)
    number = 2 * np.pi / (settings.background_length_nm * rng.uniform(1, 3, WAVES))
    amplitude = settings.background_strength * np.sqrt(2 / WAVES) * np.ones(WAVES)
    waves = np.column_stack((np.cos(direction), np.sin(direction))) * number[:, None]
    return FoilBackground(waves, rng.uniform(0, 2 * np.pi, WAVES), amplitude)
