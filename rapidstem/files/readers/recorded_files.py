"""Which reader describes a raw file: the ending tells."""

from pathlib import Path

from rapidstem.files.readers.file_endings import TIFF_ENDINGS
from rapidstem.files.readers.mrc_series import is_mrc, read_mrc_series
from rapidstem.files.readers.recorded_series import RecordedSeries, check_presence
from rapidstem.files.readers.signal_series import read_signal_series
from rapidstem.files.readers.tiff_series import read_tiff_series
from rapidstem.files.readers.velox_series import read_emd_series
from rapidstem.files.readers.zarr_series import read_zarr_series
from rapidstem.files.readers.zarr_stores import is_zarr_store


def read_recorded_series(path: Path, detector: str, integrated: bool = False) -> RecordedSeries:
    """Describe the images of a detector in a raw file.

    Parameters
    ----------
    path
        File to read; its ending tells the format.
    detector
        Whose images to take from a file with several.
    integrated
        Whether the instrument's own integrated image is wanted, of a Velox file that holds raw frames, too.

    Raises
    ------
    InputError
        when the file is missing, empty, damaged, of an unknown format, or without images of the detector.
    """
    if is_zarr_store(path):
        return read_zarr_series(path, detector)
    check_presence(path)
    if path.suffix.lower() == ".emd":
        return read_emd_series(path, detector, integrated) or read_signal_series(path, detector)
    if is_mrc(path):
        return read_mrc_series(path)
    return read_tiff_series(path) if path.suffix.lower() in TIFF_ENDINGS else read_signal_series(path, detector)
