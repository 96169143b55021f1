"""The errors that a user can remedy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# A person reads no more at once.
_MOST_PROBLEMS = 20


class InputError(ValueError):
    """Something given by the user is wrong; the message names the file, the row or key, and the remedy."""


class ResourceError(InputError):
    """The machine has too little of something for a job; the data are not to blame."""


def raise_problems(title: str, problems: Sequence[str]) -> None:
    """Raise one InputError that lists the problems, if there are any."""
    if problems:
        shown = [f"  {problem}" for problem in problems[:_MOST_PROBLEMS]]
        if len(problems) > _MOST_PROBLEMS:
            shown.append(f"  and {len(problems) - _MOST_PROBLEMS} more")
        raise InputError("\n".join([f"{title}:", *shown]))


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Put the path of a raw file in front of what is wrong with its frames."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error
