"""The map from columns of a rapid frame to columns of the slow image that show the same place."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from rapidstem.errors import InputError
from rapidstem.files.scan_format import ScanFormat
from rapidstem.files.tables import WRITTEN_BY_HAND, read_table, write_table

# Bisection alone, where Newton's steps fail, takes a bracket of one column to rounding error in fewer.
INVERSION_STEPS = 60
# Relative: steps that differ by less are equal but for rounding.
STRAIGHT = 1e-6
_PIXELS = ("rapid_px", "slow_px")
FORMAT_COLUMNS = ("columns", "pixel_size_nm", "dwell_time_s")


@dataclass(frozen=True)
class ColumnMap:
    """A strictly increasing map between columns.

    Between the columns of the table it is a smooth monotone cubic (slopes by the harmonic mean: Fritsch and Butland, SIAM J. Sci.
    Stat. Comput. 5 (1984) 300), beyond them it goes on in a straight line.

    Attributes
    ----------
    rapid_px : (n,)
        Columns of the rapid frame, strictly increasing.
    slow_px : (n,)
        Columns of the slow image that show the same place, strictly increasing.

    Raises
    ------
    InputError
        where the columns are fewer than two, not finite, or not strictly increasing; names the row

    Examples
    --------
    >>> column_map = ColumnMap([0, 100, 200], [-10, 95, 200])
    >>> column_map.to_slow(np.array([0.0, 100.0])).tolist()
    [-10.0, 95.0]
    >>> round(float(column_map.to_rapid(column_map.to_slow(40.0))), 6)
    40.0
    """

    rapid_px: np.ndarray
    slow_px: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "rapid_px", np.asarray(self.rapid_px, dtype=float))
        object.__setattr__(self, "slow_px", np.asarray(self.slow_px, dtype=float))
        if self.rapid_px.ndim != 1 or self.rapid_px.shape != self.slow_px.shape or self.rapid_px.size < 2:
            raise InputError("a distortion map needs two columns of equal length with at least two rows")
        for name in ("rapid_px", "slow_px"):
            _check_increasing(name, getattr(self, name))

    def to_slow(self, rapid_px: np.ndarray) -> np.ndarray:
        """Columns of the slow image for (fractional) columns of a rapid frame, of any shape.

        Parameters
        ----------
        rapid_px
            Columns of a rapid frame, of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in pixels of the slow image.
        """
        rapid = np.asarray(rapid_px, dtype=float)
        inside = np.clip(rapid, self.rapid_px[0], self.rapid_px[-1])
        beyond = rapid - inside
        slope = np.where(beyond < 0, self._slopes[0], self._slopes[-1])
        return self._spline(inside) + slope * beyond

    def to_rapid(self, slow_px: np.ndarray) -> np.ndarray:
        """Columns of a rapid frame for (fractional) columns of the slow image: the inverse of `to_slow` to rounding error.

        Newton's method on the cubic of the right interval, kept inside a shrinking bracket.

        Parameters
        ----------
        slow_px
            Columns of the slow image, of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in pixels of a rapid frame.
        """
        slow = np.asarray(slow_px, dtype=float)
        inside = np.clip(slow, self.slow_px[0], self.slow_px[-1])
        interval = np.clip(np.searchsorted(self.slow_px, inside, side="right") - 1, 0, self.slow_px.size - 2)
        low, high = self.rapid_px[interval], self.rapid_px[interval + 1]
        rapid = np.interp(inside, self.slow_px, self.rapid_px)
        for _ in range(INVERSION_STEPS):
            error = self._spline(rapid) - inside
            if not np.any(np.abs(error) > 1e-12 * np.maximum(1, np.abs(inside))):
                break
            low, high = np.where(error < 0, rapid, low), np.where(error > 0, rapid, high)
            newton = rapid - error / np.maximum(self._derivative(rapid), 1e-12)
            rapid = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
        beyond = slow - inside
        return rapid + beyond / np.where(beyond < 0, self._slopes[0], self._slopes[-1])

    @property
    def straight(self) -> bool:
        """Whether the map is one straight line, which goes on to any column."""
        steps = np.diff(self.slow_px) / np.diff(self.rapid_px)
        return bool(np.ptp(steps) < STRAIGHT * abs(steps[0]))

    @cached_property
    def _slopes(self) -> np.ndarray:
        secants = np.diff(self.slow_px) / np.diff(self.rapid_px)
        inner = 2 * secants[:-1] * secants[1:] / (secants[:-1] + secants[1:])
        return np.concatenate([secants[:1], inner, secants[-1:]])

    @cached_property
    def _spline(self) -> "scipy.interpolate.CubicHermiteSpline":
        return scipy.interpolate.CubicHermiteSpline(self.rapid_px, self.slow_px, self._slopes)

    @cached_property
    def _derivative(self) -> "scipy.interpolate.CubicHermiteSpline":
        return self._spline.derivative()


def write_map(path: Path | str, column_map: ColumnMap, scanned: ScanFormat | None = None) -> None:
    """Write a map as CSV with the columns `rapid_px, slow_px`.

    Parameters
    ----------
    path
        File to write, `.csv`.
    column_map
        The map.
    scanned
        How the frames were scanned that the map was measured on; further columns keep it (`FORMAT_COLUMNS`).
    """
    table = pd.DataFrame({"rapid_px": column_map.rapid_px, "slow_px": column_map.slow_px})
    for name in FORMAT_COLUMNS:
        if scanned is not None and getattr(scanned, name) is not None:
            table[name] = getattr(scanned, name)
    write_table(path, table)


def read_map_format(path: Path | str) -> ScanFormat:
    """Read how the frames were scanned that a map was measured on, as far as its file says it.

    A map without the column `columns` is taken to go to the last column of the frames, unless it is a straight line, which fits all.

    Parameters
    ----------
    path
        File of a map.

    Raises
    ------
    InputError
        as of `read_map`, and where one of the further columns begins with no number
    """
    column_map, table = read_map(path), read_table(path, ())
    stated = {name: _first_number(path, table[name]) for name in FORMAT_COLUMNS if name in table}
    columns = stated.pop("columns", None if column_map.straight else column_map.rapid_px[-1] + 1)
    return ScanFormat(None if columns is None else round(columns), stated.get("pixel_size_nm"), stated.get("dwell_time_s"))


def _first_number(path: Path | str, column: pd.Series) -> float:
    number = float(pd.to_numeric(column, errors="coerce").iloc[0])
    if not 0 < number < np.inf:
        raise InputError(f"{path}: row 1: {column.name} is no number above zero; write one without its unit, or leave the column out")
    return number


def read_map(path: Path | str | None) -> ColumnMap:
    """Read a map written by `write_map` or by hand; without a path, the straight map, for frames whose distortion is not corrected.

    Parameters
    ----------
    path
        File to read; empty or None for the straight map.

    Raises
    ------
    InputError
        where the file is missing, lacks a column, or a row is no number or does not increase; names the file and the row
    """
    if not path:
        return ColumnMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    table = read_table(path, _PIXELS, f"measure the map again, or write the columns {' and '.join(_PIXELS)} {WRITTEN_BY_HAND}")
    rapid, slow = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) for name in _PIXELS)
    try:
        return ColumnMap(rapid, slow)
    except InputError as error:
        raise InputError(f"{path}: {error}. Correct the row or measure the map again") from error


def _check_increasing(name: str, values: np.ndarray) -> None:
    unreadable = np.flatnonzero(~np.isfinite(values))
    if unreadable.size:
        raise InputError(f"row {unreadable[0] + 1}: {name} is no number")
    falling = np.flatnonzero(np.diff(values) <= 0)
    if falling.size:
        row = falling[0] + 1
        raise InputError(f"row {row + 1}: {name} = {values[row]:g} is not above {values[row - 1]:g} of the row before")
