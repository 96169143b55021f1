"""Drift of repeatedly scanned frames, sub-pixel and robust against streaks, fixed patterns and outliers.

The frames are compared in a band of their spectra. Every frame is correlated with the mean of all others (so that its own noise
cannot attract it to where it already is), the means are rebuilt from the better shifts, and the spectrum is weighted by the measured
signal and noise, which is what a maximum-likelihood estimate of a displacement asks for. Long stacks are registered in groups, and the
means of the groups to each other, so that the working memory does not grow with the number of frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rapidstem.errors import InputError
from rapidstem.frames.fixed_pattern import HalfMeans
from rapidstem.frames.frame_checks import count_faults, frame_fault
from rapidstem.frames.frame_source import FrameSource
from rapidstem.frames.frame_spectra import Band, added, feature_weights, frame_blocks, row_pairs, sample_edges
from rapidstem.frames.group_registration import FrameGroup, refine_group, search_group, window_margin
from rapidstem.frames.repeated_frames import SeenFrames
from rapidstem.frames.shift_refinement import RefinedShifts, refined_shifts, significance
from rapidstem.frames.shift_search import searched_shifts

# With fewer samples no mode of the search is left.
SMALLEST_SIDE = 16
# Bounds the working memory to 200 MB of samples (`benchmarks/registration_memory.py`); the mean of 400 frames has hardly any noise.
MOST_GROUP_FRAMES = 400
MOST_GROUP_SAMPLES = 50_000_000
# Of a side, four pixels of 256: with more drift the windows of the groups must follow it.
LARGEST_STILL_SHARE = 1 / 64
# In standard deviations of chance: among a thousand frames none is used by chance.
LOWEST_SIGNIFICANCE = 5.0
UNLIKE = "differs too much from the mean of the others or shares no feature with it"
ALONE = "is the only usable frame among its neighbours"


@dataclass(frozen=True)
class Drift:
    """Where the specimen has moved to in every frame.

    Attributes
    ----------
    shift_px : (frame, 2)
        (dy, dx); what lies at (y, x) in the reference appears in the frame at (y + dy, x + dx). The mean over the used frames is zero;
        NaN where a frame could not be registered at all.
    residual_px : (frame,)
        Expected length of the error of the shift, from the scatter between independent parts of the spectrum.
    used : (frame,) bool
        False for outliers and unreadable frames.
    reason : (frame,)
        Why a frame is not used, empty for used frames.
    """

    shift_px: np.ndarray
    residual_px: np.ndarray
    used: np.ndarray
    reason: tuple[str, ...] = ()

    def first_used(self, most: int | None) -> np.ndarray:
        """Numbers of the first used frames, at most so many: those that a field is shown and judged by.

        Parameters
        ----------
        most
            None for all of them.

        Returns
        -------
        (number,) of int
            In rising order.

        Raises
        ------
        InputError
            where no frame is used
        """
        numbers = np.flatnonzero(self.used)[:most]
        if numbers.size == 0:
            raise InputError(f"none of the {len(self.used)} frames is used; leave the acquisition out")
        return numbers


def drift_of_single_frame(frame: np.ndarray) -> Drift:
    """No drift, for a field of which there is one frame: it is its own mean.

    Parameters
    ----------
    frame : (y, x)
        Any real dtype.

    Raises
    ------
    InputError
        where the frame cannot be used
    """
    if fault := frame_fault(frame):
        raise InputError(f"the only frame {fault}; give a sound one or leave the acquisition out")
    return Drift(np.zeros((1, 2)), np.zeros(1), np.ones(1, bool), ("",))


def register_frames(frames: FrameSource, seen: SeenFrames | None = None) -> Drift:
    """Register frames to their common mean; frames that repeat an earlier one, or rows of a neighbour, pixel by pixel, are left out.

    Parameters
    ----------
    frames : (frame, y, x)
        Any real dtype; read block by block with slices, so that a memory map or a file's frames will do.
    seen
        Frames of the same stack that were looked at before; the default is that there are none.

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
    faults, seen = [""] * len(frames), seen or SeenFrames()
    groups = [_register(numbers, group) for numbers, group in _read_groups(frames, faults, seen)]
    _check_usable(faults)
    drift = _joined(groups, faults, frames.shape[1:])
    if len(groups) > 1 and np.abs(drift.shift_px[drift.used]).max() > LARGEST_STILL_SHARE * min(frames.shape[1:]):
        groups = [
            _register_again(numbers, group, drift) for numbers, group in _read_groups(frames, faults, seen) if drift.used[numbers].sum() > 1
        ]
        drift = _joined(groups, faults, frames.shape[1:])
    return drift


@dataclass(frozen=True)
class _RegisteredGroup:
    """Shifts of the usable frames of a group, against their own mean, and their significance."""

    numbers: np.ndarray
    found: RefinedShifts
    significance: np.ndarray
    band: Band


