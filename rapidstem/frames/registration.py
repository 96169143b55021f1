"""Drift of repeatedly scanned frames, sub-pixel and robust against streaks, fixed patterns and outliers.

The frames are compared in a band of their spectra. Every frame is correlated with the mean of all others (so that its own noise
cannot attract it to where it already is), the means are rebuilt from the better shifts, and the spectrum is weighted by the measured
signal and noise, which is what a maximum-likelihood estimate of a displacement asks for.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.errors import InputError
from rapidstem.frames.aligned_mean import aligned_chunks, aligned_mean, spectrum_chunks
from rapidstem.frames.correlation_peaks import correlation_peaks, expected_errors, highest_samples
from rapidstem.frames.fixed_pattern import HalfMeans
from rapidstem.frames.frame_checks import frame_fault
from rapidstem.frames.frame_spectra import Band, band_spectra, choose_band, feature_weights, frame_blocks, shift_phases

SMALLEST_SIDE = 16
ANCHORS = 3
SEARCHING_PASSES = 2
FINAL_PASSES = 1
LARGEST_MARGIN_SHARE = 0.125
OUTLIER_DEVIATIONS = 5.0
SMALLEST_SPREAD = 0.05
LOWEST_SIGNIFICANCE = 5.0


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
        where fewer than two frames can be used, the frames are smaller than 16 x 16 pixels, or show no common features
    """
    if min(frames.shape[1:]) < SMALLEST_SIDE:
        raise InputError(
            f"frames of {frames.shape[1]} x {frames.shape[2]} pixels are too small to be registered; {SMALLEST_SIDE} is the least"
        )
    band = choose_band(frames.shape[1:])
    spectra, pattern_power, faults = _usable_spectra(frames, band)
    good = np.flatnonzero([not fault for fault in faults])
    if good.size < 2:
        reasons = "; ".join(f"frame {number} {fault}" for number, fault in enumerate(faults) if fault) or "only one frame is given"
        raise InputError(f"registration needs at least two usable frames, {good.size} left: {reasons}")
    shape = (frames.shape[1], frames.shape[2])
    weights = feature_weights(band, shape)
    shifts = _anchored_shifts(spectra, pattern_power, band, weights, shape)
    shifts, _, kept = _improved_shifts(spectra, shifts, pattern_power, band, weights, shape)
    significance = _significance(spectra, shifts, kept, weights, band)
    if np.median(significance[kept]) < LOWEST_SIGNIFICANCE:
        raise InputError("the frames cannot be registered: they show no common features above their noise")
    _let_window_follow(spectra, frames, good, shifts, kept, band)
    shifts, residuals, kept = _improved_shifts(spectra, shifts, pattern_power, band, weights, None)
    alike = kept & (significance > LOWEST_SIGNIFICANCE)
    return _gathered(good, shifts, residuals, alike, faults)


def _usable_spectra(frames: np.ndarray, band: Band) -> tuple[np.ndarray, float, list[str]]:
    spectra = np.empty((len(frames), *band.shape), np.complex64)
    faults: list[str] = []
    halves = HalfMeans(frames.shape[1:])
    count = 0
    for block in frame_blocks(frames.shape):
        pixels = np.asarray(frames[block])
        found = [frame_fault(frame) for frame in pixels]
        faults += found
        usable = pixels[[not fault for fault in found]] if any(found) else pixels
        halves.add(usable)
        spectra[count : count + len(usable)] = band_spectra(usable, band)
        count += len(usable)
    return spectra[:count], halves.pattern_power(band.binning), faults


def _let_window_follow(spectra: np.ndarray, frames: np.ndarray, good: np.ndarray, shifts: np.ndarray, kept: np.ndarray, band: Band) -> None:
    """Take the spectra anew, of the same part of the specimen in all frames, so that the window cannot pull the shifts to zero."""
    largest = LARGEST_MARGIN_SHARE * np.array(frames.shape[1:])
    margin = np.minimum(np.abs(shifts[kept]).max(axis=0), largest)
    for block in frame_blocks(frames.shape):
        inside = (good >= block.start) & (good < block.stop)
        if inside.any():
            pixels = np.asarray(frames[block])[good[inside] - block.start]
            spectra[inside] = band_spectra(pixels, band, shifts[inside], margin)


