"""The crate of a finished session, read back and validated by the libraries of others."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from rapidstem.denoising import CARD, LOSSES, WEIGHTS
from rapidstem.errors import InputError
from rapidstem.files.job_logs import last_words
from rapidstem_workflow.run_crate import METADATA, PROFILES, main, write_crate
from tests.workflow.tiny_session import FIELDS, configuration, sheet_text, write_session

rocrate = pytest.importorskip("rocrate.rocrate", reason="the packages of the group provenance are not installed")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a run leaves, with a few bytes in the place of each file."""
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results/tiny"
    sheet = (tmp_path / "config/acquisitions.tsv").read_text(encoding="utf-8")
    raw = [folder / "raw" / entry.rsplit("/", 1)[1] for line in sheet.splitlines() for entry in line.split("\t") if "/raw/" in entry]
    for path in [*raw, folder / "logs/run_started", folder / "evaluation/lines.csv", folder / "report.html"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {path.name}", encoding="utf-8")
    return folder


def test_the_crate_says_what_was_run_from_what_and_what_came_out(session: Path) -> None:
    write_crate([Path("config/config.yaml")], "https://creativecommons.org/licenses/by/4.0/")
    crate = rocrate.ROCrate(session)
    action = next(entity for entity in crate.get_entities() if entity.type == "CreateAction")
    assert action["instrument"] is crate.mainEntity
    assert {profile.id for profile in crate.root_dataset["conformsTo"]} == set(PROFILES)
    results = {entity.id for entity in action["result"]}
    assert {"evaluation/lines.csv", "report.html"} <= results and not any(name.startswith(("raw/", "logs/")) for name in results)
    inputs = {entity.id: entity for entity in action["object"]}
    assert "provenance/config.yaml" in inputs and "provenance/acquisitions.tsv" in inputs
    raw = [name for name in inputs if name.startswith("raw/")]
    assert len(raw) >= len(FIELDS)
    for name in raw:
        assert inputs[name]["sha256"] == hashlib.sha256((session / name).read_bytes()).hexdigest()
    assert action["startTime"] <= action["endTime"]
    assert all((session / entity.id).is_file() for entity in crate.data_entities)


def test_the_crate_holds_all_configuration_files_and_what_they_say_together(session: Path, tmp_path: Path) -> None:
    (tmp_path / "second/config.yaml").parent.mkdir()
    (tmp_path / "second/config.yaml").write_text("session: renamed\n", encoding="utf-8")
    session.rename(session.with_name("renamed"))
    write_session(tmp_path, sheet=sheet_text(FIELDS).replace("results/tiny", "results/renamed"))
    metadata = write_crate([Path("config/config.yaml"), Path("second/config.yaml")])
    assert metadata.parent == Path("results/renamed")
    graph = {entity["@id"]: entity for entity in json.loads(metadata.read_text(encoding="utf-8"))["@graph"]}
    used = next(entity["object"] for entity in graph.values() if entity["@type"] == "CreateAction")
    files = [f"provenance/configuration-{number}/config.yaml" for number in (1, 2)]
    assert {*files, "provenance/acquisitions.tsv"} <= {each["@id"] for each in used}
    assert (metadata.parent / files[1]).read_text(encoding="utf-8") == "session: renamed\n"


@pytest.mark.network
def test_the_crate_passes_the_validator_of_the_profile(session: Path) -> None:
    validator = pytest.importorskip("rocrate_validator.services", reason="roc-validator is not installed")
    write_crate([Path("config/config.yaml")], "https://creativecommons.org/licenses/by/4.0/")
    settings = {"rocrate_uri": str(session), "profile_identifier": "workflow-run-crate-0.5", "requirement_severity": "REQUIRED"}
    result = validator.validate(settings)
    assert not result.has_issues(), [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()]


def test_a_raw_file_elsewhere_is_named_by_its_place_and_not_copied(session: Path, tmp_path: Path) -> None:
    sheet = sheet_text(FIELDS).replace("../results/tiny/raw/", "../raw data/")
    write_session(tmp_path, {key: value for key, value in configuration().items() if key != "simulate"}, sheet)
    (session / "raw").rename(tmp_path / "raw data")
    graph = json.loads(write_crate([Path("config/config.yaml")]).read_text(encoding="utf-8"))["@graph"]
    outside = [entity["@id"] for entity in graph if entity["@id"].startswith("file:")]
    assert outside and all("raw%20data/" in name for name in outside)
    assert not (session / "raw").exists()


def _named_inputs() -> set[str]:
    """Places of all that a session's crate says it was made from, seen from its folder or the working directory."""
    graph = json.loads(write_crate([Path("config/config.yaml")]).read_text(encoding="utf-8"))["@graph"]
    used = next(entity["object"] for entity in graph if entity["@type"] == "CreateAction")
    here = f"{Path.cwd().as_uri()}/"
    return {each["@id"].removeprefix(here) for each in used}


def test_all_that_a_session_was_made_from_is_an_input(session: Path, tmp_path: Path) -> None:
    raw = session / "raw"
    (raw / "series.rapid.rawtlt").write_text("0\n", encoding="utf-8")
    for name in ("field.emi", "field_1.ser", "heater.csv"):
        (raw / name).write_bytes(b"1")
    (tmp_path / "map.csv").write_text("rapid_px,slow_px\n", encoding="utf-8")
    model = tmp_path / "earlier/models/dlf-slow"
    model.mkdir(parents=True)
    for name in (CARD, WEIGHTS, LOSSES):
        (model / name).write_text("{}", encoding="utf-8")
    heading, *rows = sheet_text(FIELDS).replace("test-a.rapid.emd", "field.emi").splitlines()
    rows = [f"{heading}\ttemperature", *[f"{row}\t" for row in rows]]
    rows.append("heated\tin_situ\t0\t../results/tiny/raw/heated.rapid.emd\t\t../results/tiny/raw/heater.csv")
    (raw / "heated.rapid.emd").write_bytes(b"2")
    config = {key: value for key, value in configuration().items() if key != "simulate"} | {"distortion": "map.csv"}
    config["denoisers"] = [{"name": "dlf-slow", "model": "earlier/models/dlf-slow"}]
    write_session(tmp_path, config, "\n".join(rows) + "\n")
    inputs = _named_inputs()
    assert {f"raw/{name}" for name in ("series.rapid.rawtlt", "field.emi", "field_1.ser", "heater.csv", "heated.rapid.emd")} <= inputs
    assert {"map.csv", *(f"earlier/models/dlf-slow/{name}" for name in (CARD, WEIGHTS, LOSSES))} <= inputs


def test_what_took_no_part_for_bad_input_is_no_input(session: Path) -> None:
    """The run that followed had left it out, which its configuration does not say."""
    assert "raw/test-a.rapid.emd" in _named_inputs()
    log = session / "logs/integrate_frames/test-a.log"
    log.parent.mkdir(parents=True)
    log.write_text(last_words("integrate_frames (acquisition test-a)", InputError("it is cut off"), log), encoding="utf-8")
    inputs = _named_inputs()
    assert not any(name.startswith("raw/test-a.") for name in inputs) and "raw/train-a.rapid.emd" in inputs


def test_what_the_command_line_left_out_is_no_input(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["run_crate", "--configfile", "config/config.yaml", "--config", "leave_out=[test-a]"]
    monkeypatch.setattr("sys.argv", words)
    main()
    graph = json.loads((session / METADATA).read_text(encoding="utf-8"))["@graph"]
    inputs = {each["@id"] for entity in graph if entity["@type"] == "CreateAction" for each in entity["object"]}
    assert not any(name.startswith("raw/test-a.") for name in inputs) and "raw/train-a.rapid.emd" in inputs
    assert "provenance/command-line/config.yaml" in inputs
    assert yaml.safe_load((session / "provenance/command-line/config.yaml").read_text(encoding="utf-8")) == {"leave_out": ["test-a"]}


def test_a_session_without_a_report_is_refused(session: Path) -> None:
    (session / "report.html").unlink()
    with pytest.raises(InputError, match=r"report\.html: there is no report, the session is not finished; run it first"):
        write_crate([Path("config/config.yaml")])
