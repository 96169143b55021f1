"""Fill in what the pages take from measured tables and from the code: run `python docs/write_pages.py` after either has changed.

A page says what it wants between two comments, and everything between them is replaced:

    <!-- measured: error_budget | against=slow | chain, x_nm, y_nm -->      rows and columns of `docs/measured/error_budget.csv`
    <!-- value: error_budget | chain=as it is & against=slow | x_nm | .1f -->    one number of it, within a sentence
    <!-- modules: -->                                                       the rooms of the package and their modules
    <!-- arrows: -->                                                        which room imports which, as a picture
    <!-- figures: -->                                                       the registry of figures
    <!-- criteria: -->                                                      what the report's verdicts ask of a session

each followed by what was filled in and `<!-- end -->`. Conditions on rows are `column=value` or `column!=value`, joined by `&`; `a/b`
stands for either value. It needs nothing but Python, so that the pages can be made where the package is not installed.
"""

import ast
import csv
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/measured"
ORIGIN = ("commit", "processor", "measured_on")
PACKAGE = ROOT / "rapidstem"
MARKED = re.compile(r"(<!-- (measured|value|modules|arrows|figures|criteria):(.*?)-->)(.*?)(<!-- end -->)", re.DOTALL)
UNITS = {"nm": "nm", "px": "px", "deg": "degrees", "percent": "%", "db": "dB", "ms": "ms", "s": "s", "gb": "GB", "mb": "MB"}


def pages() -> list[Path]:
    """The pages that may hold marks."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def filled(text: str) -> str:
    """The text of a page with everything between its marks made anew."""
    return MARKED.sub(lambda mark: mark[1] + MAKERS[mark[2]](mark[3].strip()) + mark[5], text)


def measured_table(wanted: str) -> str:
    """Rows and columns of a measured table, and below them where and when they were measured."""
    name, conditions, columns = _parts(wanted, 3)
    if not (FOLDER / f"{name}.csv").is_file():
        return "\n\n*Not measured yet.*\n\n"
    table = _rows(name, conditions)
    told = [column for column in table[0] if column not in ORIGIN and any(row[column] for row in table)]
    shown = columns.split(", ") if columns else told
    lines = [shown_row([_heading(column) for column in shown]), shown_row(["---"] * len(shown))]
    lines += [shown_row([_cell(row[column]) for column in shown]) for row in table]
    return "\n\n" + "\n".join(lines) + f"\n\n*{_origin(table)}*\n\n"


def measured_value(wanted: str) -> str:
    """One number of a measured table."""
    name, conditions, column, form = _parts(wanted, 4)
    rows = _rows(name, conditions)
    if len(rows) != 1:
        raise ValueError(f"{wanted}: {len(rows)} rows instead of one")
    return format(float(rows[0][column]), form)


def module_table(wanted: str) -> str:
    """Every room with its modules, their docstrings' first sentences, in the order of the alphabet."""
    del wanted
    lines = ["| room | module | what it holds |", "|---|---|---|"]
    for room in rooms():
        modules = [path for path in sorted(room.glob("*.py")) if path.stem != "__init__"]
        lines.append(f"| **`{_dotted(room)}`** | | {_summary(room / '__init__.py')} |")
        lines += [f"| | `{path.stem}` | {_summary(path)} |" for path in modules]
    return "\n\n" + "\n".join(lines) + "\n\n"


def arrow_picture(wanted: str) -> str:
    """A Mermaid graph of the rooms; an arrow is left out where others lead the same way."""
    del wanted
    ends = room_imports()
    beyond = {room: set().union(*(_reached(each, ends) for each in ends[room])) for room in ends}
    arrows = [f"    {room} --> {end}" for room in sorted(ends) for end in sorted(ends[room] - beyond[room])]
    return "\n\n" + "\n".join(["```mermaid", "flowchart TD", *arrows, "```"]) + "\n\n"


def figure_table(wanted: str) -> str:
    """One row a figure of the registry."""
    del wanted
    registry = runpy.run_path(str(PACKAGE / "figures/figure_registry.py"))["REGISTRY"]
    lines = ["| figure | of | function | shows | as in |", "|---|---|---|---|---|"]
    lines += [shown_row([f"`{each.name}`", each.scope, f"`{each.function}`", each.caption, each.source]) for each in registry]
    return "\n\n" + "\n".join(lines) + "\n\n"


