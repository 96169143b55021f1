"""Frame stacks and images as the microscope wrote them, with what is known about each frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers import BRIGHT_FIELD, RecordedSeries, computable, computable_type, read_recorded_series
from rapidstem.files.sliced_frames import SlicedFrames, naming_unread
from rapidstem.files.tilt_angles import recorded_tilts

# edges of pixels may differ by this much, relatively, before they count as not square
_SQUARE_TOLERANCE = 0.01
# times that differ by more, relatively, are another scan's; time stamps are rounded
_TIME_TOLERANCE = 0.05
# smaller or larger pixels come from a wrong unit
_PLAUSIBLE_NM = (1e-4, 1e4)


@dataclass(frozen=True)
class StackHeader:
    """All that is known about a frame stack but its pixels; None where nothing is known.

    Attributes
    ----------
    shape : (frame, y, x)
    pixel_size_nm
        Edge length of a pixel.
    size_is_assumed
        Whether the file does not say its pixel size, so that it comes from elsewhere.
    dwell_time_s
        Time on one pixel.
    line_time_s
        From the start of one row to the start of the next.
    frame_time_s
        Scanning of one frame, without the time to store it.
    tilt_deg : (frame,)
        As reported by the goniometer, at the start of each frame.
    time_s : (frame,)
        Start of each frame, since the first.
    started_s
        Unix time at which the recording began.
    velox_shift_px : (frame, 2)
        The drift (dy, dx) that Velox measured for its DCFI.
    detector
        Its name.
    stage_tilt_deg
        Of the stage when the file was written, the middle one where every frame has its own; not from elsewhere.
    remarks
        What a person should know about the file: what it says that is not used, or contradicts what stands beside it.
    """

    path: Path
    shape: tuple[int, int, int]
    pixel_size_nm: float
    size_is_assumed: bool
    dwell_time_s: float | None
    line_time_s: float | None
    frame_time_s: float | None
    tilt_deg: np.ndarray | None
    time_s: np.ndarray | None
    started_s: float | None
    velox_shift_px: np.ndarray | None
    detector: str | None
    stage_tilt_deg: float | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class FrameStack(StackHeader):
    """A frame stack with its pixels.

    Attributes
    ----------
    frames : (frame, y, x)
        In the stored type where that is an integer of 8 or 16 bits, else float32; the other attributes are those of `StackHeader`.
    """

    frames: np.ndarray


@dataclass(frozen=True)
class OpenStack(StackHeader):
    """A frame stack in an open file.

    Attributes
    ----------
    frames : (frame, y, x)
        Read when a slice of them is asked for; the other attributes are those of `StackHeader`.
    """

    frames: SlicedFrames


@dataclass(frozen=True)
class FallbackMetadata:
    """Values for what a file does not say; None for no value.

    `frame_interval_s` is the time from the start of one frame to that of the next.
    """

    pixel_size_nm: float | None = None
    dwell_time_s: float | None = None
    line_time_s: float | None = None
    frame_time_s: float | None = None
    frame_interval_s: float | None = None

    def row_time_s(self, rows: int) -> float | None:
        """Time from row to row.

        Parameters
        ----------
        rows
            Of a frame.

        Returns
        -------
        float or None
            As it is given, or the equal part of a frame's time.
        """
        return self.frame_time_s / rows if self.line_time_s is None and self.frame_time_s is not None else self.line_time_s

    def starts_s(self, frames: int) -> np.ndarray | None:
        """Start of each frame.

        Parameters
        ----------
        frames
            How many.

        Returns
        -------
        (frame,) or None
            From the first one on; None where the time from frame to frame is not given.
        """
        return None if self.frame_interval_s is None else self.frame_interval_s * np.arange(frames)


_NO_FALLBACK = FallbackMetadata()


def read_stack(
    path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK, integrated: bool = False
) -> FrameStack:
    """Read an image or a frame stack of any format of RosettaSciIO, with the metadata of every frame where the file has them.

    Parameters
    ----------
    path
        The file; its ending tells the format.
    detector
        Whose images to take from a file with several; an only image is taken for the bright field whatever its name.
    fallback
        Values for what the file does not say.
    integrated
        Whether the instrument's own integrated image is wanted, of a file that holds raw frames, too.

    Raises
    ------
    InputError
        when the file is missing, empty, damaged, of an unknown format, without images of the detector, or without a pixel size.
    """
    path = Path(path)
    series = _read_series(path, detector, integrated)
    return FrameStack(frames=computable(_loaded(path, series)), **vars(_header(path, series, fallback)))


@contextmanager
def open_frames(path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK) -> Iterator[OpenStack]:
    """Open what `read_stack` reads, so that the frames are read slice by slice. Same parameters, same errors.

    Velox files, TIFF and MRC give only the frames that are asked for. Of other formats it depends on RosettaSciIO what it
    has to read for a slice.

    Parameters
    ----------
    path, detector, fallback
        As for `read_stack`.

    Yields
    ------
    OpenStack
        Open until the context ends.
    """
    path = Path(path)
    series = _read_series(path, detector)
    header = _header(path, series, fallback)
    with series.open() as frames:
        kind = computable_type(frames.dtype)
        computed = SlicedFrames(path, frames.shape, kind, lambda start, stop: computable(frames[start:stop]))
        yield OpenStack(frames=computed, **vars(header))


def read_header(
    path: Path | str, detector: str = BRIGHT_FIELD, fallback: FallbackMetadata = _NO_FALLBACK, integrated: bool = False
) -> StackHeader:
    """Read what `read_stack` reads, but no pixels. Same parameters, same errors.

    Parameters
    ----------
    path, detector, fallback, integrated
        As for `read_stack`.
    """
    path = Path(path)
    return _header(path, _read_series(path, detector, integrated), fallback)


def _read_series(path: Path, detector: str, integrated: bool = False) -> RecordedSeries:
    """What the file says; whatever its parser stumbles over ends with the file's name."""
    try:
        return read_recorded_series(path, detector, integrated)
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(f"{path}: may not be read ({error.strerror}); let its owner give you the right to read it") from error
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: cannot be read, its header is damaged or of an unknown kind ({reason}); copy it again") from error


