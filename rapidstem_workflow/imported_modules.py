"""Which files of the code a script really uses: what makes Snakemake rerun it when one of them changes."""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "rapidstem"
_MODULE_NAME = re.compile(rf"{PACKAGE}(\.\w+)+")
_PROGRAM_SUFFIXES = (".py", ".pyi", ".pyc")
_NOTES = "README.md"


def imported_modules(script: str, *modules: str) -> list[str]:
    """Files of the package and of `scripts` that a script imports, directly or through others, sorted, relative to the repository.

    A name that a room's `__init__` hands on counts as an import of the module that it comes from. The `__init__` files themselves are left
    out: they hold no code. A module that names a file of its folder that is no module, as a template, uses all such files there: they may
    include each other.

    Parameters
    ----------
    script
        Name of a script in `scripts`, without suffix.
    modules
        Dotted names of modules that it imports by name when it runs.
    """
    named = [ROOT.joinpath(*module.split(".")).with_suffix(".py") for module in modules]
    found: set[Path] = set(named)
    waiting = [ROOT / "scripts" / f"{script}.py", *named]
    while waiting:
        used = _used_files(waiting.pop()) - found
        found |= used
        waiting += [path for path in used if path.suffix == ".py"]
    return sorted(str(path.relative_to(ROOT)) for path in found)


@cache
def code_mark(script: str, *modules: str) -> str:
    """A hash of the text of all files that a script imports, as `imported_modules` lists them.

    A rule has it as a parameter. As inputs, the files would count by date wherever Snakemake has no notes, by their place wherever the code
    lies apart from the session, and make up most of a large session's graph.
    """
    text = hashlib.sha256()
    for path in imported_modules(script, *modules):
        text.update(path.encode() + b"\0" + (ROOT / path).read_bytes() + b"\0")
    return text.hexdigest()[:16]


@cache
def _used_files(path: Path) -> frozenset[Path]:
    """The modules that a module imports itself, and the files beside it if it names one of them."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))))
    found = (_module_file(name) for node in nodes for name in _imported_names(node))
    modules = {file for file in found if file is not None}
    beside = _data_files(path.parent)
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(modules | (set(beside.values()) if texts & beside.keys() else set()))


@cache
def _data_files(folder: Path) -> dict[str, Path]:
    """The files of a folder that are neither modules nor notes for readers, by name."""
    files = (path for path in folder.iterdir() if path.is_file() and path.name != _NOTES)
    return {path.name: path for path in files if path.suffix not in _PROGRAM_SUFFIXES}


def _imported_names(node: ast.AST) -> Iterator[str]:
    """Dotted names of what a statement imports; a text that is a module's name counts, since that module is run as a process."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE_NAME.fullmatch(node.value):
        yield node.value


def _module_file(name: str) -> Path | None:
    """The file of a module, or of the module from which a room's door hands a name on."""
    folder = ROOT if name.split(".")[0] == PACKAGE else ROOT / "scripts"
    file = folder.joinpath(*name.split(".")).with_suffix(".py")
    return file if file.is_file() else _door(file.parent).get(file.stem)


@cache
def _door(room: Path) -> dict[str, Path]:
    """The names that a room's `__init__.pyi` hands on, each with the file of its module, also behind the door of a room within."""
    stub = room / "__init__.pyi"
    if not stub.is_file():
        return {}
    statements = ast.parse(stub.read_text(encoding="utf-8"), filename=str(stub)).body
    imports = [each for each in statements if isinstance(each, ast.ImportFrom) and each.module]
    homes = {alias.name: room / str(each.module) for each in imports for alias in each.names}
    return {name: _door(home)[name] if home.is_dir() else home.with_suffix(".py") for name, home in homes.items()}
