"""What the documentation site makes of files that lie elsewhere: the page of settings, and the reference of the package's public names."""

import ast
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rapidstem"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the schemas and from the doors of the rooms."""
    files.append(File.generated(config, "configuration.md", content=(ROOT / "config/README.md").read_text(encoding="utf-8")))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lead links to the page of settings to where the site has it."""
    return markdown.replace("](../config/README.md)", "](configuration.md)")


def reference() -> str:
    """What each room hands on, with its README before it."""
    parts = ["# Reference\n\nWhat the rooms of the package hand on: `from rapidstem.files import read_table`."]
    for stub in sorted(PACKAGE.rglob("__init__.pyi")):
        room = ".".join(stub.parent.relative_to(ROOT).parts)
        purpose = re.sub(r"^# .*\n", "", (stub.parent / "README.md").read_text(encoding="utf-8"))
        parts += [f"## {room}", purpose, *(f"::: {room}.{name}" for name in public_names(stub))]
    return "\n\n".join(parts) + "\n"


def public_names(stub: Path) -> list[str]:
    """`module.name` of the functions and classes of a door; constants have no docstrings."""
    statements = ast.parse(stub.read_text(encoding="utf-8")).body
    names = [f"{each.module}.{alias.name}" for each in statements if isinstance(each, ast.ImportFrom) for alias in each.names]
    return [name for name in names if not name.split(".")[-1].isupper()]
