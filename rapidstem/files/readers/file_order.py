"""The order in which files were numbered."""

import re
from collections.abc import Iterable
from pathlib import Path


def in_natural_order(files: Iterable[Path]) -> list[Path]:
    """Files in the order of the numbers in their names: the second comes before the tenth, with and without leading zeros.

    Parameters
    ----------
    files
        Of one folder.

    Returns
    -------
    list of Path

    Examples
    --------
    >>> [file.name for file in in_natural_order(map(Path, ["a10.tif", "a9.tif", "a1.tif"]))]
    ['a1.tif', 'a9.tif', 'a10.tif']
    """
    return sorted(files, key=lambda file: (_parts(file.name), file.name))


def _parts(name: str) -> list[str | int]:
    """Letters and numbers in turn, so that each is compared with its like."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name)]
