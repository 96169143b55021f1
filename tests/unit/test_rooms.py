"""The rooms of the package: what their doors hand on, and what that costs."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rapidstem"
ROOMS = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)
MOST_MODULES, MOST_LINES, MOST_LINES_OF_A_SCRIPT, MOST_LINES_OF_A_FUNCTION = 20, 300, 60, 40
FOLDERS = [
    "rapidstem_workflow",
    "scripts",
    "benchmarks",
    "benchmarks/peers",
    "workflow/rules",
    "tests/unit",
    "tests/workflow",
    "tests/real",
    "docs",
    "envs",
    "config",
]


def _modules(room: Path) -> list[Path]:
    return [path for path in room.glob("*.py") if path.stem != "__init__"]


@cache
def _public(room: Path) -> dict[str, str]:
    statements = ast.parse((room / "__init__.pyi").read_text(encoding="utf-8")).body
    return {alias.name: str(each.module) for each in statements if isinstance(each, ast.ImportFrom) for alias in each.names}


def _room_name(room: Path) -> str:
    return ".".join(room.relative_to(ROOT).parts)


@pytest.mark.parametrize("room", ROOMS, ids=_room_name)
def test_a_room_can_be_seen_at_a_glance(room: Path) -> None:
    assert len(_modules(room)) <= MOST_MODULES
    long = [path.name for path in _modules(room) if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES]
    assert not long


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_beside_the_package_is_longer(folder: str) -> None:
    files = [path for path in (ROOT / folder).iterdir() if path.suffix in (".py", ".smk")]
    assert files
    assert not [path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES]


def test_scripts_only_translate() -> None:
    scripts = list((ROOT / "scripts").glob("*.py"))
    assert scripts
    assert not [path.name for path in scripts if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES_OF_A_SCRIPT]


def test_a_function_holds_one_idea() -> None:
    """Docstrings, which tell parameters and errors one by one, do not count."""
    folders = [PACKAGE, *(ROOT / folder for folder in FOLDERS)]
    files = {path for folder in folders for path in folder.rglob("*.py")}
    functions = [
        (path.name, node.name, node.end_lineno - node.lineno + 1 - len((ast.get_docstring(node, clean=False) or "").splitlines()))
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    ]
    assert len(functions) > 1000
    assert not [function for function in functions if function[2] > MOST_LINES_OF_A_FUNCTION]


@pytest.mark.parametrize("room", ROOMS, ids=_room_name)
def test_a_door_names_no_function_like_a_module(room: Path) -> None:
    """The module would take the function's place as soon as someone imports it."""
    assert not set(_public(room)) & {path.stem for path in _modules(room)}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_use_of_each_other_only_what_the_doors_name(path: Path) -> None:
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.ImportFrom) and statement.module and statement.module.startswith("rapidstem."):
            module = ROOT.joinpath(*statement.module.split("."))
            if module.parent in (path.parent, PACKAGE) or module.is_dir():
                continue
            names = {alias.name for alias in statement.names}
            assert names <= {name for name, home in _public(module.parent).items() if home == module.name}, statement.module


def test_no_two_rooms_have_functions_of_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert len(homes) > 500
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_looking_through_every_door_imports_nothing_heavy() -> None:
    code = "import sys\n" + "".join(f"import {_room_name(room)}\n" for room in ROOMS)
    code += "print([name for name in ('torch', 'astra', 'matplotlib', 'numpy') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_what_all_scripts_share_loads_no_library_that_a_job_may_not_need() -> None:
    code = "import sys; sys.path.insert(0, 'scripts'); import script_support\n"
    code += "print([name for name in ('torch', 'astra', 'matplotlib', 'numba', 'numpy', 'pandas', 'h5py') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_parts_of_scipy_are_loaded_when_they_are_used() -> None:
    named = [
        path.name for path in PACKAGE.rglob("*.py") if re.search(r"^(from scipy|import scipy\.)", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert not named, "import scipy, and say scipy.ndimage where it is used"


def test_every_public_name_is_there() -> None:
    lines = ["from importlib import import_module"]
    lines += [f"[getattr(import_module({_room_name(room)!r}), name) for name in {sorted(_public(room))!r}]" for room in ROOMS]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
