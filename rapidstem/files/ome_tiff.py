"""Images and image stacks as OME-TIFF, with their pixel size."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.files.tiff_scales import stated_pixel_size_nm

_IMAGE, _STACK = "image", "stack"  # the OME names, which tell a stack of one frame from an image
# offsets of a classic TIFF reach 4 GiB; larger files need BigTIFF
_LARGEST_CLASSIC_BYTES = 2**32 - 2**25


def write_images(path: Path | str, images: np.ndarray, pixel_size_nm: float, channel_names: Sequence[str] | None = None) -> None:
    """Write one image or a stack of images, losslessly compressed.

    Parameters
    ----------
    path
        File to write, `*.ome.tif`; it appears only when it is complete.
    images : (y, x)
        (t, y, x), or (c, y, x) where `channel_names` are given; float32 or an unsigned integer type.
    pixel_size_nm
        Edge length of a pixel in nm.
    channel_names
        One name a channel.

    Raises
    ------
    ValueError
        when the shape and the names do not fit each other, or the pixel size is not positive.
    """
    import tifffile

    images = np.asarray(images)
    axes = _axes(images.ndim, channel_names is not None)
    if channel_names is not None and len(channel_names) != images.shape[0]:
        raise ValueError(f"{len(channel_names)} channel names for {images.shape[0]} images")
    if not pixel_size_nm > 0:
        raise ValueError(f"the pixel size must be positive, not {pixel_size_nm} nm")
    metadata = _physical_sizes(pixel_size_nm) | {"axes": axes, "Name": _IMAGE if images.ndim == 2 else _STACK}
    if channel_names is not None:
        metadata["Channel"] = {"Name": list(channel_names)}
    metadata["UUID"] = _identity(images, str(metadata))
    with written_beside(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as file:
        file.write(images, metadata=metadata, **_page_options(pixel_size_nm))


def write_frames(
    path: Path | str,
    blocks: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    pixel_size_nm: float,
    time_s: np.ndarray | None = None,
) -> None:
    """Write a long series of frames block by block, losslessly compressed: the working memory holds one block.

    Parameters
    ----------
    path
        File to write, `*.ome.tif`; it appears only when it is complete.
    blocks : (frame, y, x)
        Each, float32, one after the other.
    shape : (frame, y, x)
        Of all of them together.
    pixel_size_nm
        Edge length of a pixel in nm.
    time_s : (frame,)
        Start of each frame since the first; None where it is unknown. The mean step becomes the time increment.

    Raises
    ------
    ValueError
        when the blocks do not add up to the shape, or the pixel size is not positive.
    """
    import tifffile

    if not pixel_size_nm > 0:
        raise ValueError(f"the pixel size must be positive, not {pixel_size_nm} nm")
    metadata = _physical_sizes(pixel_size_nm) | {"axes": "TYX", "Name": _STACK}
    if time_s is not None and len(time_s) > 1:
        metadata |= {"TimeIncrement": float(np.diff(time_s).mean()), "TimeIncrementUnit": "s"}
        metadata["Plane"] = {"DeltaT": [float(time) for time in time_s], "DeltaTUnit": ["s"] * len(time_s)}
    rest = iter(blocks)
    first = next(rest, np.zeros((0, *shape[1:])))
    metadata["UUID"] = _identity(first, f"{metadata} {shape}")
    frames = _counted_frames(chain([first], rest), shape[0])
    large = 4 * int(np.prod(shape)) > _LARGEST_CLASSIC_BYTES
    with written_beside(path) as temporary, tifffile.TiffWriter(temporary, ome=True, bigtiff=large) as file:
        file.write(frames, shape=shape, dtype=np.float32, metadata=metadata, **_page_options(pixel_size_nm))


def read_images(path: Path | str) -> tuple[np.ndarray, float]:
    """Read what `write_images` wrote.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    images : (y, x), (t, y, x) or (c, y, x), in the stored type.
    pixel_size_nm : edge length of a pixel in nm.

    Raises
    ------
    InputError
        when the file is missing, damaged, no OME-TIFF, or has no pixel size.
    """
    import tifffile

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; make it with the step that writes it")
    try:
        with tifffile.TiffFile(path) as file:
            description, images = file.ome_metadata, file.asarray()
            stated_nm = stated_pixel_size_nm(file)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read as TIFF ({error}); delete it and make it again") from error
    if description is None:
        raise InputError(f"{path}: is a TIFF without OME metadata, so its pixel size is unknown; write it as OME-TIFF")
    if stated_nm is None:
        raise InputError(f"{path}: the OME metadata have no PhysicalSizeX with a unit of length; write the pixel size into the file")
    if images.ndim == 2 and _image_name(description) == _STACK:
        images = images[np.newaxis]
    return images, stated_nm[1]


def read_channel_names(path: Path | str) -> list[str]:
    """Names of the channels of an OME-TIFF, empty where it has none.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    list of str
        In the order of the channels.
    """
    import tifffile

    with tifffile.TiffFile(path) as file:
        root = ElementTree.fromstring(file.ome_metadata or "<OME/>")
    return [name for channel in root.iterfind(".//{*}Channel") if (name := channel.get("Name")) is not None]


def _counted_frames(blocks: Iterable[np.ndarray], count: int) -> Iterator[np.ndarray]:
    """All frames of the blocks, if they are as many as they should be."""
    given = 0
    for block in blocks:
        given += len(block)
        if given > count:
            raise ValueError(f"there are more frames than {count}")
        yield from np.asarray(block, np.float32)
    if given < count:
        raise ValueError(f"there are {given} frames in place of {count}")


def _identity(pixels: np.ndarray, words: str) -> str:
    """The file's OME identifier, from its content: the same content gives the same bytes, whenever it is written."""
    content = hashlib.sha256(words.encode())
    content.update(np.ascontiguousarray(pixels).data)
    return f"urn:uuid:{uuid.UUID(bytes=content.digest()[:16], version=5)}"


def _physical_sizes(pixel_size_nm: float) -> dict[str, Any]:
    sizes = {"PhysicalSizeX": pixel_size_nm, "PhysicalSizeY": pixel_size_nm}
    return sizes | {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "nm"}


def _page_options(pixel_size_nm: float) -> dict[str, Any]:
    """Quick lossless compression, and the pixel size once more, for readers that know TIFF but not OME."""
    resolution = {"resolution": (1e7 / pixel_size_nm, 1e7 / pixel_size_nm), "resolutionunit": "CENTIMETER"}
    return resolution | {"photometric": "minisblack", "compression": "zlib", "compressionargs": {"level": 1}}


def _image_name(description: str) -> str | None:
    image = ElementTree.fromstring(description).find(".//{*}Image")
    return None if image is None else image.get("Name")


def _axes(dimensions: int, has_channels: bool) -> str:
    axes = {2: "YX", 3: "CYX" if has_channels else "TYX"}.get(dimensions)
    if axes is None or (has_channels and dimensions != 3):
        raise ValueError(f"images must be (y, x) or (frame, y, x), with channels (channel, y, x), not {dimensions}-dimensional")
    return axes
