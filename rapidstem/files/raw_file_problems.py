"""What makes raw files useless for their row of the sheet: too few frames, no tilts, another field of view."""

from collections.abc import Iterator, Mapping
from typing import Any

from rapidstem.files.image_stacks import StackHeader
from rapidstem.files.tilt_angles import fault_of_tilts, series_name

# rapid and slow tilt series may differ by this much in their pixel size, relatively; slow images of fields are resampled
_PIXEL_SIZE_TOLERANCE = 0.05
# pixel sizes, and fields of view, of two images of one place are at most this often as large
_LARGEST_RATIO = 8.0
_LARGEST_FIELD_RATIO = 2.0
# sides of two images with the same pixels differ by less, where one is cut; by more they were scanned with other pixels
_LARGEST_CUT_RATIO = 1.1
# as registration and the search for lines want them (`rapidstem.frames`); smaller ones have other axes than those of images
_SMALLEST_SIDE_PX = 16


def file_problems(row: Mapping[Any, Any], headers: Mapping[str, StackHeader], single_frames: bool, per_row: bool) -> Iterator[str]:
    """Say what is wrong with a row's raw files, each by itself and the two beside each other.

    Parameters
    ----------
    row
        Of the sheet, of which `kind` and `tomogram` count.
    headers
        Of its files, by column.
    single_frames
        Whether the rapid file of a field may hold one frame.
    per_row
        Whether every row of a tilt series' rapid frames has its own tilt, which its time tells.

    Yields
    ------
    str
        What is wrong, a sentence each.
    """
    is_tilt_series = row["kind"] == "tilt_series"
    needs_several = row["kind"] in ("tilt_series", "in_situ") or not single_frames
    for column in [name for name in ("rapid", "slow") if name in headers]:
        problems = [*_frame_problems(headers[column], needs_several if column == "rapid" else is_tilt_series)]
        problems += [*_angle_problems(headers[column])] if is_tilt_series else []
        problems += [*_time_problems(row, headers[column], per_row)] if column == "rapid" else []
        yield from (f"column {column}: {headers[column].path}: {problem}" for problem in problems)
    if "rapid" in headers and "slow" in headers:
        pair_problems = _series_problems if is_tilt_series else field_problems
        yield from (f"column slow: {headers['slow'].path}: {problem}" for problem in pair_problems(headers["rapid"], headers["slow"]))


def _frame_problems(header: StackHeader, needs_several: bool) -> Iterator[str]:
    frames, rows, columns = header.shape
    if needs_several and frames < 2:
        yield "has only one frame; give the file with the whole series, or allow training.single_frames"
    if min(rows, columns) < _SMALLEST_SIDE_PX:
        yield f"has frames of {rows} x {columns} pixels; give images of {_SMALLEST_SIDE_PX} x {_SMALLEST_SIDE_PX} at least, (frame, y, x)"


def _angle_problems(header: StackHeader) -> Iterator[str]:
    if header.tilt_deg is None:
        beside = f"{series_name(header.path)}.rawtlt"
        frames = header.shape[0]
        reasons = "".join(f" ({remark})" for remark in header.remarks if "tilt" in remark)
        yield f"has no tilt for every frame{reasons}; write {beside} beside it, one angle in degrees a line for each of the {frames} frames"
    elif header.shape[0] > 1 and (fault := fault_of_tilts(header.tilt_deg)):
        yield fault


def _time_problems(row: Mapping[Any, Any], header: StackHeader, per_row: bool) -> Iterator[str]:
    """What a series lacks that needs the time of every row: for the velocities of moving lines, or for the tilt of that row."""
    if row["kind"] == "tilt_series" and per_row:
        need, otherwise = "which the tilt of a row follows from", ", or set tomography.geometry to per-frame"
    elif row["kind"] == "in_situ" and row.get("tomogram"):
        need, otherwise = "which moving lines need", ""
    else:
        return
    if header.time_s is None:
        remedy = f"give them in the column frame_interval, or as reading.frame_interval_s{otherwise}"
        yield f"states no times of its frames, {need}; {remedy}"
    if header.line_time_s is None:
        yield f"states no time of a row, {need}; give reading.line_time_s, or reading.frame_time_s{otherwise}"


def _series_problems(rapid: StackHeader, slow: StackHeader) -> Iterator[str]:
    if rapid.shape[1:] != slow.shape[1:]:
        sizes = [" x ".join(map(str, header.shape[1:])) for header in (slow, rapid)]
        yield f"has {sizes[0]} pixels, the rapid frames {sizes[1]}; scan both series with the same pixels, or bin one of them"
    elif _larger_ratio(slow.pixel_size_nm, rapid.pixel_size_nm) > 1 + _PIXEL_SIZE_TOLERANCE:
        yield f"has {_pixel_sizes(rapid, slow)}; give two series of the same field and magnification"


def field_problems(rapid: StackHeader, slow: StackHeader) -> Iterator[str]:
    """Other pixels are allowed, as the slow image is resampled; another field of view is not.

    Parameters
    ----------
    rapid
        Header of the rapid file.
    slow
        Header of the slow image.

    Yields
    ------
    str
        What is wrong, a sentence each.
    """
    if _larger_ratio(slow.pixel_size_nm, rapid.pixel_size_nm) > _LARGEST_RATIO:
        yield f"has {_pixel_sizes(rapid, slow)}; is the unit right? Give two files of the same field"
        return
    sides = zip(slow.shape[1:], rapid.shape[1:], strict=True)
    if slow.size_is_assumed and rapid.size_is_assumed and any(_larger_ratio(*pair) > _LARGEST_CUT_RATIO for pair in sides):
        numbers = [" x ".join(map(str, header.shape[1:])) for header in (slow, rapid)]
        said = f"neither file says its pixel size, so that {slow.pixel_size_nm:.5g} nm would count for both"
        remedy = "save the slow image with its pixel size, or with the pixels of the rapid frames"
        yield f"has {numbers[0]} pixels, the rapid frames {numbers[1]}, and {said}; {remedy}"
    views = [(header.shape[1] * header.pixel_size_nm, header.shape[2] * header.pixel_size_nm) for header in (slow, rapid)]
    if any(_larger_ratio(first, second) > _LARGEST_FIELD_RATIO for first, second in zip(*views, strict=True)):
        sizes = [f"{height:.4g} x {width:.4g} nm" for height, width in views]
        yield f"shows {sizes[0]}, the rapid frames {sizes[1]}; give two files of the same field"


def _pixel_sizes(rapid: StackHeader, slow: StackHeader) -> str:
    return f"pixels of {slow.pixel_size_nm:.5g} nm, the rapid frames of {rapid.pixel_size_nm:.5g} nm"


def _larger_ratio(first: float, second: float) -> float:
    return max(first / second, second / first)
