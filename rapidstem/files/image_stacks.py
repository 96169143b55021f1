"""Frame stacks and images as the microscope wrote them, with what is known about each frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.recorded_series import BRIGHT_FIELD, RecordedSeries, check_presence
from rapidstem.files.signal_series import read_signal_series
from rapidstem.files.sliced_frames import SlicedFrames
from rapidstem.files.tilt_angles import angle_file, read_angle_file
from rapidstem.files.velox_series import read_velox_series

# edges of pixels may differ by this much, relatively, before they count as not square
_SQUARE_TOLERANCE = 0.01


@dataclass(frozen=True)
class StackHeader:
    """All that is known about a frame stack but its pixels; None where nothing is known.

    Attributes
    ----------
    shape : (frame, y, x).
    pixel_size_nm : edge length of a pixel.
    dwell_time_s : time on one pixel.
    line_time_s : from the start of one row to the start of the next.
    frame_time_s : scanning of one frame, without the time to store it.
    tilt_deg : (frame,) as reported by the goniometer, at the start of each frame.
    time_s : (frame,) start of each frame, since the first.
    velox_shift_px : (frame, 2) the drift (dy, dx) that Velox measured for its DCFI.
    detector : its name.
    """

    path: Path
    shape: tuple[int, int, int]
    pixel_size_nm: float
    dwell_time_s: float | None
    line_time_s: float | None
    frame_time_s: float | None
    tilt_deg: np.ndarray | None
    time_s: np.ndarray | None
    velox_shift_px: np.ndarray | None
    detector: str | None


@dataclass(frozen=True)
class FrameStack(StackHeader):
    """A frame stack with its pixels; the attributes are those of `StackHeader`, and

    frames : (frame, y, x), in the stored type.
    """

    frames: np.ndarray


@dataclass(frozen=True)
class OpenStack(StackHeader):
    """A frame stack in an open file; the attributes are those of `StackHeader`, and

    frames : (frame, y, x), read when a slice of them is asked for.
    """

    frames: SlicedFrames


@dataclass(frozen=True)
class FallbackMetadata:
    """Values for what a file does not say; None for no value.

    `tilt_deg` counts for all frames; `frame_interval_s` is the time from the start of one frame to that of the next.
    """

    pixel_size_nm: float | None = None
    dwell_time_s: float | None = None
    line_time_s: float | None = None
    frame_time_s: float | None = None
    frame_interval_s: float | None = None
    tilt_deg: float | None = None


_NO_FALLBACK = FallbackMetadata()


def read_stack(path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK) -> FrameStack:
    """Read an image or a frame stack of any format of RosettaSciIO, with the metadata of every frame where the file has them.

    Parameters
    ----------
    path : the file; its ending tells the format.
    detector : whose images to take from a file with several; an only image is taken for the bright field whatever its name.
    fallback : values for what the file does not say.

    Raises
    ------
    InputError
        when the file is missing, empty, damaged, of an unknown format, without images of the detector, or without a pixel size.
    """
    path = Path(path)
    series = _read_series(path, detector)
    return FrameStack(frames=series.load(), **vars(_header(path, series, fallback)))


@contextmanager
def open_frames(path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK) -> Iterator[OpenStack]:
    """Open what `read_stack` reads, so that the frames are read slice by slice. Same parameters, same errors.

    Velox files, TIFF and MRC give only the frames that are asked for. Of other formats it depends on RosettaSciIO what it
    has to read for a slice.
    """
    path = Path(path)
    series = _read_series(path, detector)
    header = _header(path, series, fallback)
    with series.open() as frames:
        yield OpenStack(frames=frames, **vars(header))


def read_header(path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK) -> StackHeader:
    """Read what `read_stack` reads, but no pixels. Same parameters, same errors."""
    path = Path(path)
    return _header(path, _read_series(path, detector), fallback)


def _read_series(path: Path, detector: str) -> RecordedSeries:
    check_presence(path)
    series = read_velox_series(path, detector) if path.suffix.lower() == ".emd" else None
    return series or read_signal_series(path, detector)


def _header(path: Path, series: RecordedSeries, fallback: FallbackMetadata) -> StackHeader:
    return StackHeader(
        path=path,
        shape=series.shape,
        pixel_size_nm=_pixel_size_nm(path, series, fallback),
        dwell_time_s=_first(series.dwell_time_s, fallback.dwell_time_s),
        line_time_s=_first(series.line_time_s, fallback.line_time_s),
        frame_time_s=_first(series.frame_time_s, fallback.frame_time_s),
        tilt_deg=_tilt_deg(path, series, fallback),
        time_s=_time_s(series, fallback),
        velox_shift_px=series.velox_shift_px,
        detector=series.detector,
    )


def _time_s(series: RecordedSeries, fallback: FallbackMetadata) -> np.ndarray | None:
    if series.time_s is None and fallback.frame_interval_s is not None:
        return fallback.frame_interval_s * np.arange(series.shape[0])
    return series.time_s


def _first(recorded: float | None, fallback: float | None) -> float | None:
    return fallback if recorded is None else recorded


def _pixel_size_nm(path: Path, series: RecordedSeries, fallback: FallbackMetadata) -> float:
    if series.pixel_size_nm is None:
        if fallback.pixel_size_nm is None:
            raise InputError(
                f"{path}: the file does not say its pixel size; give `pixel_size_nm` in the section `reading` of the configuration"
            )
        return fallback.pixel_size_nm
    height, width = series.pixel_size_nm
    if abs(height / width - 1) > _SQUARE_TOLERANCE:
        raise InputError(
            f"{path}: the pixels are not square ({width:.5g} x {height:.5g} nm); scan with square pixels or resample the images"
        )
    return width


def _tilt_deg(path: Path, series: RecordedSeries, fallback: FallbackMetadata) -> np.ndarray | None:
    frames = series.shape[0]
    if series.tilt_deg is not None:
        return series.tilt_deg
    beside = angle_file(path)
    if beside is not None:
        return read_angle_file(beside, frames)
    return None if fallback.tilt_deg is None else np.full(frames, float(fallback.tilt_deg))
