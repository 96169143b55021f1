"""The sheet of acquisitions: one field of view a row, tab separated, paths relative to the sheet."""

import csv
import datetime
import io
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rapidstem.errors import InputError, raise_problems
from rapidstem.files.image_stacks import FallbackMetadata, StackHeader, read_header
from rapidstem.files.raw_file_problems import file_problems
from rapidstem.files.readers import BRIGHT_FIELD
from rapidstem.files.sheet_contradictions import file_remarks, tomogram_problems
from rapidstem.files.specimen_temperature import is_log, temperature_problems

COLUMNS = ("acquisition", "kind", "tilt", "rapid", "slow", "dcfi", "temperature", "detector", "tomogram", "frame_interval", "started")
KINDS = ("training", "test", "calibration", "tilt_series", "in_situ")
FILE_COLUMNS = ("rapid", "slow", "dcfi")
_OPTIONAL = ("dcfi", "temperature", "detector", "tomogram", "frame_interval", "started")
# Files are named after acquisitions, with up to a hundred letters more; most file systems take 255.
LONGEST_NAME = 100


def read_sheet(path: Path | str) -> pd.DataFrame:
    """Read and check a sheet of acquisitions. The raw files themselves are not looked at.

    Parameters
    ----------
    path
        Tab-separated text in UTF-8.

    Returns
    -------
    table : columns `acquisition, kind` (str), `tilt` (degrees, NaN for a tilt series), `rapid, slow, dcfi` (absolute paths, empty where
        there is no file), `temperature` (as it stands, the path of a log made absolute; empty where nothing is known), `detector` (empty
        where it is the session's), `tomogram` (the name of the tilt series of the same field, for an in-situ series or a
        later tilt series; empty where there is none), `frame_interval` (s from rapid frame to rapid frame, for files without times; NaN
        where it is not stated), `started` (Unix time in s at which the recording began; NaN where it is not stated).

    Raises
    ------
    InputError
        when the sheet cannot be read or rows are wrong; one message lists all problems by line of the sheet, acquisition and column.
    """
    path = Path(path)
    lines = _lines(path)
    columns = "\t".join(name.strip() for name in lines[0][1]).rstrip("\t").split("\t")
    _check_columns(path, columns)
    rows = [(number, _row(columns, values)) for number, values in lines[1:]]
    if not rows:
        raise InputError(f"{path}: has no acquisitions; write one row for each field of view below the line of column names")
    problems = [f"line {number}, {problem}" for number, values in lines[1:] for problem in _excess(columns, values)]
    problems += [f"line {number}, acquisition {row['acquisition']!r}, {problem}" for number, row in rows for problem in _row_problems(row)]
    problems += [*_repetitions(path, rows), *tomogram_problems(rows)]
    raise_problems(f"{path}: the sheet has errors", problems)
    return _table(path, [row for _, row in rows])


def row_reading(row: Mapping[Any, Any], column: str, reading: Mapping[str, Any]) -> dict[str, Any]:
    """How a file of a row is read: as the row says, else as the configuration says.

    Parameters
    ----------
    row, column
        Of the sheet, as `read_sheet` gives it: `detector` and, for the rapid frames alone, `frame_interval`.
    reading
        Of the configuration: `detector` and the attributes of `FallbackMetadata`.

    Returns
    -------
    dict
        With the same keys.
    """
    said = {"detector": row["detector"]} if row["detector"] else {}
    if column == "rapid" and not math.isnan(row["frame_interval"]):
        said["frame_interval_s"] = row["frame_interval"]
    return {**reading, **said}


@dataclass(frozen=True)
class CheckedFiles:
    """What the raw files of a sheet are.

    Attributes
    ----------
    remarks : what a person should know although nothing is refused, by acquisition, column and file: what contradicts the sheet or what
        lies beside the file, and what is not used.
    rapid : the header of every rapid file, by acquisition.
    """

    remarks: list[str]
    rapid: dict[str, StackHeader]


