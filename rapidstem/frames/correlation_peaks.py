"""Displacements from cross-spectra: the highest point of the correlation, found on a coarse grid and refined by Newton's method."""

import numpy as np
import scipy

from rapidstem.frames.frame_spectra import Band, shift_phases

# From the nearest sample of the coarse grid three steps reach rounding error of single precision.
NEWTON_STEPS = 3


def correlation_peaks(cross: np.ndarray, band: Band, start_px: np.ndarray) -> np.ndarray:
    """Highest point (frame, 2) of each correlation, (dy, dx), to a fraction of a pixel.

    Parameters
    ----------
    cross : (frame, ky, kx)
        Weighted cross-spectra, conj(reference) * frame.
    band
        Their wave numbers.
    start_px : (frame, 2)
        Where Newton's method starts.

    Returns
    -------
    (frame, 2)
        (dy, dx) in pixels.
    """
    shifts = start_px
    for _ in range(NEWTON_STEPS):
        gradient, curvature = _slopes(cross, shifts, band)
        shifts = shifts - bounded_steps(np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0], band)
    return shifts


def highest_samples(cross: np.ndarray, band: Band, shape: tuple[int, ...]) -> np.ndarray:
    """Highest sample (frame, 2) of each correlation, (dy, dx), on the coarse grid that the band allows.

    Parameters
    ----------
    cross : (frame, ky, kx)
        Weighted cross-spectra.
    band
        Their wave numbers.
    shape
        Rows and columns of a frame.

    Returns
    -------
    (frame, 2)
        (dy, dx) in pixels.
    """
    sizes = [scipy.fft.next_fast_len(2 * modes + 2, real=True) for modes in (band.row_modes, band.column_modes)]
    padded = np.zeros((len(cross), sizes[0], sizes[1] // 2 + 1), dtype=np.complex64)
    padded[:, : band.row_modes + 1, : band.column_modes + 1] = cross[:, : band.row_modes + 1]
    padded[:, -band.row_modes :, : band.column_modes + 1] = cross[:, band.row_modes + 1 :]
    correlation = scipy.fft.irfft2(padded, s=sizes)
    highest = np.stack(np.unravel_index(correlation.reshape(len(cross), -1).argmax(axis=1), sizes), axis=1)
    signed = np.where(highest > np.array(sizes) / 2, highest - np.array(sizes), highest)
    return signed * np.array(shape) / np.array(sizes)


def _slopes(cross: np.ndarray, shifts: np.ndarray, band: Band) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (frame, 2) and curvature (frame, 2, 2) of the correlations at the given shifts, dy first."""
    rows, columns = shift_phases(shifts, band)
    angular_y, angular_x = 2j * np.pi * band.row_frequency, 2j * np.pi * band.column_frequency
    by_row = np.stack([rows, rows * angular_y, rows * angular_y**2], axis=1).astype(np.complex64)
    moments = by_row @ cross
    by_column = np.stack([columns, columns * angular_x, columns * angular_x**2], axis=2) * band.doubling[:, None]
    derivatives = (moments @ by_column.astype(np.complex64)).real.astype(float)
    gradient = np.stack([derivatives[:, 1, 0], derivatives[:, 0, 1]], axis=1)
    mixed = derivatives[:, 1, 1]
    curvature = np.stack([derivatives[:, 2, 0], mixed, mixed, derivatives[:, 0, 2]], axis=1).reshape(-1, 2, 2)
    return gradient, negative_definite(curvature)


def negative_definite(curvature: np.ndarray) -> np.ndarray:
    """Curvatures (frame, 2, 2) whose eigenvalues are made negative where noise has turned them round."""
    values, vectors = np.linalg.eigh(curvature)
    smallest = 1e-3 * np.abs(values).max(axis=1, keepdims=True) + 1e-30
    return (vectors * np.minimum(values, -smallest)[:, None, :]) @ vectors.transpose(0, 2, 1)


def bounded_steps(steps: np.ndarray, band: Band) -> np.ndarray:
    """Steps (frame, 2), dy first, of no more than a quarter of the shortest period along each axis."""
    longest = 0.25 / np.array([band.row_frequency.max(), band.column_frequency.max()])
    return np.clip(steps, -longest, longest)
