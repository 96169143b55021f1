"""A sheet and a configuration proposed from a folder of raw files.

`python -m rapidstem_workflow.sheet_proposal FOLDER` writes `config/<folder>.tsv` and `config/<folder>.yaml`, says what every row rests on,
and lists what could not be placed and why. Nothing is guessed without a word, nothing that is there is overwritten.
"""

import argparse
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from rapidstem.errors import InputError, raise_problems
from rapidstem.files import BRIGHT_FIELD, LONGEST_NAME, FallbackMetadata, check_files, read_sheet, written_beside
from rapidstem.word_forms import word_form
from rapidstem_workflow.acquisition_pairing import Proposal, proposed
from rapidstem_workflow.recorded_folder import RecordedFolder, read_folder
from rapidstem_workflow.session_opening import open_session

# What in a path a sheet, or Snakemake, takes for something else: separators, variables, wildcards, letters that are no UTF-8; at the
# beginning quotation marks and a home folder, at either end blanks.
_OTHERWISE_READ = re.compile(r"[\t\r\n${}\ud800-\udfff]|^[\"~\s]|\s$")


def sheet_lines(proposal: Proposal, sheet: Path) -> Iterator[str]:
    """The sheet, a line at a time."""
    yield "acquisition\tkind\ttilt\trapid\tslow"
    for row in proposal.rows:
        tilt = "" if row.tilt_deg is None else f"{row.tilt_deg}"
        slow = _beside(row.slow.path, sheet) if row.slow else ""
        yield "\t".join([row.acquisition, row.kind, tilt, _beside(row.rapid.path, sheet), slow])


def _beside(path: Path, sheet: Path) -> str:
    return Path(os.path.relpath(path.resolve(), sheet.resolve().parent)).as_posix()


def configuration_text(name: str, sheet: Path, proposal: Proposal, detector: str, pixel_size_nm: float | None) -> str:
    """A configuration with what a person should look at first."""
    training = [row for row in proposal.rows if row.kind == "training"]
    paired = any(row.slow for row in training)
    left_out = _left_out_text([row.acquisition for row in training if not row.slow] if paired else [])
    filter_name, learns = "general", "It comes with rapidstem and has seen simulated fields alone: no training field was found."
    if training:
        filter_name = "dlf-slow" if paired else "noise2noise"
        target = "the slow images" if paired else "other frames of the same field, as no slow image was found"
        learns = f"It learns from {target}."
    reconstructed = f"[{filter_name}]" if any(row.kind == "tilt_series" for row in proposal.rows) else "[]"
    given = {"detector": detector if detector != BRIGHT_FIELD else None, "pixel_size_nm": pixel_size_nm}
    reading = "".join(f"  {key}: {_quoted(value)}\n" for key, value in given.items() if value is not None)
    reading = f"\nreading:\n{reading}" if reading else ""
    return f"""# Proposed from the headers of the raw files; look at every line. config/README.md explains every key.

session: {_quoted(name)}
acquisitions: {_quoted(sheet.as_posix())}
{left_out}{reading}{_distortion_text(proposal)}
denoisers:
  # {learns}
  - name: {filter_name}

tomography:
  denoisers: {reconstructed}
{_geometry_text(proposal)}  # No file says the foil's thickness: measure it (EELS, convergent beam), in nm.
  thickness_nm: 300
  # Full width of the dislocation lines at half depth in your images, in nm.
  line_width_nm: 13.7

# Directions of the crystal along the tilt axis x and the beam z at zero tilt, for the slip planes.
# crystal:
#   x: [2, 0, 0]
#   z: [0, 1, 3]
"""


def _distortion_text(proposal: Proposal) -> str:
    """That the scan distortion stays as it is, where there is no field that it can be measured on."""
    if any(row.slow for row in proposal.rows if row.kind in ("calibration", "training")):
        return ""
    reason = "No field with a slow image was found to measure the scan distortion on: it stays uncorrected."
    return f"\n# {reason}\ndistortion:\n  method: none\n"


def _left_out_text(unpaired: list[str]) -> str:
    """What the configuration says of training fields without a slow image beside others that have one."""
    names = ", ".join(unpaired)
    return f"\n# No slow image was found, from which {names} could teach.\nleave_out: {_quoted(unpaired)}\n" if unpaired else ""


def _geometry_text(proposal: Proposal) -> str:
    """One tilt a frame, where the rapid file of a tilt series does not say when its rows were scanned."""
    rapid = [row.rapid.header for row in proposal.rows if row.kind == "tilt_series"]
    untimed = ", ".join(header.path.name for header in rapid if header.time_s is None or header.line_time_s is None)
    remedy = "with reading.frame_interval_s and reading.line_time_s every row can have its own tilt: remove the line then"
    return f"  # No times of frames or rows: {untimed}; {remedy}.\n  geometry: [per-frame]\n" if untimed else ""