def check_files(
    sheet: pd.DataFrame,
    detector: str = BRIGHT_FIELD,
    fallback: FallbackMetadata | None = None,
    single_frames: bool = False,
    per_row: bool = False,
) -> CheckedFiles:
    """Open every raw file of a sheet without reading its pixels, and see whether it is what the sheet says.

    Parameters
    ----------
    sheet
        As `read_sheet` gives it.
    detector, fallback
        As for `rapidstem.files.image_stacks.read_stack`; what a row says outranks them, as `row_reading` has it.
    single_frames, per_row
        Whether the rapid file of a field may hold one frame, and every row of a tilt series' rapid frames has its own tilt.

    Raises
    ------
    InputError
        when something is wrong with any of the files; one message lists all problems by acquisition, column and file.
    """
    reading = {"detector": detector, **vars(fallback or FallbackMetadata())}
    problems: list[str] = []
    checked = CheckedFiles([], {})
    for row in sheet.to_dict("records"):
        headers, unread = _headers(row, reading)
        in_log = temperature_problems(row["temperature"]) if is_log(row["temperature"]) else ()
        found = [*unread, *in_log, *file_problems(row, headers, single_frames, per_row)]
        problems += [f"acquisition {row['acquisition']!r}, {problem}" for problem in found]
        checked.remarks.extend(f"acquisition {row['acquisition']!r}, {remark}" for remark in file_remarks(row, headers))
        checked.rapid.update({row["acquisition"]: headers["rapid"]} if "rapid" in headers else {})
    raise_problems("Raw files have errors", problems)
    return checked


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and values of all lines that are not blank; at least the line of column names."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such sheet; set `acquisitions` in the configuration to the sheet of acquisitions")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error}); save the sheet as tab-separated text in UTF-8") from error
    lines = [line for line in _parted(path, text) if any(value.strip() for value in line[1])]
    if not lines:
        raise InputError(f"{path}: is empty; its first line names the columns {', '.join(COLUMNS)}, separated by tabs")
    return lines


