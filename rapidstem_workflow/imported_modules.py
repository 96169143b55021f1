"""Which package modules a script really imports: what makes Snakemake rerun it when one of them changes."""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "rapidstem"
_MODULE_NAME = re.compile(rf"{PACKAGE}(\.\w+)+")


def imported_modules(script: str) -> list[str]:
    """Files of the package and of `scripts` that a script imports, directly or through others, sorted, relative to the repository.

    A name that a room's `__init__` hands on counts as an import of the module that it comes from. The `__init__` files themselves are left
    out: they hold no code.

    Parameters
    ----------
    script
        Name of a script in `scripts`, without suffix.
    """
    found: set[Path] = set()
    waiting = [ROOT / "scripts" / f"{script}.py"]
    while waiting:
        for imported in _direct_imports(waiting.pop()):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return sorted(str(path.relative_to(ROOT)) for path in found)


@cache
def code_mark(script: str) -> str:
    """A hash of the text of all files that a script imports, as `imported_modules` lists them.

    A rule has it as a parameter. As inputs, the files would count by date wherever Snakemake has no notes, and make up most of a
    large session's graph.
    """
    text = hashlib.sha256()
    for path in imported_modules(script):
        text.update(path.encode() + b"\0" + (ROOT / path).read_bytes() + b"\0")
    return text.hexdigest()[:16]


@cache
def _direct_imports(path: Path) -> frozenset[Path]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    files = (_module_file(name) for node in ast.walk(tree) for name in _imported_names(node))
    return frozenset(file for file in files if file is not None)


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
    """The names that a room's `__init__.pyi` hands on, each with the file of its module."""
    stub = room / "__init__.pyi"
    if not stub.is_file():
        return {}
    statements = ast.parse(stub.read_text(encoding="utf-8"), filename=str(stub)).body
    imports = [each for each in statements if isinstance(each, ast.ImportFrom) and each.module]
    return {alias.name: room / f"{each.module}.py" for each in imports for alias in each.names}
