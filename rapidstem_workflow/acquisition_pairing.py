"""Which raw files belong together: stacks with the slow image of their place, rapid with slow series; and what each field is for."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import count
from pathlib import Path

import networkx as nx
import numpy as np

from rapidstem.files import LONGEST_NAME, TILT_TOLERANCE_DEG, field_problems, file_problems
from rapidstem_workflow.recorded_folder import RecordedFile, RecordedFolder

# Names that say how an image was taken, not of what.
MANNERS = re.compile(
    r"(?<![a-z])(rapid|slow|fast|stack|frames?|image|img|scan|dcfi|haadf|bf|ref(erence)?|\d+(ns|us|ms))(?![a-z])", re.IGNORECASE
)
SLOW = re.compile(r"(?<![a-z])slow(?![a-z])", re.IGNORECASE)
LEAST_NAME = 0.8
AMBIGUOUS = 0.02
FEWEST_FOR_A_TEST = 3
_ROOM_FOR_NUMBER = 5


@dataclass(frozen=True)
class ProposedRow:
    """A row of the sheet, and what it rests on."""

    acquisition: str
    kind: str
    tilt_deg: int | None
    rapid: RecordedFile
    slow: RecordedFile | None
    reason: str


@dataclass(frozen=True)
class Proposal:
    """Rows of a sheet, the files that none of them has, each with the reason, and what a person should know of those that one has."""

    rows: list[ProposedRow]
    left_out: dict[Path, str]
    remarks: Sequence[str] = ()


def proposed(folder: RecordedFolder) -> Proposal:
    """Pair stacks with the slow image of the same place, rapid with slow series, and propose what each field is for.

    The two of a pair have the same tilt, to a degree, where both files say it, series the same range of tilts to a step, pixels and fields
    of view that the sheet's own check takes for one place, and names that are alike but for words such as rapid and slow. Where two images
    fit a stack alike, it gets neither.
    """
    turning = {
        file.path: _several_tilts(file) for file in folder.files if file.form == "stack" and file.tilt_range_deg > TILT_TOLERANCE_DEG
    }
    forms: dict[str, list[RecordedFile]] = defaultdict(list)
    for file in folder.files:
        if file.path not in turning:
            forms[file.form].append(file)
    pairs, doubts = _pairs(forms["stack"], forms["image"])
    rows = [row for file in forms["stack"] if (row := _field_row(file, pairs.get(file.path))) is not None]
    unknown = {file.path: _without_tilt(file, pairs.get(file.path)) for file in forms["stack"] if file.tilt_deg is None}
    used = {image.path for image, _ in pairs.values()}
    single = {file.path: doubts.get(file.path, "no stack of rapid frames fits this single image") for file in forms["image"]}
    left_out = folder.left_out | turning | unknown | {path: reason for path, reason in single.items() if path not in used}
    series_rows, series_left = _series_rows(forms["series"], bool(forms["stack"]))
    named = _named_once([*rows, *series_rows])
    return Proposal([*_with_purposes(named[: len(rows)]), *named[len(rows) :]], left_out | series_left)


def _named_once(rows: Sequence[ProposedRow]) -> list[ProposedRow]:
    """The rows, names that are too long cut, and a number that makes them one of a kind behind those that would occur twice."""
    shortened = [row.acquisition[: LONGEST_NAME - _ROOM_FOR_NUMBER] for row in rows]
    taken, seen = set(shortened), set()
    named = []
    for row, name in zip(rows, shortened, strict=True):
        free = name if name not in seen else next(other for number in count(2) if (other := f"{name}-{number}") not in taken)
        seen.add(name)
        taken.add(free)
        named.append(replace(row, acquisition=free))
    return named


def _pairs(
    stacks: Sequence[RecordedFile], images: Sequence[RecordedFile]
) -> tuple[dict[Path, tuple[RecordedFile, float]], dict[Path, str]]:
    """The image of each stack with the likeness of their names, and why images that fit have none."""
    graph = nx.Graph()
    doubts: dict[Path, str] = {}
    for stack in stacks:
        fitting = sorted(((likeness(stack.path, image.path), image) for image in images if _fits(stack, image)), key=lambda each: -each[0])
        fitting = [(value, image) for value, image in fitting if value >= LEAST_NAME]
        if len(fitting) > 1 and fitting[0][0] - fitting[1][0] < AMBIGUOUS:
            doubts |= {
                image.path: f"fits {stack.path.name} as well as {fitting[0][1].path.name} does; name it in the sheet"
                for _, image in fitting[:2]
            }
            continue
        for value, image in fitting:
            graph.add_edge(("stack", stack.path), ("image", image.path), weight=value, image=image)
    matching = nx.max_weight_matching(graph)
    found = {}
    for ends in matching:
        stack_end = next(end for end in ends if end[0] == "stack")
        data = graph.edges[ends]
        found[stack_end[1]] = data["image"], data["weight"]
    return found, doubts


def _fits(stack: RecordedFile, image: RecordedFile) -> bool:
    """Whether an image may show the place of a stack, by what the headers say."""
    one, two = stack.tilt_deg, image.tilt_deg
    same_tilt = one is None or two is None or abs(one - two) <= TILT_TOLERANCE_DEG
    return same_tilt and not any(field_problems(stack.header, image.header))


def place_name(path: Path) -> str:
    """The name of what a file shows: its stem without words for how it was taken, in the letters that a sheet allows."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", MANNERS.sub("", path.stem)).strip("-_") or re.sub(r"[^A-Za-z0-9_]+", "-", path.stem)