def _read_groups(frames: FrameSource, faults: list[str], seen: SeenFrames) -> Iterator[tuple[np.ndarray, FrameGroup]]:
    """Usable frames, a group at a time: their numbers and samples; the faults of the others are noted in `faults`."""
    edges = sample_edges(frames.shape[1:])
    samples_a_frame = frames.shape[1] * frames.shape[2] // (edges[0] * edges[1])
    most = max(2, min(MOST_GROUP_FRAMES, MOST_GROUP_SAMPLES // samples_a_frame))
    bounds = np.linspace(0, len(frames), -(-len(frames) // most) + 1).round().astype(int)
    for start, stop in pairwise(bounds.tolist()):
        numbers, group = _read_group(frames, (start, stop), edges, faults, seen)
        if len(numbers) > 1:
            yield numbers, group
        elif len(numbers) == 1 and len(bounds) > 2:
            faults[numbers[0]] = ALONE


def _read_group(
    frames: FrameSource, part: tuple[int, int], edges: tuple[int, int], faults: list[str], seen: SeenFrames
) -> tuple[np.ndarray, FrameGroup]:
    start, stop = part
    halves = HalfMeans((frames.shape[1] // 2, frames.shape[2]))
    factors = (edges[0] // 2, edges[1])
    samples = np.empty((stop - start, frames.shape[1] // edges[0], frames.shape[2] // edges[1]), np.float32)
    count = 0
    for block in frame_blocks((stop - start, *frames.shape[1:])):
        first = start + block.start
        pixels = np.asarray(frames[first : start + block.stop])
        found = [frame_fault(frame) or seen.repetition(first + number, frame) for number, frame in enumerate(pixels)]
        faults[first : first + len(found)] = found
        pairs = row_pairs(pixels[[not fault for fault in found]] if any(found) else pixels)
        halves.add(pairs)
        samples[count : count + len(pairs)] = added(pairs, factors)
        count += len(pairs)
    read = [number for number in range(start, stop) if not faults[number]]
    for number, fault in seen.torn(range(start, stop)):
        faults[number] = faults[number] or fault
    kept = np.array([not faults[number] for number in read], dtype=bool)
    samples = samples[:count] if kept.all() else samples[:count][kept]
    return np.array(read, dtype=int)[kept], FrameGroup(samples, edges, halves.pattern_power())


def _check_usable(faults: list[str]) -> None:
    usable = faults.count("")
    if usable < 2:
        reasons = count_faults(faults) or "only one frame is given"
        raise InputError(f"registration needs at least two usable frames, {usable} of {len(faults)} left; {reasons}")


def _register(numbers: np.ndarray, group: FrameGroup) -> _RegisteredGroup:
    """Register the frames of a group to their own mean."""
    shifts, kept = search_group(group)
    found, certainty = refine_group(group, shifts, kept, window_margin(shifts[kept], group.shape_px))
    return _RegisteredGroup(numbers, found, certainty, group.band)


def _register_again(numbers: np.ndarray, group: FrameGroup, drift: Drift) -> _RegisteredGroup:
    """The same with windows that follow the drift of the whole stack, so that the groups show the same part of the specimen."""
    margin = window_margin(drift.shift_px[drift.used], group.shape_px)
    found, certainty = refine_group(group, drift.shift_px[numbers], drift.used[numbers], margin)
    return _RegisteredGroup(numbers, found, certainty, group.band)


def _joined(groups: list[_RegisteredGroup], faults: list[str], shape: tuple[int, ...]) -> Drift:
    """The drift of all frames; of several groups, the means are registered to each other.

    A frame may be found torn when its group was registered already, by the first one of the next group.
    """
    groups = [group for group in groups if np.median(group.significance[group.found.kept]) > LOWEST_SIGNIFICANCE]
    offsets, together = _group_shifts(groups, shape)
    shift_px, residual_px = np.full((len(faults), 2), np.nan), np.full(len(faults), np.nan)
    used = np.zeros(len(faults), dtype=bool)
    for group, offset, belongs in zip(groups, offsets, together, strict=True):
        shift_px[group.numbers] = group.found.shift_px + offset
        residual_px[group.numbers] = group.found.residual_px
        used[group.numbers] = group.found.kept & (group.significance > LOWEST_SIGNIFICANCE) & belongs
    used &= np.array([not fault for fault in faults])
    if used.sum() < 2:
        raise InputError(
            "the frames cannot be registered: they show no common features above their noise; leave the acquisition out, or add up "
            "frames of few electrons in groups before"
        )
    shift_px -= shift_px[used].mean(axis=0)
    reasons = tuple(fault or ("" if use else UNLIKE) for fault, use in zip(faults, used, strict=True))
    return Drift(shift_px, residual_px, used, reasons)


def _group_shifts(groups: list[_RegisteredGroup], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Shifts (group, 2) of the groups' means, and which groups (group,) show the same field as the others."""
    if len(groups) < 2:
        return np.zeros((len(groups), 2)), np.ones(len(groups), dtype=bool)
    band, weights = groups[0].band, feature_weights(groups[0].band, shape)
    means = np.stack([group.found.mean for group in groups])
    pattern_power = float(np.mean([group.found.pattern_power for group in groups]))
    shifts, kept = searched_shifts(means, pattern_power, band, shape)
    found = refined_shifts(means, shifts, kept, pattern_power, band, weights)
    certainty = significance(means, found.shift_px, found.kept, band, weights)
    return found.shift_px, found.kept & (certainty > LOWEST_SIGNIFICANCE)
