"""Where trained models lie."""

import os
from pathlib import Path

from rapidstem.errors import InputError

WEIGHTS, LAST_WEIGHTS, CARD, LOSSES = "weights.safetensors", "last.safetensors", "model.json", "losses.csv"


def model_folder(path: str) -> Path:
    """The folder that the setting `start_from` or `model` names; environment variables in it are replaced.

    Raises
    ------
    InputError
        if it does not hold a model.
    """
    folder = Path(os.path.expandvars(path)).expanduser()
    missing = [name for name in (CARD, WEIGHTS, LOSSES) if not (folder / name).is_file()]
    if missing:
        files = ", ".join(missing)
        raise InputError(f"{folder} holds no trained model ({files} is missing); give the folder models/<denoiser> of a session")
    return folder
