"""The configuration held against its schema."""

import datetime
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from rapidstem.errors import InputError, raise_problems

SCHEMA = Path(__file__).resolve().parent.parent / "workflow/schemas/config.schema.yaml"


def write_out(config: dict[str, Any]) -> None:
    """Replace the short forms that a configuration may have by the long ones, in place."""
    if isinstance(config.get("distortion"), str):
        config["distortion"] = {"map": config["distortion"]}
    tomography = config.get("tomography")
    if isinstance(tomography, dict) and isinstance(tomography.get("geometry"), str):
        tomography["geometry"] = [tomography["geometry"]]


def configuration_schema() -> dict[str, Any]:
    """The schema of the configuration, from which `config/README.md` is made, too."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def check_repeated_keys(paths: Iterable[Path | str]) -> None:
    """See whether a section of a configuration file has a key twice, the first value of which would be lost without a word.

    Raises
    ------
    InputError
        Naming the file, the keys and their lines.
    """
    for path in paths:
        tree = yaml.compose(_as_yaml(Path(path).read_text(encoding="utf-8")), yaml.SafeLoader)
        problems = [
            f"line {second}, key {key!r}: stands there already, in line {first}; remove one" for key, first, second in _repeated_keys(tree)
        ]
        raise_problems(f"{path}: keys are given twice", problems)


def _as_yaml(text: str) -> str:
    """The text of a configuration file; of one in JSON with blanks in the place of tabulators, which YAML allows no indentation of."""
    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace("\t", " ")


def _repeated_keys(node: yaml.Node | None, above: str = "") -> Iterator[tuple[str, int, int]]:
    """Keys that a mapping has before, with both lines, counted from 1."""
    if isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _repeated_keys(entry, f"{above}{number}.")
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if str(key.value) in lines:
            yield f"{above}{key.value}", lines[str(key.value)], line
        lines.setdefault(str(key.value), line)
        yield from _repeated_keys(value, f"{above}{key.value}.")


def check_configuration(config: dict[str, Any]) -> None:
    """Compare a configuration with its schema.

    Raises
    ------
    InputError
        Naming every key that is unknown, missing or has a wrong value.
    """
    validator = jsonschema.Draft202012Validator(configuration_schema())
    problems = sorted(validator.iter_errors(config), key=lambda problem: list(map(str, problem.absolute_path)))
    lines = [f"  {_key(problem)}: {_message(problem)}" for problem in problems]
    lines += [f"  {key}: is no finite number" for key, value in _values(config) if isinstance(value, float) and not math.isfinite(value)]
    if lines:
        raise InputError("The configuration has errors (every key is explained in config/README.md):\n" + "\n".join(lines))


def _values(config: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a configuration with its key."""
    entries = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for name, value in entries:
        path = f"{key}.{name}" if key else str(name)
        yield path, value
        yield from _values(value, path)


def _key(problem: jsonschema.ValidationError) -> str:
    return ".".join(map(str, problem.absolute_path)) or "top level"


def _message(problem: jsonschema.ValidationError) -> str:
    """What is wrong; a name of digits or a date, which YAML takes for something else, is to stand in quotes."""
    is_scalar = isinstance(problem.instance, (int, float, datetime.date))
    return f"{problem.message}; put it in quotes" if is_scalar and problem.validator_value == "string" else problem.message


@contextmanager
def naming_key(key: str) -> Iterator[None]:
    """Put the configuration's key in front of what is wrong with its value."""
    try:
        yield
    except InputError as error:
        raise InputError(f"Configuration key '{key}': {error}") from None