def _loaded(path: Path, series: RecordedSeries) -> np.ndarray:
    with naming_unread(path, "the pixels"):
        frames = series.load()
    return frames


def _header(path: Path, series: RecordedSeries, fallback: FallbackMetadata) -> StackHeader:
    size_nm, is_assumed, doubt = _pixel_size_nm(path, series, fallback)
    tilt_deg, contradictions = recorded_tilts(path, series.shape[0], series.tilt_deg)
    recorded = {name: getattr(series, name) for name in ("line_time_s", "frame_time_s") if getattr(series, name) is not None}
    times = replace(fallback, **recorded)
    return StackHeader(
        path=path,
        shape=series.shape,
        pixel_size_nm=size_nm,
        size_is_assumed=is_assumed,
        dwell_time_s=_first(series.dwell_time_s, fallback.dwell_time_s),
        line_time_s=times.row_time_s(series.shape[1]),
        frame_time_s=times.frame_time_s,
        tilt_deg=tilt_deg,
        time_s=fallback.starts_s(series.shape[0]) if series.time_s is None else series.time_s,
        started_s=series.started_s,
        velox_shift_px=series.velox_shift_px,
        detector=series.detector,
        stage_tilt_deg=series.stage_tilt_deg if series.tilt_deg is None else float(np.median(series.tilt_deg)),
        remarks=(*series.remarks, *doubt, *_overruled_times(series, fallback), *contradictions),
    )


def _overruled_times(series: RecordedSeries, fallback: FallbackMetadata) -> Iterator[str]:
    """Times of the configuration that the file contradicts."""
    interval_s = float(np.median(np.diff(series.time_s))) if series.time_s is not None and len(series.time_s) > 1 else None
    for words, name, recorded in (
        ("dwell time", "dwell_time_s", series.dwell_time_s),
        ("line time", "line_time_s", series.line_time_s),
        ("frame time", "frame_time_s", series.frame_time_s),
        ("time from frame to frame", "frame_interval_s", interval_s),
    ):
        given = getattr(fallback, name)
        if recorded and given and abs(given / recorded - 1) > _TIME_TOLERANCE:
            yield f"its {words} is {recorded:.4g} s, reading.{name} {given:.4g}; that of the file is used"


def _first(recorded: float | None, fallback: float | None) -> float | None:
    return fallback if recorded is None else recorded


def _pixel_size_nm(path: Path, series: RecordedSeries, fallback: FallbackMetadata) -> tuple[float, bool, tuple[str, ...]]:
    """The pixel size, whether the file does not say it, and what is doubtful about it."""
    given = fallback.pixel_size_nm
    if series.pixel_size_nm is None:
        if given is None:
            raise InputError(
                f"{path}: the file does not say its pixel size; give `pixel_size_nm` in the section `reading` of the configuration"
            )
        return given, True, ()
    height, width = series.pixel_size_nm
    if abs(height / width - 1) > _SQUARE_TOLERANCE:
        raise InputError(
            f"{path}: the pixels are not square ({width:.5g} x {height:.5g} nm); scan with square pixels or resample the images"
        )
    if not _PLAUSIBLE_NM[0] <= width <= _PLAUSIBLE_NM[1]:
        problem = f"its pixel size is {width:.5g} nm, which no image of an electron microscope has"
        if given is None:
            raise InputError(f"{path}: {problem}; is its unit right? Give `pixel_size_nm` in the section `reading` of the configuration")
        return given, True, (f"{problem}; {given:.5g} nm are used",)
    if series.size_is_default:
        remark = f"its pixel size is {width:.5g} nm, which programs write where they know none; "
        remedy = "give reading.pixel_size_nm" if given is None else f"{given:.5g} nm are used"
        return width if given is None else given, True, (remark + remedy,)
    if given is not None and abs(given / width - 1) > _SQUARE_TOLERANCE:
        return width, False, (f"its pixel size is {width:.5g} nm, reading.pixel_size_nm {given:.5g}; that of the file is used",)
    return width, False, ()
