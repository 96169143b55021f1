"""Changes that a person makes to a finished session."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.workflow.tiny_session import CODE, FIELDS, configuration, sheet_text, write_session


def nothing(folder: Path) -> None:
    """The session as it is."""


def new_row(name: str, kind: str, tilt: str, **said: str) -> Callable[[Path], None]:
    """Another row of the sheet, which may say more in columns that the others leave empty."""
    return lambda folder: write_session(folder, sheet=with_columns([*FIELDS, (name, kind, tilt)], name, **said))


def new_columns(name: str, **said: str) -> Callable[[Path], None]:
    """More columns of the sheet, which one row fills."""
    return lambda folder: write_session(folder, sheet=with_columns(FIELDS, name, **said))


def with_columns(fields: list[tuple[str, str, str]], name: str, **said: str) -> str:
    """The sheet with more columns, which one row fills."""
    header, *rows = sheet_text(fields).splitlines()
    filled = ["\t".join([row, *(said.values() if row.startswith(f"{name}\t") else [""] * len(said))]) for row in rows]
    return "\n".join(["\t".join([header, *said]), *filled]) + "\n"


def new_value(*key: str, value: Any) -> Callable[[Path], None]:
    """A changed value of the configuration; of a list, the first entry is changed."""

    def change(folder: Path) -> None:
        config: Any = configuration()
        holder = config
        for name in key[:-1]:
            holder = holder.setdefault(name, {})
            if isinstance(holder, list):
                holder = holder[0]
        holder[key[-1]] = value
        write_session(folder, config)

    return change


def comment(folder: Path) -> None:
    """A comment above the configuration."""
    path = folder / "config/config.yaml"
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


def other_order(folder: Path) -> None:
    """The same configuration with its keys the other way round."""
    text = yaml.safe_dump(_the_other_way_round(configuration()), sort_keys=False)
    (folder / "config/config.yaml").write_text(text, encoding="utf-8")


def defaults_written_out(folder: Path) -> None:
    """The same configuration with some defaults of the file reading, the virtual microscope and a denoiser."""
    config = configuration() | {"reading": {"frame_interval_s": None}}
    config["simulate"]["conditions"] = "demo"
    config["denoisers"][0]["preset"] = "best"
    write_session(folder, config)


def _the_other_way_round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _the_other_way_round(value[key]) for key in sorted(value, reverse=True)}
    return [_the_other_way_round(each) for each in value] if isinstance(value, list) else value


def edited(file: str) -> Callable[[Path], None]:
    """A comment below a file of the code."""

    def change(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as text:
            text.write("\n# edited\n")

    return change


def touched(file: str) -> Callable[[Path], None]:
    """A new date of a file."""
    return lambda folder: (folder / file).touch()


def replaced(file: str, by: str) -> Callable[[Path], object]:
    """Another content of a file."""
    return lambda folder: shutil.copy(folder / by, folder / file)


def deleted(file: str) -> Callable[[Path], None]:
    """A result that is gone."""
    return lambda folder: (folder / "results/tiny" / file).unlink()


def other_folder(folder: Path) -> None:
    """Nothing is left to change: every case runs in a copy of the session that lies elsewhere."""
    assert folder.name != "session"


def cloned(folder: Path) -> None:
    """The code laid down anew, as `git clone` does it: the same text with new dates."""
    for name in CODE:
        for path in [folder / name, *(folder / name).rglob("*")]:
            path.touch()


def cloned_without_memory(folder: Path) -> None:
    """The same without what Snakemake has noted about the results."""
    cloned(folder)
    shutil.rmtree(folder / ".snakemake")


def empty_lines(folder: Path) -> None:
    """Empty lines between the rows of the sheet."""
    write_session(folder, sheet=sheet_text(FIELDS).replace("\n", "\n\n"))
