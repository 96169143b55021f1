"""What a command line says of the configuration: its files, and values, read as the schema says, not by their looks."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from rapidstem.errors import InputError


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """Let a program be told the configuration of a session, by the options `--configfile` and `--config`, as Snakemake is."""
    parser.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[Path("config/config.yaml")],
        help="all that the session was run with, in that order (config/config.yaml)",
    )
    parser.add_argument("--config", nargs="*", default=[], metavar="KEY=VALUE", help="what the command line of the run had set so")


def given_values(entries: Sequence[str], schema: dict[str, Any]) -> dict[str, Any]:
    """The values of `--config key=value ...`, each of the type that the schema asks for.

    Snakemake reads a number or a word of its own accord, and everything inside braces and brackets as text. Here a value is YAML; what the
    schema refuses then is taken by the letter (`session=007`), or as the number that YAML takes for a word (`1e-6`).

    Parameters
    ----------
    entries : as they were given, `key=value`.
    schema : of the whole configuration.

    Raises
    ------
    InputError
        For a value that is no YAML.
    """
    validator = jsonschema.Draft202012Validator(schema)
    return {key: _typed(key, text, validator) for key, _, text in (entry.partition("=") for entry in entries)}


def _typed(key: str, text: str, validator: jsonschema.Draft202012Validator) -> Any:
    try:
        value, letters = {key: yaml.safe_load(text)}, {key: yaml.load(text, yaml.BaseLoader)}
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--config {key}={text}: {reason}; give a value as in the configuration file, as key='{{name: value}}'.") from None
    for path in list(_refused(value, validator)):
        *outer, last = path
        holder: Any = value
        spelled: Any = letters
        for step in outer:
            holder, spelled = holder[step], spelled[step]
        holder[last] = _other_reading(holder[last], spelled[last])
    return value[key]


def _refused(value: dict[str, Any], validator: jsonschema.Draft202012Validator) -> Iterator[list[str | int]]:
    """Where the schema refuses a value that is neither a list nor a mapping."""
    for problem in validator.iter_errors(value):
        path = list(problem.absolute_path)
        if path and not isinstance(problem.instance, dict | list):
            yield path


def _other_reading(value: Any, letters: str) -> Any:
    if not isinstance(value, str):
        return letters
    with suppress(ValueError):
        return float(value)
    return value
