"""What is left to do when the last frame of a followed series has come: seconds of a processor from there to lines and a picture, by stage.

    python -m benchmarks.live_latency results/demo [--side 512] [--reconstruction ordered-subsets]

The denoised series of a finished session takes the place of the frames, whose own lines are sought before, as `snakemake live` does.
With `--side` it is magnified, pixels and all: lines are as wide in nm as before. Seconds by the clock are those of the machine at hand and
of what else it does, and are printed alone; the table holds those of the processor.
"""

import argparse
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.measured_tables import record_table
from rapidstem.figures import draw_figures
from rapidstem.figures.figure_registry import figure_entry
from rapidstem.files import read_header, read_images, read_table
from rapidstem.live import LineSettings, StageClock, compile_ahead, lines_of_series
from rapidstem.tomography import TiltGeometry, middle_angles_deg, recorded_geometry
from rapidstem.tomography.alignment import AlignmentSettings, SingleFrames
from rapidstem_workflow.session_opening import open_session
from scripts.line_files import write_fitted_lines

DEMO = Path(__file__).parents[1] / "config/config.yaml"
AHEAD, PICTURE, ALL = "before the last frame: lines of single frames", "files and picture", "all after the last frame"


def demo_settings(reconstruction: str) -> LineSettings:
    """What `snakemake live` has with the demo's configuration, but for the method of the reconstruction, on processors."""
    session = open_session(yaml.safe_load(DEMO.read_text(encoding="utf-8")))
    chosen = session.config["tomography"] | {"reconstruction": reconstruction, "device": "cpu"}
    alignment = AlignmentSettings(**session.live_alignment)
    return LineSettings(alignment, **{each.name: chosen[each.name] for each in fields(LineSettings) if each.name in chosen})


def recorded_series(session: Path, side: int) -> tuple[np.ndarray, TiltGeometry]:
    """The denoised series of a session with so many rows and columns, and its geometry as recorded."""
    record = read_header(session / "raw/series.rapid.emd")
    images, pixel_nm = read_images(next(session.glob("denoised/dlf-*/series.ome.tif")))[:2]
    assert record.line_time_s is not None
    factor = max(side // images.shape[1], 1)
    line_s = record.line_time_s / factor
    series = images.astype(np.float32).repeat(factor, axis=1).repeat(factor, axis=2)
    angles = middle_angles_deg(record.tilt_deg, record.time_s, line_s, series.shape[1])
    return series, recorded_geometry(angles, series.shape, pixel_nm / factor, record.time_s, line_s)


def followed(series: np.ndarray, recorded: TiltGeometry, settings: LineSettings, threads: int) -> StageClock:
    """Do what `snakemake live` does with denoised frames; how long each stage took."""
    known, ahead = SingleFrames(settings.alignment.line_scale_px(recorded.pixel_size_nm)), StageClock()
    with ahead.stage(AHEAD):
        known.put(0, series)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = lines_of_series(series, recorded, settings, folder, threads, known)
        files = {key: folder / key for key in ("lines", "summary", "density", "polydata", "paradis")}
        with found.clock.stage(PICTURE):
            write_fitted_lines(argparse.Namespace(**files), found.fitted, None)
            tables = {"points": files["lines"], "summary": files["summary"], "density": files["density"]}
            draw_figures(
                {"lines": figure_entry("lines").function}, {key: read_table(table, []) for key, table in tables.items()}, folder / "figures"
            )
    found.clock.used_s[ALL], found.clock.passed_s[ALL] = sum(found.clock.used_s.values()), sum(found.clock.passed_s.values())
    return StageClock(ahead.passed_s | found.clock.passed_s, ahead.used_s | found.clock.used_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reconstruction", default="sirt")
    given = parser.parse_args()
    settings = demo_settings(given.reconstruction)
    series, recorded = recorded_series(given.session, given.side)
    compile_ahead()
    started_s = time.monotonic()
    clock = followed(series, recorded, settings, given.threads)
    print(f"{time.monotonic() - started_s:.0f} s by the clock: {clock.words()}")
    place = {"session": given.session.name, "side_px": series.shape[1], "reconstruction": given.reconstruction}
    rows = [place | {"stage": name, "processor_s": round(used_s, 1)} for name, used_s in clock.used_s.items()]
    record_table("live_latency", pd.DataFrame(rows), ["session", "side_px", "reconstruction", "stage"])


if __name__ == "__main__":
    main()
