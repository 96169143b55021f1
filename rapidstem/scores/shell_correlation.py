"""Fourier shell correlation of two independent volumes, in all directions and along single ones."""

import numpy as np
import pandas as pd
import scipy

from rapidstem.errors import InputError

ALL_DIRECTIONS = "all"
# In place of an infinite resolution.
NOT_RESOLVED = "not resolved"
DIRECTIONS = {"x": 2, "y": 1, "z": 0}
# Rosenthal and Henderson, J. Mol. Biol. 333 (2003) 721.
GOLD_STANDARD = 0.143
SHELL_COLUMNS = ["direction", "spatial_frequency_per_nm", "correlation", "half_bit", "voxels"]
# Of a side over which the window falls: against the edges' cross in Fourier space.
_EDGE_SHARE = 0.15
# Of a shell: with fewer the correlation is chance.
_FEWEST_VOXELS = 10
# Half of a cone's opening angle: a third of what cones of all three axes would share out, by judgement.
_CONE_DEG = 30.0


def directional_correlations(first: np.ndarray, second: np.ndarray, voxel_size_nm: float) -> pd.DataFrame:
    """Correlate two volumes shell by shell in Fourier space (FSC), in all directions and in cones of 30 degrees around x, y and z.

    FSC = Re sum(F1 F2*) / sqrt(sum |F1|^2 sum |F2|^2) over a shell. Both volumes lose their mean and are multiplied by a window
    that falls to zero over 15 % of each edge as a raised cosine: without it the cut faces of the slab correlate. A tilt series leaves a
    wedge around z without data: hence the cones (conical FSC).

    Parameters
    ----------
    first, second : np.ndarray, (z, y, x)
        Reconstructions of independent halves of a tilt series.
    voxel_size_nm : float

    Returns
    -------
    DataFrame
        `direction` ("all", "x", "y" or "z"), `spatial_frequency_per_nm` (middle of the shell, up to the Nyquist frequency), `correlation`,
        `half_bit` (the half-bit threshold for the shell's number of independent voxels), `voxels` (of half of Fourier space), one
        direction below the other. Empty shells are left out.

    Raises
    ------
    InputError
        If the volumes differ in shape, hold values that are no numbers or nothing but a constant.

    References
    ----------
    G. Harauz and M. van Heel, Optik 73 (1986) 146; M. van Heel and M. Schatz, J. Struct. Biol. 151 (2005) 250 (half-bit threshold);
    S. Dang et al., Nature 552 (2017) 426 and Y. Z. Tan et al., Nat. Methods 14 (2017) 793 (correlation by direction).
    """
    _check_volumes(first, second)
    window = _soft_window(first.shape)
    spectra = [_spectrum(volume, window) for volume in (first, second)]
    share = float(np.mean(window**2))
    tables = [_shell_table(spectra, first.shape, voxel_size_nm, direction, share) for direction in (ALL_DIRECTIONS, *DIRECTIONS)]
    return pd.concat(tables, ignore_index=True)


def resolution_nm(shells: pd.DataFrame, threshold: str | float = "half_bit") -> float:
    """Where the correlation first falls below the threshold: the inverse of that spatial frequency.

    Parameters
    ----------
    shells : DataFrame
        As `directional_correlations` gives it, of one direction.
    threshold : "half_bit" or float
        The shells' half-bit threshold, or a constant such as `GOLD_STANDARD` (0.143).

    Returns
    -------
    float
        In nm, interpolated between shells; the Nyquist limit of two voxels (in the last shell's terms) if the correlation stays above
        the threshold, infinity if it is below from the first shell on. Shells of fewer than 10 voxels decide nothing.

    References
    ----------
    P. Rosenthal and R. Henderson, J. Mol. Biol. 333 (2003) 721 (0.143).
    """
    shells = shells[shells["voxels"] >= _FEWEST_VOXELS]
    frequency = shells["spatial_frequency_per_nm"].to_numpy(float)
    limit = shells["half_bit"].to_numpy(float) if threshold == "half_bit" else float(threshold)
    above = shells["correlation"].to_numpy(float) - limit
    below = np.flatnonzero(above < 0)
    if len(below) == 0:
        return float(1.0 / frequency[-1]) if len(frequency) else float("inf")
    last = below[0]
    if last == 0:
        return float("inf")
    share = above[last - 1] / (above[last - 1] - above[last])
    return float(1.0 / (frequency[last - 1] + share * (frequency[last] - frequency[last - 1])))


