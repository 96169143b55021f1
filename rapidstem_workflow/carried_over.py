"""What is carried from one acquisition to another must fit: maps and denoisers are made for one way of scanning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rapidstem.denoising import model_folder, model_format, read_card
from rapidstem.distortion import read_map_format
from rapidstem.errors import raise_problems
from rapidstem.files import ScanFormat, StackHeader

if TYPE_CHECKING:
    from rapidstem_workflow.session import Session

_DENOISED = ("test", "tilt_series", "in_situ")


def check_carried_over(session: Session, headers: Mapping[str, StackHeader]) -> None:
    """Compare the rapid frames of all acquisitions with those that the distortion map and the denoisers are made from.

    Parameters
    ----------
    session : whose raw files are there.
    headers : of the rapid file of every acquisition, by its name.

    Raises
    ------
    InputError
        Naming every row that differs, what differs, and the remedy.
    """
    formats = {name: ScanFormat.of(header) for name, header in headers.items()}
    problems = [*_map_problems(session, formats), *_trained_problems(session, formats), *_adopted_problems(session, formats)]
    raise_problems("Acquisitions do not fit together", problems)


def foreign_remarks(session: Session, headers: Mapping[str, StackHeader]) -> list[str]:
    """What a reader should know of networks that have learned from simulated fields alone, and where frames are unlike all of these.

    Parameters
    ----------
    session : whose models are there.
    headers : of the rapid files that are known, by acquisition.
    """
    remarks = []
    for name in session.adopted:
        data = read_card(model_folder(session.network_settings(name).model))["data"]
        if not data.get("simulated_fields"):
            continue
        seen = f"the network has learned from {data['simulated_fields']} simulated fields"
        remarks.append(f"{name}: no training field of this microscope was seen, {seen}; trust no line that the raw frames do not show")
        low, high = data["ranges"]["pixel_size_nm"]
        found = {row: headers[row].pixel_size_nm for row in session.acquisitions(*_DENOISED) if row in headers}
        remarks += [
            f"{name}: {row} has pixels of {pixel:.4g} nm, {seen} of {low:.2g} to {high:.2g} nm; its result is outside of what was tested"
            for row, pixel in found.items()
            if not low <= pixel <= high
        ]
    return remarks


def _map_problems(session: Session, formats: Mapping[str, ScanFormat]) -> Iterator[str]:
    """Rows whose frames another distortion map belongs to; which detector has seen the frames does not matter."""
    if session.config["distortion"]["method"] == "none":
        return
    saved = session.config["distortion"]["map"]
    first = "" if saved else session.calibration_fields[0]
    made_for = read_map_format(saved) if saved else formats[first]
    made = f"the distortion map {saved}" if saved else f"the distortion map, which is measured on {', '.join(session.calibration_fields)},"
    remedy = "give a map of frames like these as 'distortion', scan them like those of the map, or leave the row out"
    yield from _misfits(replace(made_for, detector=None), formats, made, "measured", remedy)


def _trained_problems(session: Session, formats: Mapping[str, ScanFormat]) -> Iterator[str]:
    """Rows that are unlike the fields that this session's denoisers learn from; the size of the frames does not matter."""
    fields = session.acquisitions("training")
    learners = session.learners
    if not fields or not learners:
        return
    rows = {name: formats[name] for name in [*fields[1:], *session.acquisitions(*_DENOISED)]}
    made = f"{', '.join(learners)}, which learns from {fields[0]},"
    remedy = "record training fields like the rows that are denoised, or leave the row out"
    yield from _misfits(replace(formats[fields[0]], columns=None), rows, made, "trained", remedy)


def _adopted_problems(session: Session, formats: Mapping[str, ScanFormat]) -> Iterator[str]:
    """Rows that are unlike what a network has seen that was trained earlier."""
    rows = {name: formats[name] for name in session.acquisitions(*_DENOISED)}
    for name in session.adopted:
        folder = model_folder(session.network_settings(name).model)
        remedy = "train anew, or from its weights with start_from"
        yield from _misfits(model_format(read_card(folder)), rows, f"the model {name}", "trained", remedy)


def _misfits(made_for: ScanFormat, rows: Mapping[str, ScanFormat], what: str, made: str, remedy: str) -> Iterator[str]:
    for name, found in rows.items():
        differences = [*made_for.differences(found, made)]
        if differences:
            yield f"acquisition {name!r}, column rapid: {what} does not fit: {'; '.join(differences)}; {remedy}"
