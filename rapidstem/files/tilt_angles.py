"""Tilt angles in a text file beside a series, as IMOD and others write them.

One angle in degrees a line (`.rawtlt`, `.tlt`, `.txt`), or two columns `frame, angle` (`.csv`, `.txt`), separated by blanks, commas,
semicolons or tabulators; frames counted from 0 or from 1, in any order. Lines that start with `#` and a heading are left out.
"""

import re
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.files.readers import RAW_ENDINGS, names_tilt

ANGLE_ENDINGS = (".rawtlt", ".tlt")
GENERAL_ENDINGS = (".txt", ".csv")
# A stage turns no farther.
LARGEST_DEG = 90.0
# With less there is nothing to reconstruct; angles in radians are recognised by their small range.
_FEWEST_FRAMES = 5
_SMALLEST_RANGE_DEG = 20.0
# Files of angles are rounded to one or two places.
SAME_DEG = 0.1
_WITH_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
_REMEDY = "write one angle in degrees a line, or the columns frame and angle, a line a frame"


def series_name(path: Path) -> str:
    """The name of a series, after which its results and its file of angles are called: that of its file without the ending.

    Of a folder it is the whole name, as `2026.11.30`, also of one that is not there yet: what follows its last point may be a day.

    Parameters
    ----------
    path
        Of the series.

    Returns
    -------
    str
    """
    return path.stem if path.is_file() or path.suffix.lower() in RAW_ENDINGS else path.name


def angle_file(path: Path) -> Path | None:
    """The file of angles beside a series; None where there is none.

    `series.rawtlt` or `series.mrc.rawtlt`, also in capitals, and so with the other `ANGLE_ENDINGS`, the first that exists. Files with
    `GENERAL_ENDINGS`, which may be about something else, count where they hold nothing but one or two numbers a line, and their heading,
    if any, names a tilt.

    Parameters
    ----------
    path
        Of the series.
    """
    special, general = (_beside(path, endings) for endings in (ANGLE_ENDINGS, GENERAL_ENDINGS))
    return next(iter([*special, *filter(_holds_angles, general)]), None)


def read_angle_file(path: Path, frames: int | None = None) -> np.ndarray:
    """Read one angle in degrees for each of `frames` frames.

    Parameters
    ----------
    path
        File to read.
    frames
        How many the series has; None where that is not known yet.

    Returns
    -------
    (frame,)
        In degrees, in the order of the frames.

    Raises
    ------
    InputError
        when a line is no angle between -90 and 90 degrees, a frame is numbered twice, or their number is not that of the frames.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; {_REMEDY}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text file; {_REMEDY}") from error
    if _has_decimal_commas(lines):
        example = next(line.strip() for line in lines if re.search(r"\d,\d", line))
        raise InputError(f"{path}: has decimal commas, as in {example!r}; write decimal points, and a tabulator between frame and angle")
    table = [_row(path, number, values) for number, values in _rows(lines)]
    if frames is not None and len(table) != frames:
        raise InputError(f"{path}: has {len(table)} angles for {frames} frames; {_REMEDY}")
    return _in_order(path, table)


def recorded_tilts(path: Path, frames: int, own_deg: np.ndarray | None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The tilts of a series from its file and from what lies beside it, and what the two say differently.

    A file of angles, `.rawtlt` or `.tlt`, was put there by a person and outranks the series' own tilts, if it is about these frames;
    files with `GENERAL_ENDINGS` count where the series has none. They may be about something else: what is wrong with one is said alone.

    Parameters
    ----------
    path
        The series.
    frames
        How many it has.
    own_deg : (frame,)
        Its own tilts, None where it has none.

    Returns
    -------
    tilt_deg : (frame,)
        None where nothing states tilts.
    remarks : tuple of str
        What the two say differently.

    Raises
    ------
    InputError
        when the series has none and the file of angles beside it cannot be read.
    """
    beside = angle_file(path)
    remarks: tuple[str, ...] = ()
    if own_deg is not None and not (np.abs(own_deg) <= LARGEST_DEG).all():
        remarks = (f"its own tilts go from {np.min(own_deg):.5g} to {np.max(own_deg):.5g} degrees, beyond 90, and are not used",)
        own_deg = None
    if beside is None:
        return own_deg, remarks
    is_about_angles = beside.suffix.lower() in ANGLE_ENDINGS
    try:
        given = read_angle_file(beside, frames)
    except InputError as error:
        if own_deg is None and is_about_angles:
            raise
        used = "it has no tilts, as those beside it cannot be used" if own_deg is None else "its own tilts are used, not those beside it"
        return own_deg, (*remarks, f"{used}: {error}")
    if own_deg is None:
        return given, remarks
    apart = float(np.abs(given - own_deg).max())
    if apart <= SAME_DEG:
        return own_deg, remarks
    used_deg, used = (given, beside.name) if is_about_angles else (own_deg, "the file")
    said = f"{beside.name} and the file itself give tilts that are up to {apart:.3g} degrees apart; those of {used} are used"
    return used_deg, (*remarks, said)


