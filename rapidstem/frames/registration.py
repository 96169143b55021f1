"""Drift of repeatedly scanned frames, sub-pixel and robust against streaks, fixed patterns and outliers.

The frames are compared in a band of their spectra. Every frame is correlated with the mean of all others (so that its own noise
cannot attract it to where it already is), the means are rebuilt from the better shifts, and the spectrum is weighted by the measured
signal and noise, which is what a maximum-likelihood estimate of a displacement asks for.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from rapidstem.errors import InputError
from rapidstem.frames.fixed_pattern import HalfMeans
from rapidstem.frames.frame_checks import frame_fault
from rapidstem.frames.frame_spectra import Band, band_spectra, choose_band, feature_weights, frame_blocks, shift_phases

ANCHORS = 5
PASSES = 4
NEWTON_STEPS = 4
SPECTRUM_GROUPS = 16
GROUP_MODES = 6
OUTLIER_DEVIATIONS = 5.0
SMALLEST_SPREAD = 0.05


@dataclass(frozen=True)
class Drift:
    """Where the specimen has moved to in every frame.

    Attributes
    ----------
    shift_px : (frame, 2), (dy, dx); what lies at (y, x) in the reference appears in the frame at (y + dy, x + dx). The mean over
        the used frames is zero; NaN where a frame could not be registered at all
    residual_px : (frame,), expected length of the error of the shift, from the scatter between independent parts of the spectrum
    used : (frame,) bool, False for outliers and unreadable frames
    reason : (frame,) why a frame is not used, empty for used frames
    """

    shift_px: np.ndarray
    residual_px: np.ndarray
    used: np.ndarray
    reason: tuple[str, ...] = ()


def register_frames(frames: np.ndarray) -> Drift:
    """Register frames to their common mean.

    Parameters
    ----------
    frames : (frame, y, x), any real dtype; read block by block, so that a memory map or HDF5 data set will do

    Returns
    -------
    Drift

    Raises
    ------
    InputError
        where fewer than two frames can be used

    Notes
    -----
    The residual is the sandwich estimate: the scatter of the gradients of the correlation over groups of spectral coefficients,
    propagated through its curvature.
    """
    band = choose_band(frames.shape[1:])
    spectra, pattern_power, faults = _usable_spectra(frames, band)
    good = np.flatnonzero([not fault for fault in faults])
    if good.size < 2:
        reasons = "; ".join(f"frame {number} {fault}" for number, fault in enumerate(faults) if fault) or "only one frame is given"
        raise InputError(f"registration needs at least two usable frames, {good.size} left: {reasons}")
    shape = (frames.shape[1], frames.shape[2])
    shifts, residuals, correlations = _iterated_shifts(spectra, pattern_power, band, feature_weights(band, shape), shape)
    kept = ~_outliers(correlations, residuals)
    return _gathered(good, shifts, residuals, kept, faults)


def _usable_spectra(frames: np.ndarray, band: Band) -> tuple[np.ndarray, float, list[str]]:
    spectra, faults = [], []
    halves = HalfMeans(frames.shape[1:])
    for block in frame_blocks(frames.shape):
        pixels = np.asarray(frames[block])
        found = [frame_fault(frame) for frame in pixels]
        good = [not fault for fault in found]
        faults += found
        if any(good):
            usable = pixels if all(good) else pixels[good]
            halves.add(usable)
            spectra.append(band_spectra(usable, band))
    gathered = np.concatenate(spectra) if spectra else np.empty((0, 1, 1), np.complex64)
    return gathered, halves.pattern_power(band.binning), faults


def _iterated_shifts(
    spectra: np.ndarray, pattern_power: float, band: Band, weights: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shifts = _anchored_shifts(spectra, pattern_power, band, weights, shape)
    kept = np.ones(len(spectra), dtype=bool)
    for _ in range(PASSES):
        rows, columns = shift_phases(shifts, band)
        phases = rows[:, :, None] * columns[:, None, :]
        aligned = spectra * phases
        others = _means_of_others(aligned, kept)
        likelihood = weights * _likelihood_weights(aligned[kept], pattern_power)
        cross = np.conj(others) * aligned
        if pattern_power > 0:
            cross -= pattern_power * np.conj(_means_of_others(phases, kept)) * phases
        steps, residuals = _correlation_peaks(cross * likelihood, band, shape)
        correlations = _correlations(others, aligned, likelihood, steps, band)
        kept = ~_outliers(correlations, residuals)
        shifts = shifts + steps
        shifts -= shifts[kept].mean(axis=0)
    return shifts, residuals, correlations


def _anchored_shifts(spectra: np.ndarray, pattern_power: float, band: Band, weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Shifts against the one of a few frames with which most frames correlate best."""
    count = len(spectra)
    best_score, best_shifts = -np.inf, np.zeros((count, 2))
    for anchor in np.unique(np.linspace(0, count - 1, ANCHORS + 2).round().astype(int)[1:-1]):
        shifts, _ = _correlation_peaks((np.conj(spectra[anchor]) * spectra - pattern_power) * weights, band, shape)
        scores = _correlations(spectra[anchor], spectra, weights, shifts, band)
        score = float(np.median(np.delete(scores, anchor)))
        if score > best_score:
            best_score, best_shifts = score, shifts
    return best_shifts


