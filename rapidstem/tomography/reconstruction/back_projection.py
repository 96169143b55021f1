"""Weighted back projection: one pass, a fast look at a series."""

import numpy as np
import scipy

from rapidstem.tomography.reconstruction.sparse_products import SparseRows

# Of the mean step between frames.
_SAME_TILT_SHARE = 0.1


def angular_weights(angle_rad: np.ndarray) -> np.ndarray:
    """Share of the half circle that each angle stands for, (frame, ...), in radians: half the way to its two neighbours.

    The first and the last angle stand for as much as their distance to the only neighbour. Frames of one tilt, nearer to each other than a
    tenth of the mean step, share what one frame would stand for, so that the sum is the range and half of its first and last step. Angles
    may come in any order; frames of a single tilt stand for the whole half circle.

    Parameters
    ----------
    angle_rad : np.ndarray, (frame, ...)
        Of the frames, or of each of their rows.

    Returns
    -------
    np.ndarray, (frame, ...)
        In radians.
    """
    return np.apply_along_axis(_shares, 0, angle_rad)


def _shares(angle_rad: np.ndarray) -> np.ndarray:
    """The same of the angles (frame,) of one row."""
    order = np.argsort(angle_rad)
    steps = np.diff(angle_rad[order])
    tilt = np.concatenate([[0], np.cumsum(steps > _SAME_TILT_SHARE * steps.mean())]) if len(steps) else np.zeros(1, int)
    frames = np.bincount(tilt)
    between = np.diff(np.bincount(tilt, angle_rad[order]) / frames)
    share = (np.append(between[:1], between) + np.append(between, between[-1:])) / 2 if len(between) else np.array([np.pi])
    weights = np.empty(len(angle_rad))
    weights[order] = (share / frames)[tilt]
    return weights


def filtered_rows(frames: np.ndarray) -> np.ndarray:
    """Ramp filter along the rows' axis with a Hamming window, (frame, row, column), float32.

    The ramp is the transform of its sampled impulse response, so that the mean is treated rightly.

    Parameters
    ----------
    frames : np.ndarray, (frame, row, column)
        Aligned series.

    Returns
    -------
    np.ndarray, (frame, row, column), float32
        In the unit of the frames a pixel.

    References
    ----------
    A. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (IEEE 1988), equation 61.
    """
    rows = frames.shape[1]
    size = scipy.fft.next_fast_len(2 * rows, real=True)
    distance = np.minimum(np.arange(size), size - np.arange(size))
    odd = distance % 2 == 1
    response = np.where(odd, -1 / (np.pi * np.maximum(distance, 1)) ** 2, 0.0)
    response[0] = 0.25
    window = 0.54 + 0.46 * np.cos(2 * np.pi * scipy.fft.rfftfreq(size))
    spectrum = scipy.fft.rfft(frames, size, axis=1) * (scipy.fft.rfft(response).real * window).astype(np.float32)[:, None]
    return scipy.fft.irfft(spectrum, size, axis=1)[:, :rows].astype(np.float32, copy=False)


def back_project(transposed: SparseRows, filtered: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of the filtered rays over the voxels they cross, each with its angular weight.

    Parameters
    ----------
    transposed : SparseRows, (voxel, ray)
        A^T.
    filtered : np.ndarray, (ray, slice), float32
    weights : np.ndarray, (ray,)
        From `angular_weights`.

    Returns
    -------
    np.ndarray, (voxel, slice), float32

    References
    ----------
    M. Radermacher, in J. Frank (ed.), Electron Tomography (Plenum 1992), 91.
    """
    volume = np.zeros((transposed.rows, filtered.shape[1]), np.float32)
    transposed.add_product(np.ascontiguousarray(filtered * weights[:, None], np.float32), volume)
    return volume
