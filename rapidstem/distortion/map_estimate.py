"""What every method of measuring the distortion gives, and what it is expected to be wrong by."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.errors import InputError

# A map that squeezes to a twentieth runs backwards but for noise: no scan does so within a frame.
SMALLEST_SLOPE = 0.05


@dataclass(frozen=True)
class MapEstimate:
    """A map before it is checked.

    Attributes
    ----------
    slow_px : (column,)
        Column of the slow image for each column of a rapid frame.
    uncertainty_px : (column,)
        Expected error; None where the method has none of its own.
    strip_widths
        The widths that were tried and the PSNR of each, `width_px, psnr_db`; None where the method has no strips.
    """

    slow_px: np.ndarray
    uncertainty_px: np.ndarray | None = None
    strip_widths: pd.DataFrame | None = None

    def column_map(self) -> ColumnMap:
        """The map, one row for each column of a rapid frame.

        Raises
        ------
        InputError
            where it does not increase; names the column
        """
        slopes = np.diff(self.slow_px)
        if slopes.min() < SMALLEST_SLOPE:
            column = int(np.argmin(slopes))
            raise InputError(
                f"the measured map runs backwards at column {column}: the calibration fields have too few features there. Add a "
                "calibration field with features at these columns"
            )
        return ColumnMap(np.arange(self.slow_px.size), self.slow_px)


def expected_error_px(column_map: ColumnMap, strips: pd.DataFrame) -> np.ndarray:
    """Expected error (column,) of a map that brings no error of its own, from what it leaves over in strips.

    Between the strips the residual and its expected error are interpolated. Beyond the outermost strips nothing was measured: there the
    distance to a parabola through the three outermost strips is added.

    Parameters
    ----------
    column_map
        The map.
    strips
        See `rapidstem.distortion.residual_strips.strip_residuals`.

    Returns
    -------
    (column,)
        Standard deviation in pixels of the slow image.
    """
    columns = column_map.rapid_px
    weighted = strips.assign(weight=1 / strips["expected_px"].clip(lower=1e-3) ** 2)
    weighted["moment"] = weighted["weight"] * weighted["residual_px"]
    pooled = weighted.groupby("column")[["weight", "moment"]].sum()
    centre, left = pooled.index.to_numpy(float), (pooled["moment"] / pooled["weight"]).to_numpy()
    square = np.interp(columns, centre, left**2 + (1 / pooled["weight"]).to_numpy())
    measured = column_map.to_slow(centre) + left
    for part, beyond in ((slice(0, 3), columns < centre[0]), (slice(-3, None), columns > centre[-1])):
        parabola = np.polyfit(centre[part], measured[part], min(2, centre.size - 1))
        square[beyond] += (column_map.slow_px[beyond] - np.polyval(parabola, columns[beyond])) ** 2
    return np.sqrt(square)
