"""One list of pinned versions, the same in every environment, and enough for every script."""

import ast
import subprocess
import sys
import venv
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import TypeGuard

import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

from envs.write_environments import ENVIRONMENTS, environment_text, locked_versions, optional_versions, with_requirements
from rapidstem_workflow.imported_modules import imported_modules
from tests.workflow.tiny_session import ROOT


def _pins(environment: str) -> list[str]:
    text = (ROOT / f"envs/{environment}.yaml").read_text(encoding="utf-8")
    return next(item["pip"] for item in yaml.safe_load(text)["dependencies"] if isinstance(item, dict))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_holds_the_locked_versions(environment: str) -> None:
    assert (ROOT / f"envs/{environment}.yaml").read_text(encoding="utf-8") == environment_text(environment)
    versions = locked_versions() | optional_versions(environment)
    assert all(versions[name] == version for name, version in (pin.split("==") for pin in _pins(environment)))


@pytest.mark.parametrize("group", sorted(path.stem for path in (ROOT / "envs").glob("*.lock")))
def test_an_optional_group_changes_nothing_of_the_default_environment(group: str) -> None:
    assert optional_versions(group)
    assert not locked_versions().keys() & optional_versions(group).keys()


def _scripts(environment: str) -> list[str]:
    """Scripts whose rule names this environment."""
    found = []
    for rules in (ROOT / "workflow/rules").glob("*.smk"):
        blocks = rules.read_text(encoding="utf-8").split("conda:")[1:]
        found += [block.split("scripts/")[1].split(".py")[0] for block in blocks if f"envs/{environment}.yaml" in block.split("script:")[0]]
    return found


def test_every_script_belongs_to_a_rule() -> None:
    known = {script for environment in ENVIRONMENTS for script in _scripts(environment)}
    shared = {"denoising_support", "line_files", "reading_support", "script_support", "training_support"}
    assert known == {path.stem for path in (ROOT / "scripts").glob("*.py")} - shared


def _imports(path: Path) -> set[str]:
    """Names of the modules that a file imports, wherever the import stands, but for those that it can do without."""
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spared = {part for node in ast.walk(tree) if _spares(node) for statement in node.body for part in ast.walk(statement)}
    for node in ast.walk(tree):
        if node in spared:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _spares(node: ast.AST) -> TypeGuard[ast.Try]:
    """Whether what is imported here may lack: the user is told which packages to install."""
    caught = [handler.type for handler in node.handlers] if isinstance(node, ast.Try) else []
    return any(isinstance(each, ast.Name) and each.id == "ImportError" for each in caught)


def _contents(package: str) -> set[Path]:
    """Modules and metadata of a package of the default environment, where it lies."""
    installed = distribution(package)
    written = (installed.read_text("RECORD") or "").splitlines()
    names = {line.split(",")[0].split("/")[0] for line in written} - {"..", "__pycache__"}
    return {Path(str(installed.locate_file(name))) for name in names}


def _locked_packages(environment: str) -> set[str]:
    """Packages of an environment that the default one holds at the versions asked for, and what these need beyond the locked ones."""
    asked = {name: version for name, version in (pin.split("==") for pin in _pins(environment)) if name in locked_versions()}
    assert {name: Version(distribution(name).version).public for name in asked} == asked
    installed = {canonicalize_name(package.name) for package in distributions()}
    return asked.keys() | (with_requirements(set(asked)) - locked_versions().keys()) & installed


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_imports_are_satisfied_by_the_environment_alone(environment: str, tmp_path: Path) -> None:
    scripts = _scripts(environment)
    files = {ROOT / "scripts" / f"{script}.py" for script in scripts}
    files |= {ROOT / module for script in scripts for module in imported_modules(script) if module.endswith(".py")}
    names = sorted(set().union(*map(_imports, files)))
    venv.create(tmp_path / "venv", with_pip=bool(optional_versions(environment)))
    python = tmp_path / "venv/bin/python"
    site = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    for content in set().union(*map(_contents, _locked_packages(environment))):
        (site / content.name).symlink_to(content)
    own = [f"{name}=={version}" for name, version in optional_versions(environment).items()]
    if own:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *own], check=True)
    code = f"import sys; sys.path[:0] = {[str(ROOT / 'scripts'), str(ROOT)]!r}\n" + "\n".join(f"import {name}" for name in names)
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr


def test_the_job_graph_needs_neither_torch_nor_astra() -> None:
    code = "import sys; import rapidstem_workflow.session; sys.exit(any(name in sys.modules for name in ('torch', 'astra', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