def _quoted(value: str | float | list[str]) -> str:
    """In YAML, which takes the names `20240601` and `0003` for numbers where they are not quoted."""
    return json.dumps(value, ensure_ascii=False)


def proposed_files(output: Path) -> tuple[Path, Path]:
    """The sheet and the configuration of a path without ending, whatever points its name has."""
    return output.with_name(f"{output.name}.tsv"), output.with_name(f"{output.name}.yaml")


def allowed_name(name: str) -> str:
    """A name in the letters that the configuration allows for a session."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:LONGEST_NAME] or "session"


def write_proposal(folder: Path, output: Path, detector: str = BRIGHT_FIELD, pixel_size_nm: float | None = None) -> Proposal:
    """Propose a sheet and a configuration for a folder of raw files, see whether the product takes them, and write both.

    Parameters
    ----------
    folder
        With the raw files, in it or below it.
    output
        Where the two go: a path without ending; the session is named after it.
    detector
        Whose images to take from files with several.
    pixel_size_nm
        For files that have none.

    Raises
    ------
    InputError
        where one of them is there already, no row can be proposed, or the product would refuse them; nothing is written then
    """
    sheet, config = proposed_files(output)
    for path in (sheet, config):
        if path.exists():
            raise InputError(f"{path}: is there already; move it away, or choose another name with --output")
    fallback = FallbackMetadata(pixel_size_nm=pixel_size_nm)
    proposal = proposed(_with_written_paths(read_folder(folder, detector, fallback), sheet))
    if not proposal.rows:
        problems = [f"{path}: {reason}" for path, reason in proposal.left_out.items()]
        raise_problems(f"{folder}: no row of a sheet can be proposed from its files", problems)
    text = configuration_text(allowed_name(output.name), sheet, proposal, detector, pixel_size_nm)
    with written_beside(sheet) as new_sheet, written_beside(config) as new_config:
        new_sheet.write_text("\n".join(sheet_lines(proposal, sheet)) + "\n", encoding="utf-8")
        new_config.write_text(text, encoding="utf-8")
        try:
            open_session(yaml.safe_load(text) | {"acquisitions": str(new_sheet)})
            remarks = check_files(read_sheet(new_sheet), detector, fallback, single_frames=True).remarks
        except InputError as error:
            raise InputError(str(error).replace(str(new_sheet), str(sheet))) from None
    return replace(proposal, remarks=remarks)


def _with_written_paths(folder: RecordedFolder, sheet: Path) -> RecordedFolder:
    """The folder, files left out whose paths cannot stand in a sheet."""
    reasons = {file.path: reason for file in folder.files if (reason := _unwritten(_beside(file.path, sheet)))}
    return RecordedFolder([file for file in folder.files if file.path not in reasons], folder.left_out | reasons)


def _unwritten(path: str) -> str | None:
    """Why a path cannot stand in a sheet, which would read another one; None where it can."""
    found = _OTHERWISE_READ.search(path)
    return f"has {found[0]!r} in its path, which a sheet reads as something else; rename the file or its folder" if found else None


def main() -> None:
    """Propose, write, and say what every row rests on."""
    parser = argparse.ArgumentParser(description="Propose a sheet and a configuration from the raw files of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, help="path of the two files without ending; config/<folder> where nothing is given")
    parser.add_argument("--detector", default=BRIGHT_FIELD, help="whose images to take from files with several (%(default)s)")
    parser.add_argument("--pixel-size-nm", type=float, help="for files that do not say theirs")
    given = parser.parse_args()
    output = given.output or Path("config") / allowed_name(given.folder.resolve().name)
    try:
        proposal = write_proposal(given.folder, output, given.detector, given.pixel_size_nm)
    except InputError as error:
        sys.exit(str(error))
    for row in proposal.rows:
        print(f"{row.acquisition}: {row.kind}; {row.reason}")
    for path, reason in proposal.left_out.items():
        print(f"left out: {path}: {reason}")
    for remark in proposal.remarks:
        print(f"remark: {remark}")
    sheet, config = proposed_files(output)
    print(f"{len(proposal.rows)} {word_form(len(proposal.rows), 'row')} in {sheet}; look at them and at {config}, then:")
    print(f"snakemake --cores 8 --configfile {shlex.quote(str(config))}")


if __name__ == "__main__":
    main()
