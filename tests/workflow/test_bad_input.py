"""What is wrong with a configuration or a sheet is said before any job starts, with the row, the file and the remedy."""

import json
from pathlib import Path

import pytest
import yaml

from rapidstem.errors import InputError
from rapidstem_workflow.configuration_checks import check_repeated_keys
from rapidstem_workflow.session_opening import read_configuration
from tests.workflow.tiny_session import FIELDS, configuration, planned_jobs, sheet_text, snakemake, write_session


def _refusal(folder: Path) -> str:
    """What a run says that must fail before its first job."""
    run = snakemake(folder, "--quiet", "rules")
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "Traceback" not in said
    assert not (folder / "results").exists(), "a job has started"
    return said


def _with(**changes: object) -> dict:
    return configuration() | changes


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (_with(sesion="x"), ["sesion"]),
        (_with(session="a b"), ["session", "a b"]),
        (_with(session="../../x"), ["session", "../../x"]),
        (_with(acquisitions="config/none.tsv"), ["none.tsv"]),
        (_with(denoisers=[{"name": "dlf-slwo"}]), ["dlf-slwo", "dlf-slow"]),
        (_with(denoisers=[{"name": "dlf-slow", "stepz": 3}]), ["stepz"]),
        (_with(denoisers=[{"name": "dlf-slow"}, {"name": "dlf-slow"}]), ["dlf-slow", "more than once"]),
        (_with(tomography={"denoisers": ["bm3d"]}), ["tomography.denoisers", "bm3d"]),
        (_with(tomography={"iterations": 0}), ["tomography.iterations"]),
        (_with(tomography={"thickness_nm": "thick"}), ["tomography.thickness_nm"]),
        (_with(tomography={"geometry": "per-column"}), ["tomography.geometry", "per-column"]),
        (_with(evaluation={"frames": -1}), ["evaluation.frames"]),
        (_with(simulate={"no_such_setting": 1}), ["no_such_setting"]),
    ],
)
def test_wrong_configuration_is_refused(tmp_path: Path, config: dict, words: list[str]) -> None:
    write_session(tmp_path, config)
    said = _refusal(tmp_path)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (sheet_text([*FIELDS, FIELDS[-1]]), ["line 7", "series", "same name"]),
        (sheet_text([*FIELDS, ("x", "trainin", "0")]), ["trainin", "x"]),
        (sheet_text([*FIELDS, ("$(touch x)", "test", "0")]), ["$(touch x)"]),
        (sheet_text([*FIELDS, ("x", "test", "")]), ["x", "tilt"]),
        (sheet_text([*FIELDS, ("x", "test", "steep")]), ["steep"]),
        (sheet_text([*FIELDS, ("x", "tilt_series", "10")]), ["x", "tilt"]),
        (sheet_text(FIELDS).replace("\t", ","), ["tab"]),
        (sheet_text(FIELDS).replace("kind\t", "sort\t"), ["sort"]),
        (sheet_text(FIELDS[:1] + FIELDS[3:]), ["training"]),
        (sheet_text(FIELDS, session="other"), ["results/tiny/raw"]),
        ("", ["acquisitions.tsv"]),
    ],
)
def test_wrong_sheet_is_refused(tmp_path: Path, sheet: str, words: list[str]) -> None:
    write_session(tmp_path, sheet=sheet)
    said = _refusal(tmp_path)
    assert all(word in said for word in words), said


def _own_session(folder: Path, rapid: str) -> None:
    """A session that is not simulated, all of whose files are one and the same kind of wrong."""
    config = configuration()
    del config["simulate"]
    rows = ["acquisition\tkind\ttilt\trapid\tslow"]
    rows += [f"{name}\t{kind}\t{tilt}\t../{name}.{rapid}\t../{name}.slow.emd" for name, kind, tilt in FIELDS]
    write_session(folder, config, "\n".join(rows) + "\n")


def test_missing_files_are_named(tmp_path: Path) -> None:
    _own_session(tmp_path, "emd")
    said = _refusal(tmp_path)
    assert "train-a.emd" in said and "series.slow.emd" in said


def test_file_that_is_no_emd_is_named(tmp_path: Path) -> None:
    _own_session(tmp_path, "emd")
    for name, _, _ in FIELDS:
        (tmp_path / f"{name}.emd").write_text("no HDF5 at all")
        (tmp_path / f"{name}.slow.emd").write_text("no HDF5 at all")
    assert "train-b.emd" in _refusal(tmp_path)


def test_distortion_that_no_field_can_tell_is_refused(tmp_path: Path) -> None:
    write_session(tmp_path, _with(denoisers=[], tomography={"denoisers": []}), sheet_text(FIELDS[-1:]))
    said = _refusal(tmp_path)
    assert "calibration" in said and "'distortion'" in said


def test_a_configuration_of_ones_own_does_not_inherit_the_demo(tmp_path: Path) -> None:
    config = {"session": "own", "acquisitions": "config/acquisitions.tsv"}
    write_session(tmp_path, config, "acquisition\tkind\ttilt\trapid\tslow\na\ttraining\t0\ta.emd\tb.emd\n")
    assert "simulate" not in yaml.safe_load((tmp_path / "config/config.yaml").read_text())
    said = _refusal(tmp_path)
    assert "a.emd" in said and "b.emd" in said


def test_a_key_that_stands_in_the_file_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    write_session(tmp_path)
    path = tmp_path / "config/config.yaml"
    text = path.read_text(encoding="utf-8")
    first = text.splitlines().index("tomography:") + 1
    path.write_text(f"{text}tomography:\n  thickness_nm: 1000\n  thickness_nm: 50\n", encoding="utf-8")
    said = _refusal(tmp_path)
    last = len(text.splitlines()) + 1
    assert f"line {last}, key 'tomography': stands there already, in line {first}" in said
    assert f"line {last + 2}, key 'tomography.thickness_nm': stands there already, in line {last + 1}" in said


def test_a_key_that_stands_twice_in_one_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("session: a\ntomography: {thickness_nm: 300, thickness_nm: 50}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2, key 'tomography.thickness_nm': stands there already, in line 2; remove one"):
        check_repeated_keys([path])


def test_a_configuration_in_json_may_be_indented_with_tabulators(tmp_path: Path) -> None:
    write_session(tmp_path)
    path = tmp_path / "config/config.yaml"
    path.write_text(json.dumps(configuration(), indent="\t"), encoding="utf-8")
    assert read_configuration([path]) == configuration()
    assert planned_jobs(tmp_path)["write_report"] == 1
    path.write_text('{\n\t"session": "a",\n\t"session": "b"\n}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3, key 'session': stands there already, in line 2"):
        check_repeated_keys([path])
