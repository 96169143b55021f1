"""The JSON documents that Velox writes for every frame: numbers as strings, sections left out or empty."""

import json
import math
from pathlib import Path
from typing import Any

from rapidstem.errors import InputError


def frame_document(path: Path, identifier: str, metadata: Any, frame: int) -> dict[str, Any]:
    """What Velox has written about one frame of an image; a document that is no JSON is an `InputError`.

    Parameters
    ----------
    path
        Of the file, for messages.
    identifier
        Of the image within the file.
    metadata : (byte, frame)
        Velox's texts, one a column, as an open data set.
    frame
        Whose text is read.

    Returns
    -------
    dict
        Empty where the text holds something else.

    Raises
    ------
    InputError
        when the text is no JSON
    """
    text = metadata[:, frame].tobytes().split(b"\0", 1)[0]
    try:
        document = json.loads(text)
    except ValueError as error:
        problem = "are empty" if not text.strip() else f"are no JSON ({error})"
        message = f"{path}: the metadata of frame {frame} of image {identifier} {problem}; the file is damaged, export it from Velox again"
        raise InputError(message) from error
    return document if isinstance(document, dict) else {}


def section(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A nested section; empty where Velox has left it out or written an empty string for it."""
    for key in keys:
        found = document.get(key)
        document = found if isinstance(found, dict) else {}
    return document


def finite_number(value: object) -> float | None:
    """A number that Velox has written as a text; None where it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def positive_number(value: object) -> float | None:
    """The same; None where it is zero or negative, too."""
    number = finite_number(value)
    return number if number is not None and number > 0 else None
