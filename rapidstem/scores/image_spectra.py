"""How far into Fourier space an image agrees with its reference: power, transfer and correlation along x, along y and by rings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.numerics import hann_window
from rapidstem.scores.image_quality import Area, ImageScale
from rapidstem.scores.line_profiles import coarsely_matched

SPECTRUM_COLUMNS = ["denoiser", "reference", "direction", "wave_number_per_um", "power", "reference_power", "cross_power"]
POWERS = SPECTRUM_COLUMNS[4:]
DIRECTIONS = ("x", "y", "ring")
# Of the wave number's axis: finer than a mode of 128 px.
POINTS = 64
# Our rule for "agree", as the papers read their wave numbers off figures.
LARGEST_POWER_RATIO = 2.0
# The usual 0.143 of Fourier ring correlation (Rosenthal and Henderson 2003).
ONE_SEVENTH = 1 / 7
# Against the scatter of single points.
_SMOOTHED_POINTS = 5


def image_spectra(image: np.ndarray, reference: np.ndarray, area: Area, scale: ImageScale) -> pd.DataFrame:
    """Power spectra of an image and its reference, and their cross-spectrum, along x, along y and by rings.

    Intensities of the image are matched to the reference first (gain and offset at scales coarser than lines), the mean is taken off
    and both are multiplied by a Hann window (Ihara et al. 2022, Fig. 4c). Along x means: summed over all wave numbers along y.

    Parameters
    ----------
    image, reference : (y, x)
        In the same geometry.
    area
        Rows and columns that both images see.
    scale
        Of both.

    Returns
    -------
    table with `direction` (x, y, ring), `wave_number_per_um` (64 from 0 to the Nyquist frequency), `power`, `reference_power` and
    `cross_power` (real part)

    Raises
    ------
    InputError
        if the shapes differ or the area is smaller than 16 px.
    """
    if image.shape != reference.shape:
        raise InputError(f"an image of shape {image.shape} cannot be compared with a reference of shape {reference.shape}")
    if min(reference[area].shape) < 16:
        raise InputError(f"an area of {reference[area].shape} pixels is too small for spectra; it needs 16")
    matched = coarsely_matched(image, reference, area, scale.line_px)
    first, second = (_transform(each[area]) for each in (matched, reference.astype(float)))
    powers = (np.abs(first) ** 2, np.abs(second) ** 2, (first * np.conj(second)).real)
    wave_number = np.linspace(0, 500 / scale.pixel_size_nm, POINTS)
    tables = []
    for direction in DIRECTIONS:
        lines = [_summed(power, direction, scale.pixel_size_nm, wave_number) for power in powers]
        columns = dict(zip(("power", "reference_power", "cross_power"), lines, strict=True))
        tables.append(pd.DataFrame({"direction": direction, "wave_number_per_um": wave_number, **columns}))
    return pd.concat(tables, ignore_index=True)


def agreement_per_um(wave_number_per_um: np.ndarray, power: np.ndarray, reference_power: np.ndarray) -> float:
    """The wave number up to which two power spectra agree within a factor of 2, smoothed over five points; interpolated.

    Ihara et al. 2022 read 120 per um for DLF-Slow and 48 per um for DLF-2500 off their Figs. 4c and 6c; this is our rule for it.

    Parameters
    ----------
    wave_number_per_um : (k,)
        Increasing.
    power, reference_power : (k,)
        Of the image and of what it is compared with.

    Returns
    -------
    per um; the last wave number where they agree to the end, 0 where they do not agree at the first
    """
    apart = np.abs(_smooth(np.log(np.maximum(power, 1e-300))) - _smooth(np.log(np.maximum(reference_power, 1e-300))))
    return _crossing(wave_number_per_um, np.log(LARGEST_POWER_RATIO) - apart)


def correlated_per_um(wave_number_per_um: np.ndarray, correlation: np.ndarray, threshold: float = ONE_SEVENTH) -> float:
    """The wave number at which a correlation, smoothed over five points, first falls below a threshold."""
    return _crossing(wave_number_per_um, _smooth(correlation) - threshold)


def derived_spectra(spectra: pd.DataFrame) -> pd.DataFrame:
    """Means over fields and frames, with what follows from them.

    Parameters
    ----------
    spectra
        With the columns `SPECTRUM_COLUMNS`, one spectrum below the other, each from the wave number 0 on. Where pixel sizes differ, all are
        interpolated to the wave numbers of the largest pixels.

    Returns
    -------
    one row a denoiser, reference, direction and wave number, with `power`, `reference_power`, `transfer` (share of the reference's
    amplitude that the image holds) and `correlation`
    """
    keys = ["denoiser", "reference", "direction", "wave_number_per_um"]
    mean = _on_one_axis(spectra).groupby(keys, sort=False)[POWERS].mean().reset_index()
    product = np.sqrt(mean["power"] * mean["reference_power"])
    return mean.assign(transfer=mean["cross_power"] / mean["reference_power"], correlation=mean["cross_power"] / product)


def spectral_scores(spectra: pd.DataFrame) -> pd.DataFrame:
    """Where each filter stops to agree with the slow image, and where its halves stop to agree with each other.

    Parameters
    ----------
    spectra
        With the columns `SPECTRUM_COLUMNS`; references `slow` and `halves` are looked at.

    Returns
    -------
    one row a denoiser: `agreement_x_per_um` (power along the fast scan direction, see `agreement_per_um`), `transfer_x_per_um` and
    `transfer_y_per_um` (where the transfer falls below 1/2), `correlation_per_um` (Fourier ring correlation with the slow image down to
    1/7) and `halves_per_um` (the same between the means of the even and of the odd frames); NaN where there is none
    """
    derived = derived_spectra(spectra)
    rows = []
    for name in dict.fromkeys(derived["denoiser"]):
        own = dict(iter(derived[derived["denoiser"] == name].groupby(["reference", "direction"])))
        row: dict[str, str | float] = {"denoiser": name}
        row["agreement_x_per_um"] = _scored(own.get(("slow", "x")), "power")
        row |= {f"transfer_{axis}_per_um": _scored(own.get(("slow", axis)), "transfer") for axis in ("x", "y")}
        row["correlation_per_um"] = _scored(own.get(("slow", "ring")), "correlation")
        row["halves_per_um"] = _scored(own.get(("halves", "ring")), "correlation")
        rows.append(row)
    columns = ["agreement_x_per_um", "transfer_x_per_um", "transfer_y_per_um", "correlation_per_um", "halves_per_um"]
    return pd.DataFrame(rows, columns=["denoiser", *columns])


def flatness(residual: np.ndarray) -> float:
    """Geometric over arithmetic mean of the power of an image (y, x): 0.56 for white noise, less for anything with structure.

    Parameters
    ----------
    residual : (y, x)
        Finite; what is left of an image when its reference is taken away.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    A. H. Gray, J. D. Markel, IEEE Trans. Acoust. Speech Signal Process. 22 (1974) 207; for white noise it is exp(-Euler's constant).
    """
    power = np.abs(np.fft.rfft2(residual - residual.mean())).ravel()[1:] ** 2
    return float(np.exp(np.mean(np.log(np.maximum(power, 1e-300)))) / max(power.mean(), 1e-300))


def half_spectra(images: Sequence[np.ndarray], area: Area, scale: ImageScale) -> pd.DataFrame:
    """`image_spectra` of the mean of the odd images against that of the even ones; all show the specimen at the same place."""
    return image_spectra(np.mean(images[1::2], axis=0), np.mean(images[::2], axis=0), area, scale)


def _on_one_axis(spectra: pd.DataFrame) -> pd.DataFrame:
    """The same spectra at the wave numbers of that whose Nyquist frequency is the smallest."""
    number = (spectra["wave_number_per_um"] == 0).cumsum().to_numpy()
    largest = spectra.groupby(number)["wave_number_per_um"].max()
    if largest.nunique() < 2:
        return spectra
    parts = dict(iter(spectra.groupby(number)))
    axis = parts[largest.idxmin()]["wave_number_per_um"].to_numpy(float)
    return pd.concat([_at(part, axis) for part in parts.values()], ignore_index=True)


def _at(spectrum: pd.DataFrame, wave_number_per_um: np.ndarray) -> pd.DataFrame:
    """One spectrum, interpolated to other wave numbers (k,)."""
    names = spectrum.iloc[0][SPECTRUM_COLUMNS[:3]].to_dict()
    own = spectrum["wave_number_per_um"].to_numpy(float)
    powers = {name: np.interp(wave_number_per_um, own, spectrum[name].to_numpy(float)) for name in POWERS}
    return pd.DataFrame({**names, "wave_number_per_um": wave_number_per_um, **powers})


def _scored(table: pd.DataFrame | None, quantity: str) -> float:
    if table is None:
        return float("nan")
    wave_number = table["wave_number_per_um"].to_numpy(float)
    if quantity == "power":
        return agreement_per_um(wave_number, table["power"].to_numpy(float), table["reference_power"].to_numpy(float))
    return correlated_per_um(wave_number, table[quantity].to_numpy(float), 0.5 if quantity == "transfer" else ONE_SEVENTH)


def _transform(image: np.ndarray) -> np.ndarray:
    window = hann_window(image.shape)
    return np.fft.fft2((image - image.mean()) * window) / np.sqrt(np.sum(window**2))


def _summed(power: np.ndarray, direction: str, pixel_size_nm: float, wanted: np.ndarray) -> np.ndarray:
    """Mean power at the wanted wave numbers along one direction, or over rings."""
    frequencies = [np.abs(np.fft.fftfreq(count, pixel_size_nm / 1000)) for count in power.shape]
    along = {"x": frequencies[1][None, :], "y": frequencies[0][:, None], "ring": np.hypot(*np.meshgrid(*frequencies, indexing="ij"))}
    step = 1000 / pixel_size_nm / (min(power.shape) if direction == "ring" else power.shape["yx".index(direction)])
    number = np.broadcast_to(np.rint(along[direction] / step).astype(int), power.shape).ravel()
    total, count = np.bincount(number, power.ravel()), np.bincount(number)
    return np.interp(wanted, np.arange(len(total)) * step, total / np.maximum(count, 1))


def _smooth(values: np.ndarray) -> np.ndarray:
    half = _SMOOTHED_POINTS // 2
    return np.convolve(np.pad(values, half, mode="edge"), np.ones(_SMOOTHED_POINTS) / _SMOOTHED_POINTS, mode="valid")


def _crossing(place: np.ndarray, height: np.ndarray) -> float:
    """Where a curve first falls below zero."""
    below = np.flatnonzero(~(height >= 0))
    if len(below) == 0:
        return float(place[-1])
    first = below[0]
    if first == 0:
        return 0.0
    share = height[first - 1] / (height[first - 1] - height[first]) if np.isfinite(height[first]) else 0.0
    return float(place[first - 1] + share * (place[first] - place[first - 1]))
