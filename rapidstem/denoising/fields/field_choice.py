"""Which training fields are as thick as the tilt series, by their intensity histograms (Zhao et al. 2021, Supplement B)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files import SlicedFrames
from rapidstem.numerics import evenly_spread

CHOICE_COLUMNS = ["acquisition", "tilt_deg", "series", "series_tilt_deg", "distance", "largest_distance", "kept"]
HISTOGRAM_COLUMNS = ["acquisition", "tilt_deg", "kept", "intensity", "share"]
# For the figure alone; the distance is that of the quantiles.
BINS = 80
# Frames nearest the tilt, and frames spread over a field's stack: enough for histograms of 256 x 256 px and more, and read quickly.
_SERIES_FRAMES = 3
_FIELD_FRAMES = 5
# The distance is the mean difference of these: the earth mover's distance in one dimension.
_QUANTILES = (np.arange(1000) + 0.5) / 1000
_SHOWN_QUANTILES = (0.001, 0.999)


@dataclass(frozen=True)
class FieldSample:
    """Raw intensities of one field, or of a series at one tilt.

    Attributes
    ----------
    name
        Of the acquisition.
    tilt_deg
        At which it was recorded.
    quantiles : (quantile,)
        Of the intensities, evenly spaced from 0 to 1.
    spread
        Standard deviation of the intensities.
    """

    name: str
    tilt_deg: float
    quantiles: np.ndarray
    spread: float


def field_sample(name: str, tilt_deg: float, frames: np.ndarray | SlicedFrames) -> FieldSample:
    """Intensities of some frames, evenly spread over a field's stack (frame, y, x).

    Parameters
    ----------
    name
        Of the field.
    tilt_deg
        Its tilt.
    frames : (frame, y, x)
        Raw stack; an open file will do.

    Raises
    ------
    InputError
        if all of them are one constant.
    """
    chosen = evenly_spread(len(frames), _FIELD_FRAMES)
    pixels = np.asarray(frames[chosen], np.float32)
    spread = float(pixels.std(dtype=np.float64))
    if not spread > 0:
        raise InputError(f"the frames of {name} are constant or hold values that are no numbers; leave this field out of the sheet")
    return FieldSample(name, tilt_deg, np.quantile(pixels, _QUANTILES), spread)


def series_sample(name: str, series_tilt_deg: np.ndarray, frames: np.ndarray | SlicedFrames, tilt_deg: float) -> FieldSample:
    """Intensities of the frames of a tilt series, (frame, y, x), that are nearest a tilt.

    Parameters
    ----------
    name
        Of the series.
    series_tilt_deg : (frame,)
        Tilt of each frame.
    frames : (frame, y, x)
        Raw stack; an open file will do.
    tilt_deg
        Where the field lies that the sample is compared with.
    """
    nearest = np.sort(np.argsort(np.abs(series_tilt_deg - tilt_deg), kind="stable")[:_SERIES_FRAMES])
    return field_sample(name, float(np.mean(series_tilt_deg[nearest])), frames[nearest])


def histogram_distance(field: FieldSample, series: FieldSample) -> float:
    """Earth mover's distance of two distributions of intensity, in standard deviations of the second.

    A distribution that is shifted as a whole by its own standard deviation has the distance 1.

    Parameters
    ----------
    field
        Of the training field.
    series
        Of the tilt series at the same tilt.

    Returns
    -------
    float
        In standard deviations of the series' intensities.

    References
    ----------
    Y. Rubner, C. Tomasi, L. Guibas, Int. J. Computer Vision 40 (2000) 99; in one dimension the mean distance of equal quantiles.
    """
    return float(np.mean(np.abs(field.quantiles - series.quantiles)) / series.spread)


def choose_fields(fields: Sequence[FieldSample], series: Mapping[str, FieldSample], largest_distance: float) -> pd.DataFrame:
    """Keep the training fields whose intensities are distributed as those of the tilt series at their tilt.

    Parameters
    ----------
    fields
        One sample a training field.
    series
        For each field's name the sample of the tilt series at its tilt.
    largest_distance
        In standard deviations of the series' intensities.

    Returns
    -------
    DataFrame
        One row a field: `acquisition, tilt_deg, series, series_tilt_deg, distance, largest_distance, kept`.

    Raises
    ------
    InputError
        if no field is kept.
    """
    rows = []
    for field in fields:
        beside = series[field.name]
        distance = histogram_distance(field, beside)
        kept = distance <= largest_distance
        rows.append((field.name, field.tilt_deg, beside.name, beside.tilt_deg, distance, largest_distance, kept))
    table = pd.DataFrame(rows, columns=CHOICE_COLUMNS)
    if not table["kept"].any():
        nearest = table.loc[table["distance"].idxmin()]
        raise InputError(
            f"no training field is left: none has intensities as the tilt series {nearest['series']} at its tilt "
            f"(smallest distance {nearest['distance']:.2f} standard deviations, {nearest['acquisition']}; "
            f"training.largest_histogram_distance is {largest_distance:g}); train on areas as thick as the series, or raise that limit"
        )
    return table


def histograms(samples: Sequence[FieldSample], kept: Sequence[bool]) -> pd.DataFrame:
    """Histograms for a figure, all with the same bins: `acquisition, tilt_deg, kept, intensity` (centre of the bin)`, share`.

    Parameters
    ----------
    samples
        Of fields and series.
    kept
        Which of them are trained on, in the same order.

    Returns
    -------
    DataFrame
        One row a bin and sample.
    """
    lowest = min(np.quantile(sample.quantiles, _SHOWN_QUANTILES[0]) for sample in samples)
    highest = max(np.quantile(sample.quantiles, _SHOWN_QUANTILES[1]) for sample in samples)
    edges = np.linspace(lowest, highest, BINS + 1)
    tables = []
    for sample, flag in zip(samples, kept, strict=True):
        share = np.histogram(sample.quantiles, edges)[0] / len(sample.quantiles)
        rows = {"acquisition": sample.name, "tilt_deg": sample.tilt_deg, "kept": flag}
        tables.append(pd.DataFrame({**rows, "intensity": (edges[1:] + edges[:-1]) / 2, "share": share}))
    return pd.concat(tables, ignore_index=True)[HISTOGRAM_COLUMNS]