def criteria_table(wanted: str) -> str:
    """One row a criterion of the report's verdicts, with its limits and their source."""
    del wanted
    criteria = runpy.run_path(str(PACKAGE / "report/verdict_criteria.py"))["CRITERIA"]
    lines = ["| stage | what is seen | good | usable | where the limits come from |", "|---|---|---|---|---|"]
    for each in criteria.values():
        bound = "from" if each.more_is_better else "to"
        usable = "always" if each.usable == float("inf") else f"{bound} {each.words(each.usable)}"
        lines.append(shown_row([each.stage, each.quantity, f"{bound} {each.words(each.good)}", usable, each.source]))
    return "\n\n" + "\n".join(lines) + "\n\n"


def rooms() -> list[Path]:
    """Folders of the package, rooms before their sub-rooms."""
    return sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


def imported_rooms(room: Path) -> set[str]:
    """Rooms and sub-rooms, as `denoising/fields`, that the modules lying in a room import at any place."""
    names = {name for path in room.glob("*.py") for name in _imported(path)}
    folders = {path if path.is_dir() else path.parent for path in (ROOT.joinpath(*name.split(".")) for name in names)}
    return {str(folder.relative_to(PACKAGE)) for folder in folders - {room, PACKAGE}}


def room_imports() -> dict[str, set[str]]:
    """For every room of the package those that its modules, or those of its sub-rooms, import."""
    imports: dict[str, set[str]] = {}
    for room in rooms():
        name = room.relative_to(PACKAGE).parts[0]
        imports.setdefault(name, set()).update({each.split("/")[0] for each in imported_rooms(room)} - {name})
    return imports


def _reached(room: str, imports: dict[str, set[str]]) -> set[str]:
    """What a room imports, directly or through others."""
    return imports[room].union(*(_reached(each, imports) for each in imports[room]))


def _imported(path: Path) -> Iterator[str]:
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.ImportFrom) and statement.module and statement.module.startswith("rapidstem."):
            yield statement.module


def _dotted(room: Path) -> str:
    return ".".join(room.relative_to(PACKAGE).parts)


def _summary(path: Path) -> str:
    """The first paragraph of a module's docstring in one line, without its full stop."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).removesuffix(".").replace("|", "\\|")


def _parts(wanted: str, number: int) -> list[str]:
    parts = [part.strip() for part in wanted.split("|")]
    return parts + [""] * (number - len(parts))


def _rows(name: str, conditions: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(_holds(row, each) for each in conditions.split(" & ") if each)]
    if not rows:
        raise ValueError(f"{name}.csv has no row with {conditions}")
    return rows


def _holds(row: dict[str, str], condition: str) -> bool:
    column, unwanted, values = re.fullmatch(r"(\w+)(!?)=(.*)", condition).groups()  # type: ignore[union-attr]
    return (row[column] in values.split("/")) is not bool(unwanted)


def _heading(column: str) -> str:
    words = column.split("_")
    if len(words) > 1 and words[-1] in UNITS:
        return f"{' '.join(words[:-1])} ({UNITS[words[-1]]})"
    return column.replace("_nm_per_um2", " (nm/um²)").replace("_", " ")


def _cell(value: str) -> str:
    return {"True": "yes", "False": "no"}.get(value, value)


def shown_row(cells: list[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def _origin(table: list[dict[str, str]]) -> str:
    """Commits, processors and days of the rows."""
    commits: dict[tuple[str, str], list[str]] = {}
    for commit, processor, day in dict.fromkeys(tuple(row[column] for column in ORIGIN) for row in table):
        commits.setdefault((processor, day), []).append(commit)
    told = (f"commit{'s' if len(own) > 1 else ''} {', '.join(own)}, processor {machine}, {day}" for (machine, day), own in commits.items())
    return f"Measured: {'; '.join(told)}."


MAKERS: dict[str, Callable[[str], str]] = {
    "measured": measured_table,
    "value": measured_value,
    "modules": module_table,
    "arrows": arrow_picture,
    "figures": figure_table,
    "criteria": criteria_table,
}

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for page in pages():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
