"""What the pages say comes from the measured tables and from the code."""

import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from benchmarks import measured_tables
from docs.write_pages import FOLDER, ORIGIN, PACKAGE, ROOT, filled, imported_rooms, module_table, pages, room_imports, rooms
from rapidstem.microscope import MicroscopeSettings

WORDS = ("purpose", "public", "may import", "always holds")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_what_make_docs_writes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == filled(text), "run `make docs`"


def test_pages_are_made_where_no_package_is_installed() -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from docs.write_pages import MAKERS, filled; "
    code += "[filled(f'<!-- {maker}: --><!-- end -->') for maker in MAKERS if maker not in ('measured', 'value')]"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, cwd=ROOT)


def test_a_changed_figure_changes_the_page() -> None:
    mark = "<!-- value: sirt_speed | solver=rapidstem | times_ours | .0f -->{}<!-- end -->"
    assert filled(mark.format(7)) == mark.format(1)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_a_measured_table_belongs_to_a_benchmark_and_says_its_origin(path: Path) -> None:
    assert (ROOT / f"benchmarks/{path.name.split('.')[0]}.py").is_file()
    assert measured_tables.ORIGIN == ORIGIN and measured_tables.FOLDER == FOLDER
    table = measured_tables.read_measured(path)
    assert tuple(table.columns[-len(ORIGIN) :]) == ORIGIN
    assert table[["commit", "processor"]].notna().all(axis=None)


def test_every_benchmark_records_a_table() -> None:
    for path in (ROOT / "benchmarks").glob("*.py"):
        if path.stem not in ("__init__", "measured_tables"):
            names = re.findall(r'record_table\(\s*"([\w.]+)"', path.read_text(encoding="utf-8"))
            assert names, path.name
            assert {name.split(".")[0] for name in names} == {path.stem}


def test_the_table_of_modules_names_them_all() -> None:
    table = module_table("")
    assert all(f"`{path.stem}`" in table for path in PACKAGE.glob("*/**/*.py") if path.stem != "__init__")


def test_arrows_between_rooms_make_no_circle() -> None:
    graph = room_imports()
    TopologicalSorter(graph).prepare()
    assert not graph["files"] and "microscope" not in graph["tomography"]


@pytest.mark.parametrize("room", rooms(), ids=lambda room: str(room.relative_to(PACKAGE)))
def test_every_room_says_at_its_door_what_it_is(room: Path) -> None:
    text = (room / "README.md").read_text(encoding="utf-8").lower()
    assert all(f"**{word}" in text for word in WORDS)
    assert len(text.splitlines()) <= 14


@pytest.mark.parametrize("room", rooms(), ids=lambda room: str(room.relative_to(PACKAGE)))
def test_a_room_imports_what_its_door_says_and_nothing_else(room: Path) -> None:
    text = (room / "README.md").read_text(encoding="utf-8")
    allowed = set(re.findall(r"`([\w/]+)`", next(line for line in text.splitlines() if "May import" in line)))
    assert set(imported_rooms(room)) <= allowed


def test_no_two_rooms_are_said_to_hold_the_same() -> None:
    said = [path.read_text(encoding="utf-8").split('"""')[1] for path in PACKAGE.glob("*/**/__init__.py")]
    assert len(set(said)) == len(said)


def architecture(start: str, stop: str) -> set[str]:
    """What the page of the architecture names in backticks between two words."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([^`\n]+)`", text[text.index(start) : text.index(stop, text.index(start))]))


def test_architecture_names_what_stands_beside_the_rooms() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert architecture("Beside the rooms stand", "which all may use") == modules


def test_architecture_names_every_module_beside_the_package() -> None:
    named = {Path(name).stem for name in architecture("## Floors", "## Rooms of the package")}
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    shared = {path.stem for path in (ROOT / "scripts").glob("*.py") if f"scripts/{path.name}" not in rules}
    modules = {path.stem for path in (ROOT / "rapidstem_workflow").glob("*.py")} - {"__init__"}
    assert modules | shared <= named


@pytest.mark.parametrize(
    ("library", "rooms", "start", "stop"),
    [
        ("torch", ["denoising", "tomography/reconstruction"], "torch is imported by", "astra by"),
        ("astra", ["tomography/reconstruction"], "astra by", "matplotlib by"),
    ],
)
def test_architecture_names_what_imports_heavy_libraries(library: str, rooms: list[str], start: str, stop: str) -> None:
    pattern = re.compile(rf"^\s*(import|from) {library}\b", re.MULTILINE)
    importing = [path for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]
    homes = {path: [room for room in rooms if path.is_relative_to(PACKAGE / room)] for path in importing}
    assert all(len(home) == 1 for home in homes.values())
    within = {path.relative_to(PACKAGE / home[0]).parts[0].removesuffix(".py") for path, home in homes.items()}
    expected = {room.replace("/", ".") for room in rooms} | within
    assert architecture(start, stop) == expected


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_the_pages_can_be_typed_as_they_stand(page: Path) -> None:
    commands = re.findall(r"^ *(?:\.venv/bin/)?(snakemake .*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    complete = ("--cores", "--jobs", "--profile", "--workflow-profile", "--dry-run")
    assert [command for command in commands if not any(option in command for option in complete)] == []


def test_settings_of_the_microscope_are_all_on_their_page() -> None:
    page = (ROOT / "docs/microscope.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    assert named == set(MicroscopeSettings.__dataclass_fields__)


def test_results_of_the_readme_are_made_by_rules() -> None:
    """Every folder of results that the README names is an output of a rule, and every one that holds results is named."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## What comes out")[1].split("## Documentation")[0]
    named = set(re.findall(r"^\| `(\w+)[/.]", table, flags=re.MULTILINE))
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    made = set(re.findall(r'f"\{FOLDER\}/(\w+)[/.]', rules)) - {"benchmarks", "raw", "truth"}
    assert named == made
