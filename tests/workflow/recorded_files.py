"""Raw files of noise, as sheets are proposed from, and the rows of a proposed sheet."""

import zlib
from pathlib import Path

import numpy as np
import tifffile

from rapidstem.microscope.recording.velox_writer import ScanDescription, write_velox


def write_raw(path: Path, frames: int, tilt_deg: float | np.ndarray, pixel_nm: float = 4.0, side: int = 16, dwell_s: float = 1e-7) -> None:
    """A Velox file of noise, no two alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(zlib.crc32(str(path).encode())).integers(1, 60000, (frames, side, side)).astype(np.uint16)
    scan = ScanDescription(pixel_size_nm=pixel_nm, dwell_time_s=dwell_s, line_time_s=6e-5, frame_time_s=0.03, start_s=0)
    write_velox(path, pixels, scan, np.deg2rad(np.broadcast_to(tilt_deg, frames)), np.arange(frames) * 0.07)


def write_tilt_series(path: Path, tilts_deg: np.ndarray, side: int = 16) -> None:
    """A series that says no times, with its tilts beside it."""
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(zlib.crc32(str(path).encode())).integers(0, 255, (len(tilts_deg), side, side)).astype(np.uint8)
    tifffile.imwrite(path, pixels, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm", "axes": "TYX"})
    path.with_suffix(".rawtlt").write_text("\n".join(map(str, tilts_deg)))


def rows_of(sheet: Path) -> dict[str, tuple[str, str, str, str]]:
    lines = [line.split("\t") for line in sheet.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == ["acquisition", "kind", "tilt", "rapid", "slow"]
    return {name: (kind, tilt, Path(rapid).name, Path(slow).name if slow else "") for name, kind, tilt, rapid, slow in lines[1:]}
