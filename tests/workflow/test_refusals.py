"""Every key of the configuration and every column of the sheet with values that nobody should get away with.

All are refused with the key, the row or the file in the message, before any job starts, and nothing but an InputError leaves the check.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_stack
from rapidstem.frames.registration import register_frames
from rapidstem_workflow.raw_file_checks import check_raw_files
from rapidstem_workflow.session_opening import open_session
from tests.workflow.bad_inputs import PAGE, WRONG_ROWS, WRONG_VALUES, changed, own_configuration, page, write_own_session
from tests.workflow.damaged_files import DAMAGES, FIELD, PIXEL_DAMAGES, Damage, write_raw_files
from tests.workflow.tiny_session import FIELDS, ROOT, configuration, sheet_text, write_session

HOSTILE = [None, "", [], {}, -1, 0, math.inf, math.nan, "x", True, [1], {"a": 1}, "$(touch x)", "../../x", "日本", 10**30]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny session's configuration and sheet, in which the test runs."""
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _keys(config: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in config.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _keys(value, (*above, name))


def test_hostile_values_of_every_key_are_accepted_or_refused_by_name(folder: Path) -> None:
    complete = open_session(configuration()).config
    refused = 0
    for key in _keys(complete):
        for value in HOSTILE:
            try:
                open_session(changed(complete, key, value))
            except InputError as error:
                refused += 1
                assert key[0] in str(error), (key, value, str(error))
    assert refused > 300
    assert sorted(path.name for path in folder.iterdir()) == ["config"], "a check has written something"


@pytest.mark.parametrize(("key", "value"), WRONG_VALUES)
def test_wrong_value_is_refused_with_its_key(folder: Path, key: tuple[str, ...], value: object) -> None:
    config = open_session(configuration()).config
    with pytest.raises(InputError) as caught:
        open_session(changed(config, key, value))
    assert key[-1] in str(caught.value)


@pytest.mark.parametrize("name", ["20240131", "2024-01-31", "2024_01_31", "1.5", "yes"])
def test_names_that_yaml_takes_for_something_else_are_to_stand_in_quotes(folder: Path, name: str) -> None:
    config = configuration() | yaml.safe_load(f"session: {name}\nleave_out: [{name}]")
    with pytest.raises(InputError) as caught:
        open_session(config)
    for key in ("session", "leave_out.0"):
        assert re.search(rf"{key}: .* is not of type 'string'; put it in quotes", str(caught.value))


@pytest.mark.parametrize(("row", "words"), WRONG_ROWS)
def test_wrong_row_is_refused_with_its_line(folder: Path, row: str, words: list[str]) -> None:
    (folder / "config/acquisitions.tsv").write_text(sheet_text(FIELDS) + row, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        open_session(configuration())
    assert all(word in str(caught.value) for word in ["acquisitions.tsv", *words]), str(caught.value)


@pytest.fixture(scope="module")
def raw_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of every acquisition of the tiny session, smaller still."""
    raw = tmp_path_factory.mktemp("raw")
    write_raw_files(raw)
    return raw


@pytest.fixture
def own_session(folder: Path, raw_files: Path) -> Path:
    """The folder with a sheet that leads to raw files of one's own."""
    write_own_session(folder, raw_files)
    return folder


def test_sound_files_pass(own_session: Path) -> None:
    check_raw_files(open_session(own_configuration()))


@pytest.mark.parametrize(("name", "damage"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES])
def test_damaged_file_is_named_with_its_row(own_session: Path, name: str, damage: Damage) -> None:
    damage(own_session / name)
    with pytest.raises(InputError) as caught:
        check_raw_files(open_session(own_configuration()))
    said = str(caught.value)
    assert name.split(".")[0] in said and str(own_session / name.split(".")[0]) in said
    assert "train-a" not in said.replace("train-a.", ""), "a sound file is blamed"


@pytest.mark.parametrize("damage", [case[1] for case in PIXEL_DAMAGES], ids=[case[0] for case in PIXEL_DAMAGES])
def test_pixels_without_an_image_are_refused(own_session: Path, damage: Damage) -> None:
    damage(own_session / FIELD)
    with pytest.raises(InputError, match="usable"):
        register_frames(read_stack(own_session / FIELD).frames)


def test_documentation_says_what_each_input_is_answered() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
    assert len(WRONG_VALUES) + len(WRONG_ROWS) + len(DAMAGES) + len(PIXEL_DAMAGES) >= 60


def test_tests_that_the_documentation_names_are_there() -> None:
    named = re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))
    written = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
    assert len(named) > 30 and not set(named) - written