def _improved_shifts(
    spectra: np.ndarray, shifts: np.ndarray, pattern_power: float, band: Band, weights: np.ndarray, search: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shifts against the mean of the others, rebuilt in every pass, their expected errors and the frames kept.

    With the shape of the frames as `search` each pass looks for the highest peak anywhere, else near the given shifts. Shifts whose
    sum is zero differ from the mean of the n - 1 others by n / (n - 1) of what they differ from the mean of all; the steps are
    shortened by that.
    """
    kept = np.ones(len(spectra), dtype=bool)
    steps, residuals, correlations = np.zeros_like(shifts), np.zeros(len(shifts)), np.zeros(len(shifts))
    for _ in range(SEARCHING_PASSES if search else FINAL_PASSES):
        mean = aligned_mean(spectra, shifts, kept, band)
        likelihood = weights * mean.likelihood_weights(pattern_power)
        for chunk, aligned, phases in aligned_chunks(spectra, shifts, band):
            others = mean.of_others(aligned, kept[chunk])
            cross = np.conj(others) * aligned
            if pattern_power > 0:
                cross -= pattern_power * mean.pattern_share(phases, kept[chunk])
            cross *= likelihood
            start = highest_samples(cross, band, search) if search else np.zeros_like(shifts[chunk])
            steps[chunk] = correlation_peaks(cross, band, start)
            residuals[chunk] = expected_errors(cross, steps[chunk], band)
            correlations[chunk] = _correlations(others, aligned, likelihood, steps[chunk], band)
        shifts = shifts + steps * (1 - kept / mean.number)[:, None]
        kept = ~_outliers(correlations, residuals)
        shifts -= shifts[kept].mean(axis=0)
    return shifts, residuals, kept


def _significance(spectra: np.ndarray, shifts: np.ndarray, kept: np.ndarray, weights: np.ndarray, band: Band) -> np.ndarray:
    """Correlation (frame,) with the mean of the others at the shift found, in standard deviations of that at random shifts."""
    mean = aligned_mean(spectra, shifts, kept, band)
    half = np.where(band.column_frequency > 0, np.sqrt(2), 1).astype(np.float32)
    significance = np.zeros(len(spectra))
    for chunk, aligned, _ in aligned_chunks(spectra, shifts, band):
        cross = np.conj(mean.of_others(aligned, kept[chunk])) * aligned * (weights * half)
        significance[chunk] = (cross.real * half).sum(axis=(1, 2)) / (np.linalg.norm(cross, axis=(1, 2)) + 1e-30)
    return significance


def _anchored_shifts(spectra: np.ndarray, pattern_power: float, band: Band, weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Shifts against the one of a few frames with which most frames correlate best."""
    count = len(spectra)
    best_score, best_shifts = -np.inf, np.zeros((count, 2))
    for anchor in np.unique(np.linspace(0, count - 1, ANCHORS + 2).round().astype(int)[1:-1]):
        shifts, scores = np.zeros((count, 2)), np.zeros(count)
        for chunk in spectrum_chunks(spectra):
            cross = (np.conj(spectra[anchor]) * spectra[chunk] - pattern_power) * weights
            shifts[chunk] = highest_samples(cross, band, shape)
            scores[chunk] = _correlations(spectra[anchor][None], spectra[chunk], weights, shifts[chunk], band)
        score = float(np.median(np.delete(scores, anchor)))
        if score > best_score:
            best_score, best_shifts = score, shifts
    return best_shifts


def _correlations(reference: np.ndarray, spectra: np.ndarray, weights: np.ndarray, shifts: np.ndarray, band: Band) -> np.ndarray:
    """Correlation coefficient (frame,) of each spectrum, brought back by its shift, with its reference."""
    rows, columns = shift_phases(shifts, band)
    weighting = weights * np.where(band.column_frequency > 0, 2, 1).astype(np.float32)
    common = np.conj(reference) * spectra * weighting
    products = ((rows[:, None, :] @ common)[:, 0, :] * columns).sum(axis=1).real
    own, other = (((each.real**2 + each.imag**2) * weighting).sum(axis=(1, 2)) for each in (spectra, reference))
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
    unlike = "differs too much from the mean of the others or shares no feature with it"
    reasons = tuple(fault or ("" if use else unlike) for fault, use in zip(faults, used, strict=True))
    return Drift(shift_px, residual_px, used, reasons)
