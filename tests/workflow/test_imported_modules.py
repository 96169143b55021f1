"""What counts as the code of a job: imports through the doors of the rooms, too."""

from pathlib import Path

import pytest

from rapidstem_workflow import imported_modules as code

SCRIPT = "from rapidstem.room import weigh\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one script and one room of two modules, of which only one is used."""
    room = tmp_path / "rapidstem/room"
    room.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/weigh_it.py").write_text(SCRIPT)
    (room / "__init__.py").write_text("import lazy_loader\n")
    (room / "__init__.pyi").write_text("from .scales import weigh as weigh\nfrom .rulers import measure as measure\n")
    (room / "scales.py").write_text('from rapidstem.room.gauges import zero\n\nWORKER = "rapidstem.room.worker"\n')
    for name in ("gauges", "rulers", "worker"):
        (room / f"{name}.py").write_text("")
    monkeypatch.setattr(code, "ROOT", tmp_path)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for cached in (code.code_mark, code._used_files, code._data_files, code._door):
        cached.cache_clear()


def test_a_name_from_a_door_is_an_import_of_its_module(repository: Path) -> None:
    found = [Path(path).stem for path in code.imported_modules("weigh_it")]
    assert found == ["gauges", "scales", "worker"]


def test_a_name_from_the_door_of_a_room_within_is_one_too(repository: Path) -> None:
    within = repository / "rapidstem/room/cellar"
    within.mkdir()
    (within / "__init__.pyi").write_text("from .barrels import weigh as weigh\n")
    (within / "barrels.py").write_text("")
    (repository / "rapidstem/room/__init__.pyi").write_text("from .cellar import weigh as weigh\n")
    assert code.imported_modules("weigh_it") == ["rapidstem/room/cellar/barrels.py"]


@pytest.mark.parametrize(("module", "reruns"), [("scales", True), ("gauges", True), ("worker", True), ("rulers", False)])
def test_the_mark_follows_what_is_used(repository: Path, module: str, reruns: bool) -> None:
    before = code.code_mark("weigh_it")
    (repository / f"rapidstem/room/{module}.py").write_text("changed = True\n")
    _forget()
    assert (code.code_mark("weigh_it") != before) == reruns


def test_another_module_behind_the_same_name_changes_the_mark(repository: Path) -> None:
    before = code.code_mark("weigh_it")
    (repository / "rapidstem/room/__init__.pyi").write_text("from .rulers import weigh as weigh\n")
    _forget()
    assert code.code_mark("weigh_it") != before


def test_a_template_that_a_module_names_counts_with_those_that_it_may_include(repository: Path) -> None:
    room = repository / "rapidstem/room"
    (room / "page.html.j2").write_text("{% include 'style.css' %}")
    (room / "style.css").write_text("")
    _forget()
    before = code.code_mark("weigh_it")
    (room / "scales.py").write_text((room / "scales.py").read_text() + 'TEMPLATE = "page.html.j2"\n')
    _forget()
    assert {"rapidstem/room/page.html.j2", "rapidstem/room/style.css"} <= set(code.imported_modules("weigh_it"))
    with_template = code.code_mark("weigh_it")
    (room / "style.css").write_text("p { color: red }")
    _forget()
    assert len({before, with_template, code.code_mark("weigh_it")}) == 3


def test_modules_that_are_imported_by_name_count(repository: Path) -> None:
    found = [Path(path).stem for path in code.imported_modules("weigh_it", "rapidstem.room.rulers")]
    assert found == ["gauges", "rulers", "scales", "worker"]
    assert code.code_mark("weigh_it", "rapidstem.room.rulers") != code.code_mark("weigh_it")


def test_every_script_finds_modules_of_the_package() -> None:
    scripts = [path.stem for path in (code.ROOT / "scripts").glob("*.py")]
    assert all(any(found.startswith("rapidstem/") for found in code.imported_modules(script)) for script in scripts)