def _means_of_others(spectra: np.ndarray, kept: np.ndarray) -> np.ndarray:
    number = kept.sum()
    own = kept[:, None, None].astype(np.float32)
    return (spectra[kept].sum(axis=0) - spectra * own) / np.maximum(number - own, 1)


def _likelihood_weights(aligned: np.ndarray, pattern_power: float) -> np.ndarray:
    """Wiener factor of the mean over the noise power, both smoothed along ky (streak noise varies along kx)."""
    count = len(aligned)
    mean = aligned.mean(axis=0)
    noise = (np.abs(aligned - mean) ** 2).mean(axis=0) * count / max(count - 1, 1)
    noise = np.fft.ifftshift(ndimage.uniform_filter1d(np.fft.fftshift(noise, axes=0), 9, axis=0), axes=0)
    total = np.abs(mean) ** 2
    total = np.fft.ifftshift(ndimage.uniform_filter(np.fft.fftshift(total, axes=0), 5), axes=0)
    signal = np.maximum(total - noise / count - pattern_power, 0)
    floor = 1e-3 * float(noise.mean()) + 1e-30
    noise = noise + pattern_power + floor
    return (signal / (signal + noise / count + pattern_power) / noise).astype(np.float32)


def _correlation_peaks(cross: np.ndarray, band: Band, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Highest point of each correlation, to a fraction of a pixel, and its expected error."""
    shifts = _highest_samples(cross, band, shape)
    for _ in range(NEWTON_STEPS):
        gradient, curvature = _slopes(cross, shifts, band)
        shifts = shifts - _bounded(np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0], band)
    return shifts, _expected_errors(cross, shifts, band)


def _highest_samples(cross: np.ndarray, band: Band, shape: tuple[int, int]) -> np.ndarray:
    sizes = [fft.next_fast_len(2 * modes + 2, real=True) for modes in (band.row_modes, band.column_modes)]
    padded = np.zeros((len(cross), sizes[0], sizes[1] // 2 + 1), dtype=np.complex64)
    padded[:, : band.row_modes + 1, : band.column_modes + 1] = cross[:, : band.row_modes + 1]
    padded[:, -band.row_modes :, : band.column_modes + 1] = cross[:, band.row_modes + 1 :]
    correlation = fft.irfft2(padded, s=sizes)
    highest = np.stack(np.unravel_index(correlation.reshape(len(cross), -1).argmax(axis=1), sizes), axis=1)
    signed = np.where(highest > np.array(sizes) / 2, highest - np.array(sizes), highest)
    return signed * np.array(shape) / np.array(sizes)


def _slopes(cross: np.ndarray, shifts: np.ndarray, band: Band) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (frame, 2) and curvature (frame, 2, 2) of the correlations at the given shifts, dy first."""
    rows, columns = shift_phases(shifts, band)
    angular_y, angular_x = 2j * np.pi * band.row_frequency, 2j * np.pi * band.column_frequency
    by_row = np.stack([rows, rows * angular_y, rows * angular_y**2], axis=1).astype(np.complex64)
    moments = by_row @ cross
    twice = np.where(band.column_frequency > 0, 2, 1)
    by_column = np.stack([columns, columns * angular_x, columns * angular_x**2], axis=2) * twice[:, None]
    derivatives = (moments @ by_column.astype(np.complex64)).real.astype(float)
    gradient = np.stack([derivatives[:, 1, 0], derivatives[:, 0, 1]], axis=1)
    mixed = derivatives[:, 1, 1]
    curvature = np.stack([derivatives[:, 2, 0], mixed, mixed, derivatives[:, 0, 2]], axis=1).reshape(-1, 2, 2)
    return gradient, _negative_definite(curvature)


def _negative_definite(curvature: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(curvature)
    smallest = 1e-3 * np.abs(values).max(axis=1, keepdims=True) + 1e-30
    return (vectors * np.minimum(values, -smallest)[:, None, :]) @ vectors.transpose(0, 2, 1)


def _bounded(steps: np.ndarray, band: Band) -> np.ndarray:
    longest = 0.25 / band.column_frequency.max()
    return np.clip(steps, -longest, longest)


def _expected_errors(cross: np.ndarray, shifts: np.ndarray, band: Band) -> np.ndarray:
    rows, columns = shift_phases(shifts, band)
    slope = -((cross * rows[:, :, None]) * columns[:, None, :]).imag.reshape(len(cross), -1)
    groups = _spectral_groups(band)
    twice = np.where(band.column_frequency > 0, 2, 1)[None, :]
    angular = 2 * np.pi * np.stack(np.broadcast_arrays(band.row_frequency[:, None] * twice, band.column_frequency[None, :] * twice))
    gradients = np.stack([slope @ (groups * part.reshape(-1, 1)).astype(np.float32) for part in angular], axis=1).astype(float)
    gradients -= gradients.mean(axis=2, keepdims=True)
    scatter = gradients @ gradients.transpose(0, 2, 1) * SPECTRUM_GROUPS / (SPECTRUM_GROUPS - 1)
    inverse = np.linalg.inv(_slopes(cross, shifts, band)[1])
    covariance = inverse @ scatter @ inverse
    return np.sqrt(np.trace(covariance, axis1=1, axis2=2))


def _spectral_groups(band: Band) -> np.ndarray:
    """Membership (ky * kx, group) of blocks of neighbouring coefficients, which the fading edges make dependent."""
    blocks_y = np.fft.fftshift(np.arange(2 * band.row_modes + 1))
    blocks_y = np.fft.ifftshift(np.arange(2 * band.row_modes + 1) // GROUP_MODES)
    blocks_x = np.arange(band.column_modes + 1) // GROUP_MODES
    labels = (blocks_y[:, None] * 5 + blocks_x[None, :] * 7) % SPECTRUM_GROUPS
    return (labels.reshape(-1, 1) == np.arange(SPECTRUM_GROUPS)).astype(np.float32)


def _correlations(reference: np.ndarray, spectra: np.ndarray, weights: np.ndarray, shifts: np.ndarray, band: Band) -> np.ndarray:
    """Correlation coefficient (frame,) of each spectrum, brought back by its shift, with its reference."""
    rows, columns = shift_phases(shifts, band)
    weighting = weights * np.where(band.column_frequency > 0, 2, 1).astype(np.float32)
    common = np.conj(reference) * spectra * weighting
    products = ((rows[:, None, :] @ common)[:, 0, :] * columns).sum(axis=1).real
    own = (np.abs(spectra) ** 2 * weighting).sum(axis=(1, 2))
    other = (np.abs(np.broadcast_to(reference, spectra.shape)) ** 2 * weighting).sum(axis=(1, 2))
    return products / np.sqrt(own * other + 1e-30)


def _outliers(correlations: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Frames that correlate far worse, or are placed far less surely, than the majority (median and median deviation)."""
    typical = np.median(correlations)
    spread = 1.4826 * np.median(np.abs(correlations - typical)) + SMALLEST_SPREAD * abs(typical)
    unlike = correlations < typical - OUTLIER_DEVIATIONS * spread
    doubtful = residuals > OUTLIER_DEVIATIONS * np.median(residuals) + 0.5
    outliers = unlike | doubtful
    return outliers if (~outliers).sum() >= 2 else np.zeros(len(outliers), dtype=bool)


def _gathered(good: np.ndarray, shifts: np.ndarray, residuals: np.ndarray, kept: np.ndarray, faults: list[str]) -> Drift:
    shift_px = np.full((len(faults), 2), np.nan)
    residual_px = np.full(len(faults), np.nan)
    used = np.zeros(len(faults), dtype=bool)
    shift_px[good], residual_px[good], used[good] = shifts - shifts[kept].mean(axis=0), residuals, kept
    unlike = "differs too much from the mean of the others"
    reasons = tuple(fault or ("" if use else unlike) for fault, use in zip(faults, used, strict=True))
    return Drift(shift_px, residual_px, used, reasons)