def likeness(one: Path, two: Path) -> float:
    """How alike the names of what two files show are, 0 to 1; numbers that differ make them different places."""
    names = place_name(one).lower(), place_name(two).lower()
    if re.findall(r"\d+", names[0]) != re.findall(r"\d+", names[1]):
        return 0.0
    return SequenceMatcher(None, *names).ratio()


def _field_row(stack: RecordedFile, pair: tuple[RecordedFile, float] | None) -> ProposedRow | None:
    if stack.tilt_deg is None:
        return None
    image = pair[0] if pair else None
    said = "" if stack.header.tilt_deg is not None or stack.header.stage_tilt_deg is not None else " by its name"
    reason = f"{stack.header.shape[0]} frames at {stack.tilt_deg:.1f} degrees{said}"
    reason += f", slow image {image.path.name} (names {pair[1]:.0%} alike)" if image and pair else ", no slow image of this place was found"
    return ProposedRow(place_name(stack.path), "training", round(stack.tilt_deg), stack, image, reason)


def _without_tilt(stack: RecordedFile, pair: tuple[RecordedFile, float] | None) -> str:
    """What is to be done with a stack that says no tilt."""
    slow = f" and {pair[0].path.name} as slow" if pair else ""
    return (
        "the file does not say its tilt, nor does its name; put the tilt into the name (a_40deg.tif), or add a row to the sheet with this "
        f"file as rapid{slow} and its tilt in degrees; the tilts of a series stand in a file beside it ({stack.path.stem}.rawtlt)"
    )


def _with_purposes(rows: Sequence[ProposedRow]) -> list[ProposedRow]:
    """One field near zero tilt calibrates, one of three or more at each tilt tests, the others train.

    A field whose name begins with what it is for is taken at its word. Only fields with a slow image calibrate or test.
    """
    by_tilt: dict[int, list[ProposedRow]] = defaultdict(list)
    for row in rows:
        by_tilt[row.tilt_deg or 0].append(row)
    done = []
    flattest = min(by_tilt, key=abs, default=0)
    for tilt, fields in sorted(by_tilt.items()):
        kinds = {row.acquisition: kind for row in fields if (kind := _named_purpose(row.acquisition)) and (row.slow or kind == "training")}
        paired = [row for row in fields if row.slow and row.acquisition not in kinds]
        if tilt == flattest and "calibration" not in kinds.values() and len(paired) >= 2:
            kinds[paired.pop().acquisition] = "calibration"
        if "test" not in kinds.values() and len(paired) >= FEWEST_FOR_A_TEST:
            kinds[paired.pop().acquisition] = "test"
        done += [replace(row, kind=kinds.get(row.acquisition, "training")) for row in fields]
    return done


