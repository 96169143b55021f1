"""What goes wrong while the frames of one file are scanned: motion within frames and beam current, by frame and row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.beam_current import beam_current
from rapidstem.microscope.recording.frame_vibration import mains_vibration, stage_jumps, stage_shake, steady_drift
from rapidstem.microscope.settings import MicroscopeSettings

# What cubic splines reach beyond the edge.
SPARE_PX = 4


@dataclass(frozen=True)
class ScanFaults:
    """Faults of the frames of one file; each None where there are none.

    Attributes
    ----------
    frame_shift_px : (frame, 2) (dy, dx) by which the frames are displaced as a whole, besides their drift and jitter
    row_shift_px : (frame, row, 2) further (dy, dx) of each row; its mean over the rows of a frame is zero
    beam_current : (frame, row) 1 on average
    """

    frame_shift_px: np.ndarray | None
    row_shift_px: np.ndarray | None
    beam_current: np.ndarray | None

    @property
    def reach_px(self) -> float:
        """How far beyond the displaced frame the rows look, at most."""
        return 0.0 if self.row_shift_px is None else float(2 * np.abs(self.row_shift_px).max()) + SPARE_PX

    def added_to(self, shift_px: np.ndarray) -> np.ndarray:
        """Add the displacement of the frames to their shifts (frame, 2)."""
        return shift_px if self.frame_shift_px is None else shift_px + self.frame_shift_px

    def image(
        self,
        frame: int,
        clean: Callable[[np.ndarray, np.ndarray], np.ndarray],
        slow_columns: Callable[[np.ndarray], np.ndarray],
        size_px: int,
    ) -> np.ndarray:
        """Give the image (row, column) that a frame scans.

        Parameters
        ----------
        frame
            Number of the frame.
        clean
            Gives the image (row, column) without these faults for rows and columns in slow geometry.
        slow_columns
            Where columns of the frame lie in slow geometry.
        size_px
            Rows and columns of the frame.

        Returns
        -------
        (row, column)
            1 on the average background without tilt.

        Notes
        -----
        The image is drawn once, larger than the frame, and each row read from it by cubic splines where the row lies. Its tilt is taken
        from the row that it shows, not from the one that it is: at one pixel and 28 degrees a second they differ by 0.003 degrees.
        """
        pixels = np.arange(size_px, dtype=float)
        if self.row_shift_px is None:
            image = clean(pixels, slow_columns(pixels))
        else:
            image = _displaced_rows(clean, slow_columns, pixels, self.row_shift_px[frame])
        return image if self.beam_current is None else image * self.beam_current[frame][:, None]


def _displaced_rows(
    clean: Callable[[np.ndarray, np.ndarray], np.ndarray],
    slow_columns: Callable[[np.ndarray], np.ndarray],
    pixels: np.ndarray,
    row_shift_px: np.ndarray,
) -> np.ndarray:
    spare = int(np.ceil(np.abs(row_shift_px).max())) + SPARE_PX
    wider = np.arange(-spare, len(pixels) + spare, dtype=float)
    columns = slow_columns(wider)
    seen = np.interp(slow_columns(pixels)[None, :] - row_shift_px[:, 1:], columns, wider)
    rows = np.broadcast_to((pixels - row_shift_px[:, 0])[:, None], seen.shape)
    return scipy.ndimage.map_coordinates(clean(wider, columns), (rows + spare, seen + spare), order=3, mode="nearest")


def rapid_faults(name: str, start_s: np.ndarray, turning: bool, settings: MicroscopeSettings) -> ScanFaults:
    """Draw the faults of rapid frames that start at `start_s` (frame,); the stage shakes and jumps only while it is turning.

    Parameters
    ----------
    name
        Of the acquisition.
    start_s : (frame,)
        When each frame starts.
    turning
        Whether the stage is turning.
    settings
        Of the virtual microscope.
    """
    time = start_s[:, None] + np.arange(settings.size_px) * settings.line_time_s
    moves = []
    if settings.vibration_nm:
        moves.append(mains_vibration(time, settings, random_stream(settings.seed, name, "vibration")))
    if turning and settings.stage_shake_nm:
        moves.append(stage_shake(time, settings, random_stream(settings.seed, name, "shake")))
    if turning and settings.stage_jumps:
        moves.append(stage_jumps(time, settings, random_stream(settings.seed, name, "jumps")))
    return _faults(moves, beam_current(time, settings, random_stream(settings.seed, name, "beam current")), settings)


def slow_faults(name: str, start_s: np.ndarray, series: bool, settings: MicroscopeSettings) -> ScanFaults:
    """Draw the faults of slow images that start at `start_s` (frame,); only a series has an offset from the rapid one.

    Parameters
    ----------
    name
        Of the acquisition.
    start_s : (image,)
        When each image starts.
    series
        Whether the images are those of a tilt series.
    settings
        Of the virtual microscope.
    """
    time = start_s[:, None] + np.arange(settings.size_px) * settings.slow_line_time_s
    moves = []
    if settings.vibration_nm:
        moves.append(mains_vibration(time, settings, random_stream(settings.seed, name, "slow vibration")))
    if settings.slow_drift_px_per_s:
        moves.append(steady_drift(time, settings, random_stream(settings.seed, name, "slow drift")))
    if series and settings.slow_offset_nm:
        angle = random_stream(settings.seed, name, "slow offset").uniform(0, 2 * np.pi)
        moves.append(np.broadcast_to(settings.slow_offset_nm * np.array((np.sin(angle), np.cos(angle))), (*time.shape, 2)))
    return _faults(moves, beam_current(time, settings, random_stream(settings.seed, name, "slow beam current")), settings)


def largest_reach_px(settings: MicroscopeSettings) -> float:
    """How far motion within frames can carry what is seen of a specimen at rest, at most: the same for all its acquisitions."""
    vibration = settings.vibration_nm / settings.pixel_size_nm * np.abs(settings.vibration_share).sum()
    drift = settings.slow_drift_px_per_s * settings.slow_line_time_s * settings.size_px
    return float(3 * vibration + drift + SPARE_PX) if vibration or drift else 0.0


def _faults(moves_nm: list[np.ndarray], current: np.ndarray | None, settings: MicroscopeSettings) -> ScanFaults:
    if not moves_nm:
        return ScanFaults(None, None, current)
    shift = np.sum(moves_nm, axis=0) / settings.pixel_size_nm
    whole = shift.mean(axis=1)
    return ScanFaults(whole, shift - whole[:, None], current)
