"""Weighted back projection: one pass, a fast look at a series."""

import numpy as np
import scipy

from rapidstem.tomography.reconstruction.sparse_products import SparseRows


def angular_weights(angle_rad: np.ndarray) -> np.ndarray:
    """Share of the half circle that each angle stands for, (frame, ...), in radians: half the way to its two neighbours.

    The first and the last angle stand for as much as their distance to the only neighbour. Angles may come in any order; a single frame
    stands for the whole half circle.

    Parameters
    ----------
    angle_rad : np.ndarray, (frame, ...)
        Of the frames, or of each of their rows.

    Returns
    -------
    np.ndarray, (frame, ...)
        In radians.
    """
    if len(angle_rad) == 1:
        return np.full(np.shape(angle_rad), np.pi)
    order = np.argsort(angle_rad, axis=0)
    steps = np.diff(np.take_along_axis(angle_rad, order, axis=0), axis=0)
    share = np.concatenate([steps[:1], (steps[:-1] + steps[1:]) / 2, steps[-1:]])
    weights = np.empty_like(share)
    np.put_along_axis(weights, order, share, axis=0)
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
