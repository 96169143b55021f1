"""Which package modules a script really imports: what makes Snakemake rerun it when one of them changes."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "rapidstem"


def imported_modules(script: str) -> list[str]:
    """Files of the package and of `scripts` that a script imports, directly or through others, sorted, relative to the repository.

    The package's own `__init__.py` is left out: it holds nothing but the version.

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
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_file(name: str) -> Path | None:
    folder = ROOT if name.split(".")[0] == PACKAGE else ROOT / "scripts"
    file = folder.joinpath(*name.split(".")).with_suffix(".py")
    return file if file.is_file() else None
