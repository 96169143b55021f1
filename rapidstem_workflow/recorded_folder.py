"""What lies in a folder of raw files: stacks, series, single images, and what cannot be used."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import (
    RAW_ENDINGS,
    FallbackMetadata,
    StackHeader,
    file_problems,
    is_zarr_store,
    parts_beside,
    read_header,
)
from rapidstem.progress import tracked
from rapidstem.word_forms import word_form
from rapidstem_workflow.raw_contents import file_mark

# What an EMI file is read with has no row of its own.
ENDINGS = tuple(ending for ending in RAW_ENDINGS if ending != ".ser")
# What lies beside raw files and belongs to them, or is the user's own.
SIDE_CARS = (".rawtlt", ".tlt", ".mdoc", ".txt", ".csv", ".tsv", ".yaml", ".md")
FEWEST_TILTS = 3
# A stage at rest is read within less.
LEAST_TILT_RANGE_DEG = 1.0
SAME_PIXEL = 0.02
HASHED_BYTES = 1 << 20

Form = Literal["stack", "series", "image"]


@dataclass(frozen=True)
class RecordedFile:
    """A raw file that can be read.

    Attributes
    ----------
    path
    header
    form
        A stack of frames at one tilt, a series over tilts, or a single image.
    """

    path: Path
    header: StackHeader
    form: Form

    @property
    def tilt_deg(self) -> float | None:
        """The tilt at which it was recorded: what the file says, the middle one of a series, else what its name says."""
        tilts, stage = self.header.tilt_deg, self.header.stage_tilt_deg
        if tilts is not None:
            return float(np.median(tilts))
        return named_tilt_deg(self.path) if stage is None else stage

    @property
    def tilt_range_deg(self) -> float:
        """From the least to the largest tilt that the file says; 0 where it says none."""
        return 0.0 if self.header.tilt_deg is None else float(np.ptp(self.header.tilt_deg))


@dataclass(frozen=True)
class RecordedFolder:
    """The raw files of a folder, and those that are left out, each with the reason."""

    files: list[RecordedFile]
    left_out: dict[Path, str]


def read_folder(folder: Path, detector: str, fallback: FallbackMetadata) -> RecordedFolder:
    """Read the headers of all raw files below a folder; nothing is written, and no pixel is read.

    Parameters
    ----------
    folder
    detector
        Whose images to take from files with several.
    fallback
        Values for what the files do not say.

    Raises
    ------
    InputError
        where there is no such folder, or no raw file in it
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give the one that holds the raw files")
    every, unread = _files_and_stores(folder)
    paths = [path for path in every if path.suffix.lower() in ENDINGS]
    if not paths:
        problem = f"{folder}: holds no raw file (of the endings {', '.join(ENDINGS)}); give the folder that does"
        raise InputError("\n".join([problem, *(f"  {path}: {reason}" for path, reason in unread.items())]))
    files, left_out = [], unread | dict(_duplicates(paths)) | dict(_others(folder, every))
    own = [path for path in paths if path not in left_out]
    for path in tracked(own, "reading headers", len(own), "file"):
        try:
            header = read_header(path, detector, fallback)
            files.append(RecordedFile(path, header, _usable_form(header)))
        except InputError as error:
            left_out[path] = str(error).removeprefix(f"{path}: ")
        except OSError as error:
            left_out[path] = _unread(error)
    kept, others = _of_one_session(files)
    return RecordedFolder(kept, left_out | others)


