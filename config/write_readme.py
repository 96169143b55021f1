"""Write config/README.md from the schemas: run `python config/write_readme.py` after a change of either."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "workflow/schemas"
INTRODUCTION = """\
# Configuration

A session is described by two files: a configuration in YAML and a sheet of acquisitions. `config.yaml` and `acquisitions.tsv` in this
folder are those of the demo; for your own data write your own and run

    snakemake --cores 8 --configfile path/to/config.yaml

Unknown keys and columns are refused before any job starts. This page is made from `workflow/schemas`.

Single values may be given on the command line, where they count before the file's:

    snakemake --cores 8 --config 'tomography={iterations: 20}' 'leave_out=[train-70-4]'

Everything else that the file says stays, lists are replaced as a whole. `session=trial` puts the results of your own files into
a folder of their own; a simulated session has its name in its sheet, too. `--configfile` and `--config` take all words that follow them: a
target stands before them, `snakemake --cores 8 dcfi --configfile path/to/config.yaml`; behind the file, Snakemake ends with
"No such file or directory: 'dcfi'".
"""
SHEET = """
## The sheet of acquisitions

One field of view a row, **tab separated**, paths relative to the sheet. Training and test fields are stacks of rapid frames of one place,
a calibration field is one with many features, all with a slow image of the same place. A tilt series has its angles in its file, or in a
text file beside it with one angle a line (`<file>.rawtlt`).
"""


def readme() -> str:
    """The text of config/README.md."""
    configuration = _schema("config")
    lines = [INTRODUCTION, "## Keys of the configuration", "", "| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [_row(key, entry, key in configuration["required"]) for key, entry in _entries(configuration)]
    sheet = _schema("acquisitions")
    lines += [SHEET, "| column | value | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {_values(entry)} | {entry['description']} |" for name, entry in sheet["properties"].items()]
    return "\n".join(lines) + "\n"


def _schema(name: str) -> dict[str, Any]:
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def _entries(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in schema["properties"].items():
        yield prefix + name, entry
        if "properties" in entry:
            yield from _entries(entry, f"{prefix}{name}.")


def _row(key: str, entry: dict[str, Any], required: bool) -> str:
    stated = '""' if entry.get("default") == "" else entry.get("default")
    default = "required" if required else "" if stated in (None, {}) else f"`{stated}`"
    return f"| `{key}` | {_values(entry)} | {default} | {entry['description']} |"


def _values(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    types = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
    return " or ".join("nothing" if name == "null" else name for name in types)


if __name__ == "__main__":
    (ROOT / "config/README.md").write_text(readme(), encoding="utf-8")
