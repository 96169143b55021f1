"""Frames and references moved by fractions of a pixel, with a kernel of six pixels that can be applied to single patches."""

import numpy as np

# Lagrange interpolation through six samples: exact for polynomials of the fifth degree, and few enough for single patches.
TAPS = 6


def interpolation_taps(fraction: np.ndarray) -> np.ndarray:
    """Weights of six pixels in a row for the place `fraction` (0 to 1) behind the third one: Lagrange's interpolation of fifth order.

    It moves polynomials exactly and blurs less than cubic interpolation.

    Parameters
    ----------
    fraction
        Any shape.

    Returns
    -------
    weights, float32, with one more axis of length 6; their sum is 1
    """
    nodes = np.arange(TAPS) - (TAPS // 2 - 1)
    apart = np.asarray(fraction, float)[..., None] - nodes
    taps = [np.prod(np.delete(apart, k, -1), -1) / np.prod(nodes[k] - np.delete(nodes, k)) for k in range(TAPS)]
    return np.stack(taps, axis=-1).astype(np.float32)


def moved_back(frame: np.ndarray, shift_px: np.ndarray) -> np.ndarray:
    """What a frame shows, at the places of the reference: the value at (y + dy, x + dx) for every (y, x).

    Parameters
    ----------
    frame : (y, x)
    shift_px : (dy, dx)
        Of the frame.

    Returns
    -------
    (y, x) float32; beyond the frame its edge is repeated

    Examples
    --------
    >>> frame = np.add.outer(10.0 * np.arange(12), np.arange(12)).astype(np.float32)
    >>> round(float(moved_back(frame, np.array([0.5, -0.25]))[6, 6]), 3)
    70.75
    """
    moved = frame.astype(np.float32)
    for axis, shift in enumerate(shift_px):
        whole = int(np.floor(shift))
        first = np.arange(frame.shape[axis]) + whole - (TAPS // 2 - 1)
        taps = interpolation_taps(np.array(shift - whole))
        last = frame.shape[axis] - 1
        moved = sum(tap * np.take(moved, np.clip(first + k, 0, last), axis=axis) for k, tap in enumerate(taps))
    return moved


def aligned_sum(frames: np.ndarray, shift_px: np.ndarray) -> np.ndarray:
    """Sum of frames (frame, y, x), each moved back by its shift (frame, 2); (y, x) float32.

    Parameters
    ----------
    frames : (frame, y, x)
        Of any real dtype.
    shift_px : (frame, 2)
        (dy, dx) of each.

    Returns
    -------
    (y, x) float32
        In counts.
    """
    total = np.zeros(frames.shape[1:], np.float32)
    for frame, shift in zip(frames, shift_px, strict=True):
        total += moved_back(frame, shift)
    return total


def averaged(images: np.ndarray, shift_px: np.ndarray, wanted_px: np.ndarray) -> np.ndarray:
    """The mean of aligned images of one field, moved to where the specimen stands in each of the wanted frames.

    Parameters
    ----------
    images : (image, y, x)
        Results for frames of one field.
    shift_px : (image, 2)
        Shifts (dy, dx) of these frames.
    wanted_px : (frame, 2)
        Shifts of the frames that the mean is given for; where one is unknown (NaN), the mean stays in place.

    Returns
    -------
    (frame, y, x) float32
    """
    mean = aligned_sum(images, shift_px) / len(images)
    return np.stack([moved_back(mean, -shift) for shift in np.nan_to_num(wanted_px)])
