"""Write the conda environments of the rules, each group of pyproject.toml with all it needs at the pinned versions, and pixi.toml.

They stand in requirements.lock, and in `envs/<group>.lock` for what a group brings that is not in the default environment.
Run it in the virtual environment after a change of either: `python envs/write_environments.py`.
"""

import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("imaging", "learning", "tomography", "bm3d", "report", "live", "ome-zarr")
PYTHON_VERSION = "3.11"
PIP_VERSION = "26.0"


def locked_versions(lock: str = "requirements.lock") -> dict[str, str]:
    """Version of every package in a list of pinned ones, by canonical name."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines if "==" in line)}


def optional_versions(group: str) -> dict[str, str]:
    """What a group brings that is not in the default environment: `envs/<group>.lock`, where there is one."""
    return locked_versions(f"envs/{group}.lock") if (ROOT / f"envs/{group}.lock").is_file() else {}


def environment_text(group: str) -> str:
    """The conda environment of one group of dependencies, as YAML text; `imaging` is what the package needs in any case."""
    versions, own = locked_versions(), optional_versions(group)
    chosen = {name: versions[name] for name in with_requirements(_group(group)) & versions.keys()} | own
    pins = [f"      - {name}=={version}" for name, version in sorted(chosen.items())]
    head = f"name: rapidstem-{group}\nchannels:\n  - conda-forge\n  - nodefaults\n"
    return f"{head}dependencies:\n  - python={PYTHON_VERSION}\n  - pip={PIP_VERSION}\n  - pip:\n" + "\n".join(pins) + "\n"


def pixi_text() -> str:
    """The whole default environment for pixi, as TOML text."""
    head = '[workspace]\nname = "rapidstem"\nchannels = ["conda-forge"]\nplatforms = ["linux-64"]\n'
    task = '[tasks]\ndemo = "snakemake --cores all --profile workflow/profiles/default"\n'
    pins = [f'{name} = "=={version}"' for name, version in sorted(locked_versions().items())]
    return f'{head}\n{task}\n[dependencies]\npython = "{PYTHON_VERSION}.*"\n\n[pypi-dependencies]\n' + "\n".join(pins) + "\n"


def with_requirements(names: set[str]) -> set[str]:
    """Packages and all that they need, by canonical name, as the installed packages say."""
    found: set[str] = set()
    waiting: set[str] = {canonicalize_name(name) for name in names}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _requirements(name) - found
    return found


def _group(name: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + project["optional-dependencies"].get(name, [])
    return {Requirement(requirement).name for requirement in requirements}


def _requirements(name: str) -> set[str]:
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return set()
    parsed = map(Requirement, lines)
    return {canonicalize_name(item.name) for item in parsed if item.marker is None or item.marker.evaluate({"extra": ""})}


if __name__ == "__main__":
    for environment in ENVIRONMENTS:
        (ROOT / "envs" / f"{environment}.yaml").write_text(environment_text(environment), encoding="utf-8")
    (ROOT / "pixi.toml").write_text(pixi_text(), encoding="utf-8")
