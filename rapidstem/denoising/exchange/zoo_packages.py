"""Trained networks as packages of the BioImage Model Zoo (https://bioimage.io, model description 0.5), and back.

A package holds the network as ONNX for others, and the model's own files, so that rapidstem takes it in without loss. Writing needs
the packages of the group `model-zoo`; reading does not.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.denoising.exchange.onnx_networks import OPSET, SMALLEST_PX, write_onnx
from rapidstem.denoising.model_files import TrainedModel, load_model
from rapidstem.denoising.model_paths import CARD, LOSSES, WEIGHTS, model_folder, model_format
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.errors import InputError
from rapidstem.files.atomic import folder_written_beside, written_beside

_NETWORK, _FRAME, _ANSWER, _PAGE = "network.onnx", "test_input.npy", "test_output.npy", "README.md"
_OWN_FILES = (CARD, WEIGHTS, LOSSES)
# Pictures are the same where they differ by less, relative to the range of the picture: single precision, added up in another order.
_SAME_PICTURE = 1e-4
_ZOO_VERSION = "0.5.4"
_TESTED_PX = 256


@dataclass(frozen=True)
class PackageOrigin:
    """Who passes a network on, and under which terms.

    Attributes
    ----------
    authors
        Names of people.
    licence
        Its SPDX identifier.
    """

    authors: Sequence[str]
    licence: str


def write_zoo_package(path: Path | str, folder: Path | str, frame: np.ndarray, origin: PackageOrigin) -> None:
    """Write a trained model as a package of the BioImage Model Zoo, judged by the zoo's own library.

    Parameters
    ----------
    path
        File to write, `.zip`.
    folder
        Of the model: `models/<denoiser>` of a session, or `general`.
    frame : (y, x)
        A raw frame that the model is meant for; its upper left part of at most 256 x 256 px goes into the package, as the example that
        programs test themselves with.
    origin
        Authors and licence.

    Raises
    ------
    InputError
        when the packages of the group `model-zoo` are not installed, the frame is too small, or the zoo's library refuses the package.
    """
    try:
        from bioimageio.spec import InvalidDescr, load_description, save_bioimageio_package
    except ImportError:
        raise InputError(f"{path}: the format of the zoo needs the group model-zoo; install it (pip install .[model-zoo])") from None
    held = model_folder(str(folder))
    model = load_model(held)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        _write_contents(place, held, model, _example(model, frame), origin)
        described = load_description(place / "bioimageio.yaml")
        if isinstance(described, InvalidDescr):
            raise InputError(f"{path}: the library of the BioImage Model Zoo refuses the package: {described.validation_summary.display()}")
        with written_beside(path) as beside:
            save_bioimageio_package(described, output_path=beside)


def read_zoo_package(path: Path | str, folder: Path | str) -> TrainedModel:
    """Take in a package that `write_zoo_package` has written: the folder can be named as `model` or `start_from` of a denoiser.

    Parameters
    ----------
    path
        The package, `.zip`.
    folder
        To write; it appears only when it is complete.

    Returns
    -------
    TrainedModel

    Raises
    ------
    InputError
        when the file is no package, does not come from rapidstem, or its example does not become the picture that it holds.
    """
    try:
        with zipfile.ZipFile(path) as package, folder_written_beside(Path(folder)) as temporary:
            temporary.mkdir()
            missing = [name for name in (*_OWN_FILES, _FRAME, _ANSWER) if name not in package.namelist()]
            if missing:
                files = ", ".join(missing)
                raise InputError(f"{path}: does not come from rapidstem ({files} is missing); networks of other programs are not taken in")
            for name in _OWN_FILES:
                with package.open(name) as source, (temporary / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
            model = load_model(temporary)
            _check_picture(Path(path), model, *(_array(package, name) for name in (_FRAME, _ANSWER)))
    except (zipfile.BadZipFile, FileNotFoundError) as error:
        raise InputError(f"{path}: is no package of the BioImage Model Zoo ({error}); give the .zip file") from error
    return model


def _check_picture(path: Path, model: TrainedModel, frame: np.ndarray, answer: np.ndarray) -> None:
    found = denoise_stack(model, frame[:, 0])
    difference = float(np.abs(found - answer[:, 0]).max() / np.ptp(answer))
    if not difference < _SAME_PICTURE:
        raise InputError(f"{path}: its network does not make the picture that it holds (they differ by {difference:.2g} of its range)")


def _array(package: zipfile.ZipFile, name: str) -> np.ndarray:
    with package.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _example(model: TrainedModel, frame: np.ndarray) -> np.ndarray:
    """The part of a frame that the package is tested with, its sides multiples of what the network halves."""
    step = 2**model.network.depth
    rows, columns = (min(size, _TESTED_PX) // step * step for size in frame.shape)
    if min(rows, columns) < SMALLEST_PX:
        raise InputError(f"the example frame of {frame.shape[0]} x {frame.shape[1]} px is too small; give one of {SMALLEST_PX} px and more")
    return np.ascontiguousarray(frame[:rows, :columns], np.float32)


def _write_contents(place: Path, folder: Path, model: TrainedModel, frame: np.ndarray, origin: PackageOrigin) -> None:
    for name in _OWN_FILES:
        shutil.copyfile(folder / name, place / name)
    write_onnx(place / _NETWORK, model)
    np.save(place / _FRAME, frame[np.newaxis, np.newaxis])
    np.save(place / _ANSWER, denoise_stack(model, frame[np.newaxis])[:, np.newaxis])
    (place / _PAGE).write_text(_page(model), encoding="utf-8")
    (place / "bioimageio.yaml").write_text(json.dumps(_description(model, origin), indent=1), encoding="utf-8")


def _description(model: TrainedModel, origin: PackageOrigin) -> dict[str, Any]:
    """The description of the zoo; JSON is YAML."""
    name = str(model.card["denoiser"])
    return {
        "type": "model",
        "format_version": _ZOO_VERSION,
        "name": f"rapidstem {name}",
        "description": f"Denoises rapid scans of a scanning transmission electron microscope ({model.settings.network}, {name}).",
        "authors": [{"name": author} for author in origin.authors],
        "cite": [{"text": "Zhao et al., Scientific Reports 11 (2021) 20720", "doi": "10.1038/s41598-021-99914-5"}],
        "license": origin.licence,
        "tags": ["denoising", "electron-microscopy", "stem", "2d", "restoration"],
        "documentation": _PAGE,
        "attachments": [{"source": each} for each in _OWN_FILES],
        "inputs": [{"id": "frames", "axes": _axes(model, None), "test_tensor": {"source": _FRAME}, "data": {"type": "float32"}}],
        "outputs": [{"id": "denoised", "axes": _axes(model, "frames"), "test_tensor": {"source": _ANSWER}, "data": {"type": "float32"}}],
        "weights": {"onnx": {"source": _NETWORK, "opset_version": OPSET}},
    }


def _axes(model: TrainedModel, same_as: str | None) -> list[dict[str, Any]]:
    """Axes of a tensor, their sizes free, or those of another tensor."""
    pixel_nm = model_format(model.card).pixel_size_nm
    scale = {"scale": pixel_nm, "unit": "nanometer"} if pixel_nm else {}
    free = {"min": SMALLEST_PX, "step": 2**model.network.depth}
    sizes = {side: {"tensor_id": same_as, "axis_id": side} if same_as else free for side in ("y", "x")}
    sides = [{"type": "space", "id": side, **scale, "size": size} for side, size in sizes.items()]
    return [{"type": "batch"}, {"type": "channel", "channel_names": ["counts"]}, *sides]


def _page(model: TrainedModel) -> str:
    fitted = model_format(model.card)
    pixels = f"{fitted.pixel_size_nm:g} nm a pixel" if fitted.pixel_size_nm else "any pixel size"
    return (
        f"# {model.card['denoiser']}\n\n"
        f"A network of rapidstem ({pixels}). Frames go in as the detector counts them, float32, x being the fast scan direction; what "
        "comes out is on the intensity scale of its references. Give whole frames: their intensities are scaled as a whole.\n\n"
        "In rapidstem: `python -m rapidstem_workflow.model_exchange import PACKAGE.zip FOLDER`, then `model: FOLDER` of a denoiser.\n\n"
        "# Validation\n\nCompare denoised frames of a field with its slow image or with the average of its frames: PSNR after the best "
        "straight line of intensities, and widths of lines. `model.json` holds the scores on the fields that were kept from the training.\n"
    )
