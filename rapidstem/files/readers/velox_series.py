"""Image series in Velox files: their pixels, and the metadata of every frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.hdf5_filters import check_filters
from rapidstem.files.readers.ncem_series import read_ncem_series
from rapidstem.files.readers.recorded_series import BRIGHT_FIELD, RecordedSeries, describe_choice, match_detector
from rapidstem.files.readers.velox_images import VeloxImage, is_velox, list_images
from rapidstem.files.readers.velox_metadata import read_frame_metadata
from rapidstem.files.sliced_frames import SlicedFrames

# HDF5 keeps that many bytes of a chunk which holds several frames, while they are read one after the other
_CHUNK_CACHE_BYTES = 64 * 2**20


def read_emd_series(path: Path, detector: str, integrated: bool = False) -> RecordedSeries | None:
    """Describe the series of one detector in an EMD file of Velox or of the NCEM; None where the file is HDF5, but of neither.

    Parameters
    ----------
    path
        File to read.
    detector
        Whose images to take from a file with several.
    integrated
        Whether the image that Velox integrated itself (DCFI) is wanted.

    Raises
    ------
    InputError
        when the file is no HDF5 file, damaged, or has no image (or several) of the detector.
    """
    import h5py

    if not h5py.is_hdf5(path):
        raise InputError(f"{path}: is no HDF5 file, so no Velox file; export it from Velox as EMD, or name it after its true format")
    try:
        with h5py.File(path, "r") as file:
            return _describe(path, file, detector, integrated) if is_velox(file) else read_ncem_series(path, file, detector)
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"{path}: is damaged or cut short ({error}); copy it from the microscope again") from error


def choose_image(path: Path, images: list[VeloxImage], detector: str, integrated: bool = False) -> VeloxImage:
    """Choose the image series of a detector.

    An only image is taken for the bright field whatever its name. Of several images of a detector, those that Velox calculated
    (DCFI, DPC) give way to the raw ones, and a single image to a series. Where the integrated image is wanted, DCFI goes before all others,
    and an only image is taken whatever the detector.

    Parameters
    ----------
    path
        Of the file, for messages.
    images
        All series of the file.
    detector
        Whose images are wanted.
    integrated
        Whether the image that Velox integrated itself (DCFI) is wanted.

    Raises
    ------
    InputError
        when no image or several images match; the message lists the detectors in the file.
    """
    if not any(image.grey for image in images):
        raise InputError(f"{path}: no image has grey values (numbers, not complex); export the raw images from Velox")
    images = [image for image in images if image.grey]
    if integrated:
        images = [image for image in images if image.integrated] or images
    if len(images) == 1 and (integrated or detector.strip().upper() == BRIGHT_FIELD or not images[0].names):
        return _sound(path, images[0])
    sources = [image.source if integrated else "" for image in images]
    names = [(*image.names, image.label, image.identifier, source) for image, source in zip(images, sources, strict=True)]
    found = [images[i] for i in match_detector(detector, names)]
    found = [image for image in found if not image.fault] or found[:1]
    found = [image for image in found if not image.calculated] or found
    found = [image for image in found if image.shape[0] == max(other.shape[0] for other in found)]
    if not found:
        present = describe_choice([image.label for image in images])
        raise InputError(
            f"{path}: no image of the detector {detector!r}; set `detector` in `reading`, or in this row of the sheet, "
            f"to one of those in the file: {present}"
        )
    if len(found) > 1:
        shapes = {image.label: f" ({' x '.join(map(str, image.shape))})" if "#" in image.label else "" for image in found}
        several = ", ".join(label + shape for label, shape in sorted(shapes.items()))
        raise InputError(
            f"{path}: {len(found)} images of the detector {detector!r}; set `detector` in `reading`, or in this row of the sheet, "
            f"to one of: {several}"
        )
    return _sound(path, found[0])


def _sound(path: Path, image: VeloxImage) -> VeloxImage:
    if image.fault:
        raise InputError(f"{path}: {image.fault}")
    return image


def _describe(path: Path, file: Any, detector: str, integrated: bool) -> RecordedSeries:
    images = list_images(path, file)
    image = choose_image(path, images, detector, integrated)
    check_filters(path, file[f"Data/Image/{image.identifier}/Data"])
    found = read_frame_metadata(path, file, image, images)
    return RecordedSeries(
        shape=image.shape,
        pixel_size_nm=found.pixel_size_nm,
        load=lambda: _pixels(path, image),
        open=lambda: _open_frames(path, image),
        dwell_time_s=found.dwell_time_s,
        line_time_s=found.line_time_s,
        frame_time_s=found.frame_time_s,
        tilt_deg=found.tilt_deg,
        time_s=found.time_s,
        started_s=found.started_s,
        velox_shift_px=found.shift_px,
        detector=image.names[0] if image.names else None,
        remarks=found.remarks,
    )


def _pixels(path: Path, image: VeloxImage) -> np.ndarray:
    with _open_pixels(path, image) as pixels:
        return _read_slice(pixels, 0, image.shape[0])


@contextmanager
def _open_frames(path: Path, image: VeloxImage) -> Iterator[SlicedFrames]:
    with _open_pixels(path, image) as pixels:
        yield SlicedFrames(path, image.shape, pixels.dtype, lambda start, stop: _read_slice(pixels, start, stop))


@contextmanager
def _open_pixels(path: Path, image: VeloxImage) -> Iterator[Any]:
    """The data set (y, x, frame) of an image."""
    import h5py

    with h5py.File(path, "r", rdcc_nbytes=_CHUNK_CACHE_BYTES) as file:
        yield file[f"Data/Image/{image.identifier}/Data"]


def _read_slice(pixels: Any, start: int, stop: int) -> np.ndarray:
    """Frames (frame, y, x) from a data set (y, x, frame); one by one where each has a chunk of its own."""
    if pixels.chunks is None or pixels.chunks[2] > 1:
        return np.ascontiguousarray(np.moveaxis(pixels[:, :, start:stop], 2, 0))
    frames = np.empty((stop - start, *pixels.shape[:2]), pixels.dtype)
    for number in range(start, stop):
        pixels.read_direct(frames, np.s_[:, :, number], np.s_[number - start])
    return frames
