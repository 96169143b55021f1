"""The workflow used from elsewhere: as a module, from another folder, with the code apart, on a default storage, twice at once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.workflow.rerun_cases import WHOLE
from tests.workflow.session_changes import new_value
from tests.workflow.tiny_session import CODE, ROOT, configuration, copied_code, counted_jobs, planned_jobs, snakemake, write_session

MODULE = """
configfile: "config/config.yaml"


module rapidstem:
    snakefile: "{snakefile}"
    config: config
    prefix: "steel"


use rule * from rapidstem as stem_*


rule all:
    default_target: True
    input:
        rules.stem_all.input,
"""


def _written_module(folder: Path, code: Path, config: dict | None = None) -> Path:
    """A session with a Snakefile of its own that uses the workflow as a module."""
    write_session(folder, config)
    (folder / "Snakefile").write_text(MODULE.format(snakefile=code / "workflow/Snakefile"), encoding="utf-8")
    return folder / "Snakefile"


def _code_files(folder: Path) -> dict[str, bytes]:
    files = (path for name in CODE for path in [folder / name, *(folder / name).rglob("*")] if path.is_file())
    return {str(path): path.read_bytes() for path in files if "__pycache__" not in path.parts}


def test_standard_place_of_the_snakefile_has_the_same_target(tmp_path: Path) -> None:
    write_session(tmp_path)
    planned = planned_jobs(tmp_path, snakefile=ROOT / "workflow/Snakefile")
    assert planned.pop("session") == 1
    assert planned == WHOLE


@pytest.fixture(scope="module")
def used_as_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Folders of a session that was run as a module and of the code; results lie behind a link, paths have spaces and umlauts."""
    folder = tmp_path_factory.mktemp("Prüfung mit Abstand")
    code, session, disk = folder / "Kode für alle", folder / "Sitzung übermorgen", folder / "andere Platte"
    copied_code(code)
    snakefile = _written_module(session, code)
    disk.mkdir()
    (session / "steel").symlink_to(disk)
    for path in [code, *code.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = _code_files(code)
    run = snakemake(session, snakefile=snakefile)
    assert run.returncode == 0, run.stdout + run.stderr
    assert _code_files(code) == before, "the run has changed its own code"
    yield session, code
    for path in [code, *code.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def test_module_writes_below_its_prefix_alone(used_as_module: tuple[Path, Path]) -> None:
    session, _ = used_as_module
    assert (session.parent / "andere Platte/results/tiny/report.html").is_file()
    assert not (session / "results").exists()


def test_module_that_has_run_has_nothing_left_to_do(used_as_module: tuple[Path, Path]) -> None:
    session, _ = used_as_module
    assert planned_jobs(session, snakefile=session / "Snakefile") == {}


def test_module_s_code_may_move(used_as_module: tuple[Path, Path], tmp_path: Path) -> None:
    session, code = used_as_module
    moved = Path(shutil.copytree(code, tmp_path / "moved"))
    assert planned_jobs(session, snakefile=_written_module(session, moved)) == {}
    _written_module(session, code)


@pytest.mark.parametrize("method", ["spline", "none"])
def test_code_that_moves_apart_from_the_session_reruns_nothing(session_copy: Path, tmp_path: Path, method: str) -> None:
    new_value("distortion", "method", value=method)(session_copy)
    run = snakemake(session_copy, "--touch", snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    apart = tmp_path / "apart"
    apart.mkdir()
    for name in CODE:
        source = session_copy / name
        shutil.copytree(source, apart / name) if source.is_dir() else shutil.copy2(source, apart / name)
    assert planned_jobs(session_copy, snakefile=apart / "Snakefile") == {}


def test_own_raw_files_are_found_in_spite_of_a_prefix(own_session: Path, tmp_path: Path) -> None:
    config = yaml.safe_load((own_session / "config/config.yaml").read_text(encoding="utf-8"))
    session = tmp_path / "session"
    snakefile = _written_module(session, ROOT, config | {"acquisitions": str(own_session / "config/acquisitions.tsv")})
    planned = planned_jobs(session, snakefile=snakefile)
    assert planned["stem_write_report"] == 1 and "stem_simulate_acquisition" not in planned


@pytest.mark.skipif(not shutil.which("rsync"), reason="the storage plug-in for folders copies with rsync")
def test_own_raw_files_and_code_are_found_in_spite_of_a_default_storage(own_session: Path, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    arguments = ["--default-storage-provider", "fs", "--default-storage-prefix", str(storage)]
    arguments += ["--local-storage-prefix", str(tmp_path / "copies")]
    target = "results/tiny/dcfi/train-a.ome.tif"
    session = Path(shutil.copytree(own_session, tmp_path / "session", ignore=shutil.ignore_patterns("results", ".snakemake")))
    planned = counted_jobs(snakemake(session, "--dry-run", *arguments, snakefile=session / "Snakefile"))
    assert planned["write_report"] == 1 and "simulate_acquisition" not in planned
    run = snakemake(session, "dcfi", *arguments, snakefile=session / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (storage / target).is_file() and not (session / target).exists()


def test_two_sessions_run_at_once_in_one_checkout(tmp_path: Path) -> None:
    code = copied_code(tmp_path)
    runs = []
    for name in ("first", "second"):
        write_session(tmp_path)
        sheet = (tmp_path / "config/acquisitions.tsv").rename(tmp_path / f"config/{name}.tsv")
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("/tiny/", f"/{name}/"), encoding="utf-8")
        config = configuration() | {"session": name, "acquisitions": f"config/{name}.tsv"}
        (tmp_path / f"config/{name}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "dcfi", "--snakefile", str(code), "--directory", str(tmp_path), "--cores", "1"]
        command += ["--configfile", str(tmp_path / f"config/{name}.yaml")]
        runs.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    for name in ("first", "second"):
        assert len(list((tmp_path / f"results/{name}/dcfi").glob("*.ome.tif"))) == 4


def test_other_packages_of_these_names_do_no_harm(tmp_path: Path) -> None:
    """As on a node where another project's `workflow` is installed, or lies in the folder where the job starts."""
    for name in ("workflow", "rapidstem_workflow", "rapidstem"):
        (tmp_path / "others" / name).mkdir(parents=True)
        (tmp_path / "others" / name / "__init__.py").write_text("raise ImportError('the wrong package')\n", encoding="utf-8")
    write_session(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(tmp_path), "--configfile", str(tmp_path / "config/config.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "others")}
    run = subprocess.run(command, cwd=tmp_path / "others", env=environment, capture_output=True, text=True, check=False)
    assert counted_jobs(run) == WHOLE