def _files_and_stores(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """What lies in a folder and its folders but for what is hidden, a zarr store as one file; and why folders cannot be read."""
    found: list[Path] = []
    unread: dict[Path, str] = {}

    def remember(error: OSError) -> None:
        unread[Path(error.filename)] = _unread(error)

    for place, folders, names in os.walk(folder, onerror=remember, followlinks=True):
        shown = [name for name in folders if not name.startswith(".")]
        stores = [name for name in shown if is_zarr_store(Path(place, name))]
        folders[:] = [name for name in shown if name not in stores]
        found += [Path(place, name) for name in [*names, *stores] if not name.startswith(".")]
    return sorted(found), unread


def _unread(error: OSError) -> str:
    """Why something cannot be read, in the words of the operating system."""
    return f"cannot be read: {error.strerror or error}"


def _others(folder: Path, every: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Files that are not looked at, by their endings."""
    endings = Counter(path.suffix.lower() for path in every if not _belongs_to_emi(path))
    for ending in sorted(endings.keys() - {*ENDINGS, *SIDE_CARS}):
        number = f"{endings[ending]} {word_form(endings[ending], 'file')}"
        yield folder / f"*{ending}", f"{number} of an ending that is not looked at; add a row by hand where it holds raw frames"


def _belongs_to_emi(path: Path) -> bool:
    return path.suffix.lower() == ".ser" and path.with_name(re.sub(r"_\d+$", "", path.stem) + ".emi").is_file()


def form_of(header: StackHeader) -> Form:
    """Whether a file holds a stack at one tilt, a series over tilts, or a single image."""
    if header.shape[0] == 1:
        return "image"
    tilts = header.tilt_deg
    turned = tilts is not None and len(tilts) >= FEWEST_TILTS and float(np.ptp(tilts)) >= LEAST_TILT_RANGE_DEG
    return "series" if turned else "stack"


def _usable_form(header: StackHeader) -> Form:
    """The form of a file that a row may have; an InputError says what the product would refuse about it."""
    form = form_of(header)
    row = {"kind": "tilt_series" if form == "series" else "training"}
    problems = [problem.rpartition(f"{header.path}: ")[2] for problem in file_problems(row, {"rapid": header}, True, False)]
    if problems:
        raise InputError("; ".join(problems))
    return form


def named_tilt_deg(path: Path) -> float | None:
    """The tilt that a file's name says: `tilt_-20`, `alpha40`, `-20deg`, `20 degrees`; None where it says none.

    A minus stands at the beginning, or behind a blank, `_`, `=` or `(`: in `area1-40deg` the dash parts words, in `tilt-20` it may be
    either.
    """
    tilt = r"((?:(?<![^ _=(])-)?\d+(?:\.\d+)?)"
    found = re.search(rf"(?:tilt|alpha)[ _=(]*{tilt}|{tilt} ?deg", path.stem, re.IGNORECASE)
    return float(found[1] or found[2]) if found else None


def _duplicates(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Files of the same size as another one with the same first megabyte, in which several recordings may be blank, and pieces all over."""
    sizes = _sizes(paths)
    alike = Counter(sizes.values())
    first: dict[tuple[bytes, ...], Path] = {}
    for path, size in sizes.items():
        if alike[size] == 1 or size == 0:
            continue
        with suppress(OSError):
            mark = _beginning(path), *(file_mark(each).encode() for each in (path, *parts_beside(path)))
            if mark in first:
                yield path, f"is a copy of {first[mark]}"
            first.setdefault(mark, path)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(HASHED_BYTES)).digest()


def _sizes(paths: Sequence[Path]) -> dict[Path, int]:
    """Sizes of files, in bytes; without those that the operating system does not show, which the reading of their headers names."""
    sizes = {}
    for path in paths:
        with suppress(OSError):
            if path.is_file():
                sizes[path] = path.stat().st_size
    return sizes


def _of_one_session(files: Sequence[RecordedFile]) -> tuple[list[RecordedFile], dict[Path, str]]:
    """The rapid files with the pixels that most of them have, and all single images; rapid files with others belong to another session."""
    rapid = [file for file in files if file.form != "image"]
    if not rapid:
        return list(files), {}
    sizes = np.array([file.header.pixel_size_nm for file in rapid])
    usual = float(sizes[np.argmax([np.count_nonzero(np.abs(sizes / size - 1) < SAME_PIXEL) for size in sizes])])
    fits = {file.path: file.form == "image" or abs(file.header.pixel_size_nm / usual - 1) < SAME_PIXEL for file in files}
    reason = "its pixels are {:.4g} nm wide, those of most rapid files here {:.4g} nm: it belongs to another session"
    others = {file.path: reason.format(file.header.pixel_size_nm, usual) for file in files if not fits[file.path]}
    return [file for file in files if fits[file.path]], others