def _parted(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Numbers and values of all lines; a quotation mark that is not closed in its line would swallow those that follow."""
    reader, before = csv.reader(io.StringIO(text, newline=None), delimiter="\t", strict=True), 0
    remedy = "a quotation mark is opened and not closed in this line; remove it, or double it within a value in quotation marks"
    try:
        for values in reader:
            if reader.line_num > before + 1:
                raise csv.Error
            before = reader.line_num
            yield before, values
    except csv.Error as error:
        raise InputError(f"{path}, line {before + 1}: {remedy}") from error


def _check_columns(path: Path, columns: list[str]) -> None:
    if len(columns) == 1:
        for separator, name in ((",", "commas"), (";", "semicolons"), (" ", "spaces")):
            if set(columns[0].split(separator)) & set(COLUMNS):
                raise InputError(f"{path}: the columns are separated by {name}; save the sheet with tabs between them")
    missing = [name for name in COLUMNS if name not in columns and name not in _OPTIONAL]
    unknown = [name for name in columns if name not in COLUMNS]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    problems = [f"the column {name!r} is missing; add it" for name in missing]
    problems += [f"the column {name!r} is unknown; remove it or name it one of {', '.join(COLUMNS)}" for name in unknown]
    problems += [f"the column {name!r} stands there twice; remove one" for name in twice if name in COLUMNS]
    raise_problems(f"{path}: line 1 of the sheet has errors", problems)


def _row(columns: list[str], values: list[str]) -> dict[str, str]:
    padded = [value.strip() for value in values] + [""] * len(columns)
    return dict.fromkeys(COLUMNS, "") | dict(zip(columns, padded, strict=False))


def _excess(columns: list[str], values: list[str]) -> Iterator[str]:
    if any(value.strip() for value in values[len(columns) :]):
        yield f"{len(values)} values for {len(columns)} columns; remove those after the last column"


def _row_problems(row: dict[str, str]) -> Iterator[str]:
    for column in FILE_COLUMNS:
        if "$" in os.path.expandvars(row[column]):
            yield f"column {column}: {row[column]} names an environment variable that is not set; set it or write the path"
    if not row["acquisition"]:
        yield "column acquisition: empty; give the acquisition a name"
    elif not re.fullmatch(r"[A-Za-z0-9_-]+", row["acquisition"]):
        yield "column acquisition: a name consists of letters, digits, '-' and '_'; change the others"
    elif len(row["acquisition"]) > LONGEST_NAME:
        yield f"column acquisition: a name has at most {LONGEST_NAME} characters, as files are named after it; shorten it"
    if row["kind"] not in KINDS:
        yield f"column kind: {row['kind']!r} is unknown; write one of {', '.join(KINDS)}"
    else:
        yield from _tilt_problems(row)
    if not row["rapid"]:
        alone = row["kind"] == "tilt_series" and row["slow"]
        yield f"column rapid: empty; {'a series that was recorded once stands here' if alone else 'give the file with the rapid frames'}"
    if row["kind"] == "calibration" and not row["slow"]:
        yield "column slow: empty; a calibration field needs its slow image, to which the rapid one is compared"
    if row["slow"] and row["slow"] == row["rapid"]:
        yield "columns rapid and slow: the same file; give the slow image its own"
    yield from _time_problems(row)
    if row["temperature"] and row["kind"] != "in_situ":
        yield f"column temperature: {row['temperature']!r}, but only an in-situ series has one; leave it empty"
    elif row["temperature"] and not is_log(row["temperature"]):
        yield from temperature_problems(row["temperature"])


def _time_problems(row: dict[str, str]) -> Iterator[str]:
    if row["frame_interval"] and not 0 < _number(row["frame_interval"]) < math.inf:
        remedy = "give the time from the start of one rapid frame to that of the next in seconds, as 0.07"
        yield f"column frame_interval: {row['frame_interval']!r} is no positive number; {remedy}"
    if row["started"] and math.isnan(_unix_s(row["started"])):
        remedy = "write when the recording began as 2021-06-01T14:30:00"
        yield f"column started: {row['started']!r} is no date with a time; {remedy}"


def _unix_s(text: str) -> float:
    """Unix time of a date with a time in the form of ISO 8601; one without a zone counts as UTC. Not a number where it is none."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    given = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return given.timestamp() if len(text) > len("2021-06-01") else math.nan


def _tilt_problems(row: dict[str, str]) -> Iterator[str]:
    if row["kind"] == "tilt_series":
        if row["tilt"]:
            yield f"column tilt: {row['tilt']!r}, but the angles of a tilt series come from its file; leave it empty"
        return
    if not row["tilt"]:
        yield f"column tilt: empty; give the tilt in degrees ({row['kind']})"
    elif math.isnan(_number(row["tilt"])):
        yield f"column tilt: {row['tilt']!r} is no number; give the tilt in degrees, with a point and no unit"
    elif not abs(_number(row["tilt"])) <= 90:
        yield f"column tilt: {row['tilt']} is outside -90 to 90; give the tilt in degrees"


def _number(text: str) -> float:
    """Not a number where it is none; Python would also take `1_0` for one."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _repetitions(path: Path, rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    """Names and raw files that more than one row has."""
    names: dict[str, int] = {}
    files: dict[str, int] = {}
    for number, row in rows:
        name = row["acquisition"]
        if name and names.setdefault(name, number) != number:
            yield f"line {number}, acquisition {name!r}, column acquisition: line {names[name]} has the same name; change one of them"
        for column in FILE_COLUMNS:
            file = _absolute(path, row[column])
            if file and files.setdefault(file, number) != number:
                problem = f"line {files[file]} has the same file {row[column]}; give every acquisition its own"
                yield f"line {number}, acquisition {name!r}, column {column}: {problem}"


def _absolute(sheet: Path, file: str) -> str:
    return os.path.abspath(sheet.parent / os.path.expanduser(os.path.expandvars(file))) if file else ""  # noqa: PTH100, PTH111 (keeps symbolic links)


def _table(path: Path, rows: list[dict[str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("tilt", "frame_interval"):
        table[column] = [_number(text) for text in table[column]]
    table["started"] = [_unix_s(text) for text in table["started"]]
    for column in FILE_COLUMNS:
        table[column] = [_absolute(path, file) for file in table[column]]
    table["temperature"] = [_absolute(path, text) if is_log(text) else text for text in table["temperature"]]
    return table


def _headers(row: dict[Any, Any], reading: dict[str, Any]) -> tuple[dict[str, StackHeader], list[str]]:
    """The headers of a row's files by their columns, and what is wrong with the others."""
    headers: dict[str, StackHeader] = {}
    problems = []
    for column in [column for column in FILE_COLUMNS if row[column]]:
        fallback = row_reading(row, column, reading)
        detector = fallback.pop("detector")
        try:
            headers[column] = read_header(Path(row[column]), detector, FallbackMetadata(**fallback), integrated=column == "dcfi")
        except InputError as error:
            problems.append(f"column {column}: {error}")
    return headers, problems
