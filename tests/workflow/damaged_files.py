"""Small raw files of the tiny session, and ways to damage one of them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from tests.workflow.tiny_session import FIELDS

Damage = Callable[[Path], object]


def write_raw_files(folder: Path) -> None:
    """Raw files of every acquisition of the tiny session, smaller still."""
    settings = settings_from({"size_px": 32, "frames_per_field": 3, "tilt_frames": 5})
    for name, kind, tilt in FIELDS:
        paths = {f"{column}_path": folder / f"{name}.{column}.emd" for column in ("rapid", "slow", "truth")}
        simulate_acquisition(kind=kind, name=name, tilt_deg=float(tilt) if tilt else None, settings=settings, **paths)


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("on-the-other-disk.emd")


def _image(file: h5py.File) -> Any:
    return next(iter(file["Data/Image"].values()))


def _pixels(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Other pixels, (y, x, frame)."""

    def damage(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            pixels = _image(file)["Data"][()]
            del _image(file)["Data"]
            _image(file)["Data"] = change(pixels)

    return damage


def _without(name: str) -> Damage:
    def damage(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del (_image(file) if name in ("Data", "Metadata") else file)[name]

    return damage


def _metadata(change: Callable[[dict[str, Any]], object], frames: slice = slice(None)) -> Damage:
    """Other metadata of some frames."""

    def damage(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            metadata = _image(file)["Metadata"]
            for frame in range(metadata.shape[1])[frames]:
                document = json.loads(metadata[:, frame].tobytes().split(b"\0", 1)[0])
                change(document)
                text = json.dumps(document).encode()
                metadata[:, frame] = np.frombuffer(text.ljust(len(metadata), b"\0"), np.uint8)

    return damage


def _pixel_size(value: object) -> Damage:
    return _metadata(lambda document: document["BinaryResult"].update(PixelSize={"width": value, "height": value}))


def _without_scan_times(document: dict[str, Any]) -> None:
    for name in ("LineTime", "FrameTime"):
        document["Scan"].pop(name)


def _no_json(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        _image(file)["Metadata"][:5, 1] = np.frombuffer(b"{oops", np.uint8)


FIELD, SERIES = "train-b.rapid.emd", "series.rapid.emd"

# What has happened, the file that it happens to, and how; all are noticed before the first job.
DAMAGES: list[tuple[str, str, Damage]] = [
    ("missing", FIELD, Path.unlink),
    ("a link to a file that is not there", FIELD, _dead_link),
    ("a folder of that name", FIELD, _folder),
    ("empty", FIELD, lambda path: path.write_bytes(b"")),
    ("cut off in the middle", FIELD, _cut_in_half),
    ("packed", FIELD, lambda path: path.write_bytes(gzip.compress(path.read_bytes()))),
    ("the signature of HDF5 and nothing else", FIELD, lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))),
    ("a letter", FIELD, lambda path: path.write_text("a letter, not an image")),
    ("noise", FIELD, lambda path: path.write_bytes(bytes(range(256)) * 64)),
    ("no images in it", FIELD, _without("Data")),
    ("no pixels in it", FIELD, _pixels(lambda pixels: pixels[:, :, :0])),
    ("complex numbers", FIELD, _pixels(lambda pixels: pixels.astype(np.complex64))),
    ("text for numbers", FIELD, _pixels(lambda pixels: pixels.astype("S4"))),
    ("one frame alone", FIELD, _pixels(lambda pixels: pixels[:, :, :1])),
    ("two axes", FIELD, _pixels(lambda pixels: pixels[:, :, 0])),
    ("four axes", FIELD, _pixels(lambda pixels: pixels[..., np.newaxis])),
    ("axes swapped: the frame first", FIELD, _pixels(lambda pixels: np.moveaxis(pixels, 2, 0))),
    ("frames of one row", FIELD, _pixels(lambda pixels: pixels[:1])),
    ("frames too small to be registered", FIELD, _pixels(lambda pixels: pixels[:, :12])),
    ("no metadata", FIELD, _without("Metadata")),
    ("metadata that are no JSON", FIELD, _no_json),
    ("no pixel size", FIELD, _metadata(lambda document: document["BinaryResult"].pop("PixelSize"))),
    ("a pixel size of zero", FIELD, _pixel_size("0")),
    ("a negative pixel size", FIELD, _pixel_size("-4.56e-9")),
    ("a pixel size that is no number", FIELD, _pixel_size("$(touch x)")),
    ("a huge pixel size", FIELD, _pixel_size("1e30")),
    ("a pixel size in a unit of no length", FIELD, _metadata(lambda document: document["BinaryResult"].update(PixelUnitX="kg"))),
    ("no tilts in a series", SERIES, _metadata(lambda document: document["Stage"].pop("AlphaTilt"))),
    ("no tilt of one frame of a series", SERIES, _metadata(lambda document: document["Stage"].pop("AlphaTilt"), slice(2, 3))),
    ("the same tilt for all frames of a series", SERIES, _metadata(lambda document: document["Stage"].update(AlphaTilt="0.1"))),
    ("no time of a row in a series", SERIES, _metadata(_without_scan_times)),
    ("fewer pixels than in the slow series", SERIES, _pixels(lambda pixels: pixels[:16, :16])),
]

# What is noticed when the pixels are read: the job of that field fails and names it, all others go on.
PIXEL_DAMAGES: list[tuple[str, Damage]] = [
    ("nothing but not-a-number", _pixels(lambda pixels: np.full(pixels.shape, np.nan, np.float32))),
    ("nothing but infinity", _pixels(lambda pixels: np.full(pixels.shape, np.inf, np.float32))),
    ("constant frames", _pixels(lambda pixels: np.full_like(pixels, 7))),
    ("all frames but one constant", _pixels(lambda pixels: np.where(np.arange(pixels.shape[2]) == 1, pixels, 0).astype(pixels.dtype))),
]
