"""Describe a finished session as a Workflow Run RO-Crate: what was run, with which settings, from which raw files, and what came out.

    python -m rapidstem_workflow.run_crate --configfile config/config.yaml

with all configuration files that the session was run with, in the same order, and what its command line set by `--config`.
Writes `ro-crate-metadata.json` and the folder `provenance` (workflow, configuration, sheet, pinned versions) into `results/<session>`,
which becomes the crate; nothing else is copied or changed. Needs the packages of the group `provenance` (rocrate).
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from rapidstem import __version__
from rapidstem.denoising import CARD, LOSSES, WEIGHTS, NetworkSettings, model_folder
from rapidstem.errors import InputError
from rapidstem.files import FILE_COLUMNS, angle_file, input_fault, is_log, parts_beside, written_beside
from rapidstem_workflow.command_line import add_configuration, given_values
from rapidstem_workflow.configuration_checks import configuration_schema
from rapidstem_workflow.run_summary import REPORT, START
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_opening import open_session, read_configuration

METADATA, PROVENANCE = "ro-crate-metadata.json", "provenance"
# The specifications that the crate keeps to, https://www.researchobject.org/workflow-run-crate/profiles/workflow_run_crate/
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_REPOSITORY = Path(__file__).resolve().parent.parent
# Working files of the run, not results.
_LEFT_OUT = ("benchmarks", "logs", "raw", "truth", PROVENANCE)
_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".smk": "text/x-python",
    ".tif": "image/tiff",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".vtp": "application/vnd.vtk.polydata+xml",
    ".yaml": "application/yaml",
}


def write_crate(configurations: Sequence[Path], licence: str | None = None, entries: Sequence[str] = ()) -> Path:
    """Describe a session, in the folder where Snakemake ran.

    Parameters
    ----------
    configurations
        The files that it was run with, in their order: of what several say of one key that of the last one counts.
    licence
        Address of the licence under which the results are passed on; left out where nothing is given.
    entries
        What its command line set by `--config`, `key=value`.

    Returns
    -------
    The metadata file of the crate.

    Raises
    ------
    InputError
        where the session has not been finished, a raw file is missing, or the package rocrate.
    """
    session = open_session(read_configuration(configurations, entries))
    folder = Path(session.folder)
    if not (folder / REPORT).is_file():
        raise InputError(f"{folder / REPORT}: there is no report, the session is not finished; run it first")
    places = [""] if len(configurations) == 1 else [f"configuration-{number}" for number, _ in enumerate(configurations, start=1)]
    given = [_copied(path, folder, place) for path, place in zip(configurations, places, strict=True)]
    given.append(_copied(Path(session.config["acquisitions"]), folder))
    given += [_noted(entries, folder)] if entries else []
    pinned = _copied(_REPOSITORY / "requirements.lock", folder)
    rules = [_copied(path, folder, "workflow/rules") for path in sorted((_REPOSITORY / "workflow/rules").glob("*.smk"))]
    crate = _described(session, folder, given, [pinned, *rules], _copied(_REPOSITORY / "Snakefile", folder), licence)
    with written_beside(folder / METADATA) as path:
        path.write_text(json.dumps(crate.metadata.generate(), indent=2) + "\n", encoding="utf-8")
    return folder / METADATA


def _described(session: Session, folder: Path, given: list[Path], used: list[Path], workflow: Path, licence: str | None) -> Any:
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise InputError("the package rocrate is not installed; install the group provenance (pip install .[provenance])") from None
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms["sha256"] = "https://w3id.org/ro/terms/workflow-run#sha256"
    finished = _time(folder / REPORT)
    crate.name = f"rapidstem session {session.config['session']}"
    crate.description = "Rapid STEM tomography of dislocations: results of one session, and the run of the workflow that made them."
    crate.datePublished = finished
    if licence:
        crate.license = licence
    crate.root_dataset["conformsTo"] = [crate.add_jsonld(_profile(address)) for address in PROFILES]
    main = crate.add_workflow(
        dest_path=str(workflow), main=True, lang="snakemake", properties={"name": "rapidstem", "version": __version__}
    )
    settings, code = ([crate.add_file(dest_path=str(path), properties=_facts(folder / path)) for path in part] for part in (given, used))
    inputs = [crate.add_jsonld(_raw_file(path, folder)) for path in _given_files(session)]
    main["hasPart"] = [entity for entity in code if entity.id.endswith(".smk")]
    results = [crate.add_file(dest_path=str(path), properties=_facts(folder / path)) for path in _results(folder)]
    times = {"startTime": _time(folder / START), "endTime": finished, "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"}}
    run = crate.add_action(main, object=inputs + settings, result=results, properties={"name": f"Run of {crate.name}", **times})
    crate.root_dataset["mentions"] = [run]
    crate.root_dataset["hasPart"] = [*crate.root_dataset["hasPart"], *[entity for entity in inputs if entity.id.startswith("raw/")]]
    return crate


def _copied(path: Path, folder: Path, place: str = "") -> Path:
    """Copy a file into the crate, and give its place there."""
    copy = Path(PROVENANCE) / place / path.name
    (folder / copy).parent.mkdir(parents=True, exist_ok=True)
    with written_beside(folder / copy) as temporary:
        shutil.copyfile(path, temporary)
    return copy


def _noted(entries: Sequence[str], folder: Path) -> Path:
    """Write what the command line has set as a configuration file of its own, the last one, and give its place in the crate."""
    note = Path(PROVENANCE) / "command-line/config.yaml"
    (folder / note).parent.mkdir(parents=True, exist_ok=True)
    with written_beside(folder / note) as temporary:
        temporary.write_text(yaml.safe_dump(given_values(entries, configuration_schema()), sort_keys=False), encoding="utf-8")
    return note


def _profile(address: str) -> dict[str, str]:
    name, version = PROFILES[address]
    return {"@id": address, "@type": "CreativeWork", "name": name, "version": version}


def _given_files(session: Session) -> Iterable[Path]:
    """Every file that the session was made from, once: raw files with what is read beside them, logs, the map, trained models."""
    names = [name for name in session.acquisitions() if not input_fault(Path(session.folder), name)]
    raw = [Path(session.path(name, column)) for name in names for column in FILE_COLUMNS if session.path(name, column)]
    beside = [other for path in raw for other in (*parts_beside(path), angle_file(path)) if other]
    logs = [Path(session.temperature(name)) for name in names if is_log(session.temperature(name))]
    maps = [Path(session.saved_map)] if session.saved_map else []
    for path in dict.fromkeys([*raw, *beside, *logs, *maps, *_model_files(session)]):
        if not path.exists():
            raise InputError(f"{path}: the file is missing, so that its checksum cannot be given; put it back")
        yield path


def _model_files(session: Session) -> Iterable[Path]:
    """The files of the models that the session was given, to denoise with or to start a training from."""
    for name in session.denoisers:
        settings = session.settings_of(name)
        if isinstance(settings, NetworkSettings) and (given := settings.model or settings.start_from):
            yield from (model_folder(given) / part for part in (CARD, WEIGHTS, LOSSES))


def _raw_file(path: Path, folder: Path) -> dict[str, Any]:
    """A raw file within the crate by its path, any other by the address of its place: it is not copied."""
    inside = path.resolve().is_relative_to(folder.resolve())
    place = path.resolve().relative_to(folder.resolve()).as_posix() if inside else path.resolve().as_uri()
    if path.is_dir():
        return {"@id": f"{place}/", "@type": "Dataset", **_store_facts(path)}
    return {"@id": place, "@type": "File", **_facts(path)}


def _results(folder: Path) -> list[Path]:
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if path.parts[0] not in (*_LEFT_OUT, METADATA) and not path.name.startswith(".")]


def _facts(path: Path) -> dict[str, str]:
    """Name, size, checksum and kind of a file."""
    facts = {"name": path.name, "contentSize": str(path.stat().st_size), "sha256": _checksum(path)}
    return facts | ({"encodingFormat": _TYPES[path.suffix]} if path.suffix in _TYPES else {})


def _store_facts(path: Path) -> dict[str, str]:
    """Name and size of a zarr store, and a checksum: that of the list of its files that `sha256sum` prints, in the order of their names."""
    files = sorted(each for each in path.rglob("*") if each.is_file())
    listed = "".join(f"{_checksum(each)}  {each.relative_to(path).as_posix()}\n" for each in files)
    size = sum(each.stat().st_size for each in files)
    return {"name": path.name, "contentSize": str(size), "sha256": hashlib.sha256(listed.encode()).hexdigest()}


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def main() -> None:
    """Write the crate of the session that the command line names."""
    parser = argparse.ArgumentParser(description="Describe a finished session as a Workflow Run RO-Crate.")
    add_configuration(parser)
    parser.add_argument("--licence", help="address of the licence under which the results are passed on")
    given = parser.parse_args()
    try:
        print(write_crate(given.configfile, given.licence, given.config))
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
