"""Peak memory of the jobs of a tilt series at 512 and 2048 pixels a side, beside what their rules ask for.

    python -m benchmarks.series_memory results/demo [side ...]

The denoised series of a finished session is magnified, pixels and all: its geometry stays what it is, and every job does what it would do
on a series of that size. Each job runs in a process of its own, of which the system tells the peak.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from tifffile import TiffFile

from benchmarks.measured_tables import record_table

SIDES = (512, 2048)
# Of the demo.
THICKNESS_NM, LINE_WIDTH_NM = 300.0, 13.7
# What the rules ask for (`workflow/rules`): MB in any case, and times the size of the input.
ASKED = {"align_series": (380, 7.0), "binarise_series": (150, 3.0)}


def _denoised(session: Path) -> Path:
    return next(session.glob("denoised/*/series.ome.tif"))


def magnify(session: Path, folder: Path, side: int) -> None:
    """Write the denoised series with so many rows and columns."""
    from rapidstem.files import read_images, write_images

    images, pixel_nm = read_images(_denoised(session))[:2]
    factor = side // images.shape[1]
    rows = images.repeat(factor, axis=1) if factor > 1 else images
    write_images(folder / "series.ome.tif", rows.repeat(factor, axis=2), pixel_nm / factor)


def align_series(session: Path, folder: Path) -> None:
    """What the script of the rule does."""
    from rapidstem.files import read_header, read_images, write_series
    from rapidstem.tomography import alignment, middle_angles_deg, recorded_geometry, write_geometry

    record = read_header(session / "raw/series.rapid.emd")
    images, pixel_nm = read_images(folder / "series.ome.tif")[:2]
    assert record.line_time_s is not None
    line_s = record.line_time_s * record.shape[1] / images.shape[1]
    angles = middle_angles_deg(record.tilt_deg, record.time_s, line_s, images.shape[1])
    recorded = recorded_geometry(angles, images.shape, pixel_nm, record.time_s, line_s)
    found = alignment.align_series(images, recorded, alignment.AlignmentSettings(THICKNESS_NM, line_width_nm=LINE_WIDTH_NM))
    write_geometry(folder / "angles.csv", found.geometry, found.reported_deg, found.sigma_deg, found.shift_sigma_px)
    write_series(folder / "series.mrc", found.applied_to(images), pixel_nm)


def binarise_series(_session: Path, folder: Path) -> None:
    """What the script of the rule does."""
    from rapidstem.files import read_series, write_series
    from rapidstem.tomography import binarise

    series, pixel_nm = read_series(folder / "series.mrc")
    write_series(folder / "binary.mrc", binarise(series, "soft", LINE_WIDTH_NM / (2 * pixel_nm)), pixel_nm)


def peak_mb(job: Callable[[Path, Path], None], session: Path, folder: Path) -> tuple[float, float]:
    """Largest memory (MB) and processor time (s) of a job in a process of its own."""
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=_run, args=(job, session, folder, sender))
    process.start()
    peak, used_s = receiver.recv()
    process.join()
    return peak, used_s


def _run(job, session, folder, sender):  # type: ignore[no-untyped-def]
    job(session, folder)
    sender.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, time.process_time()))


def _input_mb(rule: str, session: Path, folder: Path, side: int) -> float:
    """Size of a job's input; of compressed frames that of the session's, times the pixels, as magnified ones shrink to next to nothing."""
    if rule == "binarise_series":
        return (folder / "series.mrc").stat().st_size / 2**20
    with TiffFile(_denoised(session)) as file:
        rows = file.pages[0].shape[0]
    return _denoised(session).stat().st_size / 2**20 * (side / rows) ** 2


def measure(session: Path, side: int) -> None:
    """Record one row a job, as soon as it ends: at 2048 px each takes long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peak_mb(partial(magnify, side=side), session, folder)
        for job in (align_series, binarise_series):
            peak, used_s = peak_mb(job, session, folder)
            fixed, times = ASKED[job.__name__]
            asked = round(fixed + times * _input_mb(job.__name__, session, folder, side))
            row = {"side_px": side, "rule": job.__name__, "needed_mb": round(peak), "asked_mb": asked}
            row |= {"asked_over_needed": round(asked / peak, 2), "processor_s": round(used_s)}
            record_table("series_memory", pd.DataFrame([row]), ["side_px", "rule"])


def main() -> None:
    """Print the rows of the table."""
    session = Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo")
    for side in [int(word) for word in sys.argv[2:]] or SIDES:
        measure(session, side)


if __name__ == "__main__":
    main()
