"""Where trained models lie, and what they are for."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rapidstem.errors import InputError
from rapidstem.files.scan_format import ScanFormat

GENERAL = "general"
SHIPPED = Path(__file__).resolve().parents[2] / "resources" / "models"
WEIGHTS, LAST_WEIGHTS, CARD, LOSSES = "weights.safetensors", "last.safetensors", "model.json", "losses.csv"


def model_folder(path: str) -> Path:
    """The folder that the setting `start_from` or `model` names; `general` is the model that comes with rapidstem.

    Environment variables in a path are replaced.

    Parameters
    ----------
    path
        As the configuration has it.

    Raises
    ------
    InputError
        if it does not hold a model.
    """
    folder = SHIPPED / GENERAL if path == GENERAL else Path(os.path.expandvars(path)).expanduser()
    missing = [name for name in (CARD, WEIGHTS, LOSSES) if not (folder / name).is_file()]
    if missing:
        files = ", ".join(missing)
        raise InputError(f"{folder} holds no trained model ({files} is missing); give the folder models/<denoiser> of a session")
    return folder


def read_card(folder: Path) -> dict[str, Any]:
    """Read the card of a trained model.

    Parameters
    ----------
    folder
        Of the model.

    Returns
    -------
    dict
        What `model.json` holds.

    Raises
    ------
    InputError
        if it is no card.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        model_format(card)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / CARD}: the model card cannot be read ({error}); train the model again") from error
    return dict(card)


def model_format(card: Mapping[str, Any]) -> ScanFormat:
    """How the frames were scanned that a model was trained on, as far as its card says it; their size does not matter.

    Parameters
    ----------
    card
        As `read_card` gives it.
    """
    data = card["data"]
    return ScanFormat(None, data["pixel_size_nm"], data["dwell_time_s"])
