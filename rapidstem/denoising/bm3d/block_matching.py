"""BM3D for correlated noise (Makinen, Azzari and Foi 2020), with the noise model that suits the frames best."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy
from safetensors.numpy import load_file, save_file

from rapidstem.denoising.bm3d.collaborative_filter import LARGEST_OFFSET_PX, collaborative_filter
from rapidstem.denoising.bm3d.noise_kernels import noise_spectrum
from rapidstem.denoising.bm3d.noise_statistics import NoiseStatistics, measure_noise
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.settings import BlockMatchingSettings
from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.numerics import evenly_spread
from rapidstem.progress import tracked

SPECTRUM, CARD = "spectrum.safetensors", "model.json"
# Cut off all round, as block matching repeats its patches at the edge; half of its 8 px blocks.
_EDGE_PX = 4

Score = Callable[[np.ndarray, np.ndarray, tuple[slice, slice]], float]


@dataclass(frozen=True)
class TunedFilter:
    """BM3D with a chosen noise model.

    Attributes
    ----------
    noise
        Measured on the tuning fields.
    model
        Noise of the `measured` spectrum, or of the measured variance and a spectrum of `rapidstem.denoising.bm3d.noise_kernels`.
    variance_factor
        That the variance is multiplied with.
    """

    noise: NoiseStatistics
    model: str
    variance_factor: float


@dataclass(frozen=True)
class Trial:
    """The mean score of one noise model against the references of the tuning fields."""

    model: str
    variance_factor: float
    score: float


def tune(
    fields: Sequence[TrainingField], settings: BlockMatchingSettings, score: Score, threads: int = 1
) -> tuple[TunedFilter, list[Trial]]:
    """Choose the noise model with the best score against the references.

    The noise is measured on the tuning fields. All noise models of the settings are tried at every factor of the variance, on the
    middle frame of each field.

    Parameters
    ----------
    fields
        All training fields; `settings.tuning_fields` of them are used.
    settings
        Of the filter.
    score
        Of an image against a reference within a rectangle of rows and columns; the higher the better, as a PSNR.
    threads
        That filter side by side.

    Returns
    -------
    the best filter, and the score of every trial

    Raises
    ------
    InputError
        if there is no field, or a tuning field has a single frame and no slow image.
    """
    if not fields:
        raise InputError("bm3d: no field of view is left to tune on")
    chosen = evenly_spread(len(fields), settings.tuning_fields)
    tuning_fields = [fields[index] for index in chosen]
    noise = measure_noise(tuning_fields)
    candidates = [TunedFilter(noise, model, factor) for model in settings.noise_models for factor in settings.variance_factors]
    jobs = [(candidate, field) for candidate in candidates for field in tuning_fields]
    scores = np.reshape(_side_by_side(partial(_scored, score=score), jobs, threads), (len(candidates), len(tuning_fields))).mean(axis=1)
    trials = [Trial(each.model, each.variance_factor, float(score)) for each, score in zip(candidates, scores, strict=True)]
    return candidates[int(np.argmax(scores))], trials


def denoise_with_bm3d(frames: np.ndarray, tuned: TunedFilter, threads: int = 1) -> np.ndarray:
    """Filter frames one by one; intensities stay on the scale of the frames.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw frames.
    tuned
        From `tune`.
    threads
        That filter side by side; a frame of 256x256 pixels takes a thread about a second, the first some ten more.

    Returns
    -------
    (frame, y, x) float32

    Raises
    ------
    InputError
        if the frames are smaller than a block of 8x8 pixels.
    """
    return np.stack(_side_by_side(partial(_filter_frame, tuned=tuned), list(frames), threads)).astype(np.float32)


def write_filter(folder: Path | str, tuned: TunedFilter, trials: Sequence[Trial]) -> None:
    """Write `spectrum.safetensors` and `model.json` with the choice and all trials.

    Parameters
    ----------
    folder
        Where the files are written.
    tuned
        The chosen filter.
    trials
        All that was tried, kept in the card.
    """
    folder = Path(folder)
    with written_beside(folder / SPECTRUM) as temporary:
        save_file({"spectrum": np.ascontiguousarray(tuned.noise.spectrum)}, temporary)
    card = {
        "denoiser": "bm3d",
        "noise_model": tuned.model,
        "variance_factor": tuned.variance_factor,
        "gain": tuned.noise.gain,
        "offset": tuned.noise.offset,
        "trials": [vars(trial) for trial in trials],
    }
    with written_beside(folder / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def read_filter(folder: Path | str) -> TunedFilter:
    """Read what `write_filter` wrote.

    Parameters
    ----------
    folder
        Where `write_filter` has written.

    Raises
    ------
    InputError
        if files lack or are damaged.
    """
    folder = Path(folder)
    try:
        card = json.loads((folder / CARD).read_text())
        noise = NoiseStatistics(card["gain"], card["offset"], load_file(folder / SPECTRUM)["spectrum"])
        return TunedFilter(noise, card["noise_model"], card["variance_factor"])
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or folder / SPECTRUM}: there is no tuned filter; tune it first") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: the tuned filter cannot be read ({error}); tune it again") from error


def _filter_frame(frame: np.ndarray, tuned: TunedFilter) -> np.ndarray:
    image = tuned.noise.stabilised(frame.astype(np.float64))
    if image.min() == image.max():
        return frame.astype(np.float64)
    return tuned.noise.restored(collaborative_filter(image, _autocovariance(tuned, image.shape)).astype(np.float64))


def _autocovariance(tuned: TunedFilter, shape: tuple[int, int]) -> np.ndarray:
    """Of the noise, at the offsets that the filter asks for, offset zero in the middle; a small image has those of a larger one."""
    wide = tuple(max(size, 2 * (LARGEST_OFFSET_PX + 1)) for size in shape)
    covariance = np.fft.fftshift(np.fft.ifft2(whole_spectrum(tuned, (wide[0], wide[1]))).real)
    middle = [size // 2 for size in wide]
    y, x = (slice(centre - LARGEST_OFFSET_PX, centre + LARGEST_OFFSET_PX + 1) for centre in middle)
    return covariance[y, x]


def whole_spectrum(tuned: TunedFilter, shape: tuple[int, int]) -> np.ndarray:
    """Power a pixel of the noise of an image, zero frequency at [0, 0]; its mean is the variance."""
    if tuned.model == "measured":
        return tuned.noise.spectrum_for(shape) * tuned.variance_factor
    return noise_spectrum(tuned.model, shape) * tuned.noise.spectrum.mean() * tuned.variance_factor


def _scored(job: tuple[TunedFilter, TrainingField], score: Score) -> float:
    tuned, field = job
    index = len(field.frames) // 2
    shift = field.shift_px[index]
    reference = np.where(np.isfinite(field.reference), field.reference, field.valid_reference.mean())
    reference = scipy.ndimage.shift(reference, shift, order=3, mode="nearest")
    area = tuple(
        slice(max(int(np.ceil(valid.start + moved)), 0) + _EDGE_PX, min(int(valid.stop + moved), size) - _EDGE_PX)
        for valid, moved, size in zip((field.rows, field.columns), shift, reference.shape, strict=True)
    )
    return score(_filter_frame(field.frames[index], tuned), reference, (area[0], area[1]))


def _side_by_side(function: Callable, jobs: Sequence, threads: int) -> list:
    with ThreadPoolExecutor(threads) as pool:
        return list(tracked(pool.map(function, jobs), "BM3D", len(jobs), "image"))