def _named_purpose(name: str) -> str | None:
    """What a field is for by its own name."""
    found = re.match(r"(calib|test|train)", name, re.IGNORECASE)
    return {"calib": "calibration", "test": "test", "train": "training"}[found[1].lower()] if found else None


def _several_tilts(stack: RecordedFile) -> str:
    """Why a stack is no field at rest, and what to do with it."""
    tilts = np.asarray(stack.header.tilt_deg)
    return (
        f"its {len(tilts)} frames have tilts from {tilts.min():.1f} to {tilts.max():.1f} degrees, too many for a field at rest and too few "
        "for a tilt series; add a row to the sheet that says what it is"
    )


def _series_rows(series: Sequence[RecordedFile], fields: bool) -> tuple[list[ProposedRow], dict[Path, str]]:
    """Rapid series, each with the slow one of the same tilts, if there is exactly one; slow ones alone where nothing rapid is there."""
    slow = {file.path for file in series if _is_slow(file, series)}
    if len(slow) == len(series) and not fields:
        slow = set()
    rows: list[ProposedRow] = []
    used: set[Path] = set()
    for rapid in (file for file in series if file.path not in slow):
        fitting = [
            file for file in series if file.path in slow and _fit_series(rapid, file) and likeness(rapid.path, file.path) >= LEAST_NAME
        ]
        partner = fitting[0] if len(fitting) == 1 else None
        reason = _tilts_in_words(rapid)
        reason += f", slow series {partner.path.name}" if partner else f", {len(fitting) or 'no'} slow series fit"
        if partner:
            used.add(partner.path)
        rows.append(ProposedRow(place_name(rapid.path), "tilt_series", None, rapid, partner, reason))
    remedy = "name it as slow in the row of that one, or add a row with it as rapid where the place was recorded once"
    alone = {file.path: _tilts_in_words(file) for file in series if file.path in slow - used}
    return rows, {
        path: f"a slow series of {tilts} without a rapid one of the same place, tilts and pixels; {remedy}" for path, tilts in alone.items()
    }


def _tilts_in_words(series: RecordedFile) -> str:
    tilts = np.asarray(series.header.tilt_deg)
    return f"{len(tilts)} tilts from {tilts.min():.0f} to {tilts.max():.0f} degrees"


def _fit_series(rapid: RecordedFile, slow: RecordedFile) -> bool:
    """Whether two series may show one place: what the product takes, from and to the same tilts but for a step of the coarser one."""
    both = [np.sort(np.asarray(file.header.tilt_deg)) for file in (rapid, slow)]
    step = max(float(np.median(np.diff(tilts))) for tilts in both)
    same_range = all(abs(both[0][end] - both[1][end]) <= step + TILT_TOLERANCE_DEG for end in (0, -1))
    headers = {"rapid": rapid.header, "slow": slow.header}
    return same_range and not any(file_problems({"kind": "tilt_series"}, headers, False, False))


def _is_slow(file: RecordedFile, series: Sequence[RecordedFile]) -> bool:
    """Whether a series scanned ten times as long on a pixel as the fastest one of the folder; by its name where its file does not say."""
    dwells = [other.header.dwell_time_s for other in series if other.header.dwell_time_s]
    if file.header.dwell_time_s:
        return file.header.dwell_time_s >= 10 * min(dwells)
    return SLOW.search(file.path.stem) is not None