def fault_of_tilts(tilt_deg: np.ndarray) -> str:
    """What makes tilts none that a series can be reconstructed from; empty where nothing does.

    Parameters
    ----------
    tilt_deg : (frame,)
        As the microscope reports them.

    Returns
    -------
    str
        With the remedy.
    """
    extent, frames = float(np.ptp(tilt_deg)), len(tilt_deg)
    if np.deg2rad(_SMALLEST_RANGE_DEG) <= extent <= np.pi and np.abs(tilt_deg).max() <= np.pi / 2:
        return f"the reported angles run over {extent:.3g} only, as if they were in radians: give angles in degrees"
    if frames < _FEWEST_FRAMES or extent < _SMALLEST_RANGE_DEG:
        needed = f"at least {_FEWEST_FRAMES} frames over {_SMALLEST_RANGE_DEG:.0f} degrees are needed"
        said = f"{frames} frames from {tilt_deg.min():.2f} to {tilt_deg.max():.2f} degrees are no tilt series"
        return f"{said}: {needed}; give the right file, or the right kind"
    return ""


def write_angle_file(path: Path | str, angle_deg: np.ndarray) -> None:
    """Write angles (frame,) in degrees as a `.rawtlt` file: one a line, in the order of the frames.

    Parameters
    ----------
    path
        File to write.
    angle_deg : (frame,)
        As IMOD reads them, from -90 to 90.
    """
    with written_beside(path) as temporary:
        temporary.write_text("".join(f"{angle:.3f}\n" for angle in angle_deg), encoding="utf-8")


def _has_decimal_commas(lines: list[str]) -> bool:
    """Whether numbers are written with commas, and these do not part the numbers of the frames from their angles."""
    rows = [[value for value in re.split(r"[\s;]+", line.split("#")[0]) if value] for line in lines]
    rows = [row for row in rows if row]
    rows = rows[1:] if rows and _is_heading(rows[0]) else rows
    values = [value for row in rows for value in row]
    if not all(_WITH_COMMA.fullmatch(value) for value in values) or not any("," in value for value in values):
        return False
    if len(values) > len(rows) or not all("," in value for value in values):
        return True
    pairs = sorted((int(first), second) for first, second in (value.split(",") for value in values))
    frames, seconds = [frame for frame, _ in pairs], [second for _, second in pairs]
    counted = len(frames) > 1 and frames in (list(range(len(frames))), list(range(1, len(frames) + 1)))
    return not counted or not _are_angles_in_order(seconds)


def _are_angles_in_order(texts: list[str]) -> bool:
    """Whether digits behind commas are angles of a series without a negative one: decimals begin with zeros, stay or go up and down."""
    angles = [int(text) for text in texts]
    in_order = angles in (sorted(angles), sorted(angles, reverse=True))
    return in_order and len(set(angles)) > 1 and not any(len(text) > 1 and text.startswith("0") for text in texts)


def _beside(path: Path, endings: tuple[str, ...]) -> list[Path]:
    spelled = [each for ending in endings for each in (ending, ending.upper())]
    candidates = [each for ending in spelled for each in (path.with_name(series_name(path) + ending), path.with_name(path.name + ending))]
    return [candidate for candidate in candidates if candidate != path and candidate.is_file()]


def _holds_angles(path: Path) -> bool:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return False
    first = next(filter(None, map(_values, lines)), [])
    if first and _is_heading(first) and not any(map(names_tilt, first)):
        return False
    rows = _rows(lines)
    return _has_decimal_commas(lines) or (bool(rows) and all(len(values) <= 2 and None not in map(_number, values) for _, values in rows))


def _rows(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Numbers and values of the lines that hold any, without a heading."""
    rows = [(number, values) for number, line in enumerate(lines, start=1) if (values := _values(line))]
    return rows[1:] if rows and _is_heading(rows[0][1]) else rows


def _values(line: str) -> list[str]:
    """The values of a line without its comment."""
    return [value for value in re.split(r"[\s,;]+", line.split("#")[0].strip()) if value]


def _is_heading(values: list[str]) -> bool:
    return all(_number(value) is None and value[0].isalpha() for value in values)


def _number(value: str) -> float | None:
    try:
        return None if "_" in value else float(value)
    except ValueError:
        return None


def _row(path: Path, number: int, values: list[str]) -> tuple[float | None, float]:
    """Number of the frame, where there is one, and its angle."""
    if len(values) > 2:
        raise InputError(f"{path}, line {number}: has {len(values)} values; {_REMEDY}")
    angle = _number(values[-1])
    if angle is None or not abs(angle) <= LARGEST_DEG:
        raise InputError(f"{path}, line {number}: {values[-1]!r} is no angle between -90 and 90 degrees")
    frame = _number(values[0]) if len(values) == 2 else None
    if len(values) == 2 and (frame is None or not frame.is_integer()):
        raise InputError(f"{path}, line {number}: {values[0]!r} is no number of a frame; {_REMEDY}")
    return frame, angle


def _in_order(path: Path, table: list[tuple[float | None, float]]) -> np.ndarray:
    numbered = [frame for frame, _ in table if frame is not None]
    angles = np.array([angle for _, angle in table])
    if not numbered:
        return angles
    order = np.argsort(numbered)
    first = numbered[order[0]]
    if len(numbered) != len(table) or first not in (0, 1) or not np.array_equal(np.sort(numbered), first + np.arange(len(table))):
        raise InputError(f"{path}: the frames must be numbered from 0 or from 1, each once and none missing; {_REMEDY}")
    return angles[order]