def resolution_words(resolution_nm: float, decimals: int = 0) -> str:
    """A resolution with its unit, or that nothing is resolved, where it is infinite.

    Parameters
    ----------
    resolution_nm : float
        In nm.
    decimals : int
        Shown behind the point.
    """
    return NOT_RESOLVED if np.isinf(resolution_nm) else f"{resolution_nm:.{decimals}f} nm"


def half_bit_threshold(voxels: np.ndarray) -> np.ndarray:
    """Correlation at which a shell of so many independent voxels holds half a bit of information a voxel (van Heel and Schatz 2005)."""
    root = np.sqrt(np.maximum(voxels, 1.0))
    return np.minimum((0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root), 1.0)


def _check_volumes(first: np.ndarray, second: np.ndarray) -> None:
    if first.ndim != 3 or first.shape != second.shape or min(first.shape) < 4:
        raise InputError(f"volumes of the shapes {first.shape} and {second.shape}: two of the same shape (z, y, x), 4 voxels at least")
    if not all(np.all(np.isfinite(volume)) and np.ptp(volume) > 0 for volume in (first, second)):
        raise InputError("a volume holds nothing but a constant, or values that are no numbers: there is nothing to correlate")


def _soft_window(shape: tuple[int, ...]) -> np.ndarray:
    window = np.ones(shape, np.float32)
    for axis, count in enumerate(shape):
        inner = (np.arange(count) + 0.5) / count
        distance = np.minimum(inner, 1.0 - inner) / _EDGE_SHARE
        profile = 0.5 - 0.5 * np.cos(np.pi * np.minimum(distance, 1.0))
        window *= profile.reshape([-1 if number == axis else 1 for number in range(3)]).astype(np.float32)
    return window


def _spectrum(volume: np.ndarray, window: np.ndarray) -> np.ndarray:
    mean = np.sum(volume * window, dtype=float) / np.sum(window, dtype=float)
    return scipy.fft.rfftn((volume.astype(np.float32, copy=False) - np.float32(mean)) * window, overwrite_x=True)


def _shell_table(
    spectra: list[np.ndarray], shape: tuple[int, ...], voxel_size_nm: float, direction: str, window_share: float
) -> pd.DataFrame:
    axes = [np.fft.fftfreq(count, voxel_size_nm) for count in shape[:2]] + [np.fft.rfftfreq(shape[2], voxel_size_nm)]
    components = np.meshgrid(*(axis.astype(np.float32) for axis in axes), indexing="ij", sparse=True)
    frequency = np.sqrt(sum(component**2 for component in components))
    width = 1.0 / (voxel_size_nm * max(shape))
    shell = np.rint(frequency / width).astype(np.int32)
    chosen = (shell >= 1) & (frequency <= 0.5 / voxel_size_nm) & _own_half(spectra[0].shape, shape[2])
    if direction != ALL_DIRECTIONS:
        chosen &= np.abs(components[DIRECTIONS[direction]]) >= np.cos(np.deg2rad(_CONE_DEG)) * frequency
    number, one, other = shell[chosen], spectra[0][chosen], spectra[1][chosen]
    cross = np.bincount(number, (one * np.conj(other)).real)
    power = np.bincount(number, np.abs(one) ** 2) * np.bincount(number, np.abs(other) ** 2)
    voxels = np.bincount(number)
    kept = np.flatnonzero((voxels > 0) & (power > 0))
    table = pd.DataFrame(
        {"direction": direction, "spatial_frequency_per_nm": kept * width, "correlation": cross[kept] / np.sqrt(power[kept])}
    )
    return table.assign(half_bit=half_bit_threshold(voxels[kept] * window_share), voxels=voxels[kept])[SHELL_COLUMNS]


def _own_half(shape: tuple[int, ...], columns: int) -> np.ndarray:
    """Voxels of the half spectrum that are not the complex conjugates of others of it."""
    own = np.ones(shape, bool)
    last = [0] if columns % 2 else [0, columns // 2]
    own[:, :, last] = False
    depth, rows = shape[:2]
    plane, row = np.meshgrid(np.arange(depth), np.arange(rows), indexing="ij")
    mirrored = ((-plane) % depth) * rows + (-row) % rows
    own[:, :, last] = (plane * rows + row <= mirrored)[:, :, None]
    return own
