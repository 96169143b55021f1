"""A tilt series that is followed while it is written: the same lines as from the finished file, and writers that die."""

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rapidstem.files import read_stack, write_angle_file, write_series
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from tests.workflow.tiny_session import SIMULATE, configuration, snakemake, write_session

FRAMES = SIMULATE["tilt_frames"]
SHEET = "acquisition\tkind\ttilt\trapid\tslow\nseries\ttilt_series\t\t../raw/series.mrc\t\n"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a rapid series as an MRC file, with hot pixels, and its tilts."""
    folder = tmp_path_factory.mktemp("recorded")
    files = [folder / name for name in ("rapid.emd", "slow.emd", "truth.h5")]
    simulate_acquisition("tilt_series", "series", None, settings_from(SIMULATE | {"hot_pixel_share": 1e-4}), *files)
    stack = read_stack(files[0])
    write_series(folder / "series.mrc", stack.frames[:], stack.pixel_size_nm)
    write_angle_file(folder / "series.rawtlt", stack.tilt_deg)
    return folder


def live_session(folder: Path, recorded: Path, **live: Any) -> bytes:
    """Write a session that follows `raw/growing.mrc`, with its tilts but without the file; the bytes that it is to have."""
    (folder / "raw").mkdir()
    for name, copy in (("series.mrc", "series.mrc"), ("series.rawtlt", "series.rawtlt"), ("series.rawtlt", "growing.rawtlt")):
        shutil.copy(recorded / name, folder / "raw" / copy)
    config = {key: value for key, value in configuration().items() if key != "simulate"} | {
        "denoisers": [{"name": "general"}],
        "distortion": {"method": "none"},
        "tomography": {"denoisers": ["general"], "iterations": 20},
        "reading": {"pixel_size_nm": 4.56, "line_time_s": 1.172e-4, "frame_interval_s": 0.07},
        "live": {"source": "raw/growing.mrc", "patience_s": 60} | live,
    }
    write_session(folder, config, SHEET)
    return (recorded / "series.mrc").read_bytes()


def grow(path: Path, content: bytes, until: int, pause_s: float) -> threading.Thread:
    """Write a file piece by piece, in pieces that end within frames, up to a byte; the thread that does so."""

    def write() -> None:
        with path.open("wb") as file:
            for start in range(0, until, len(content) // 20):
                file.write(content[start : min(start + len(content) // 20, until)])
                file.flush()
                os.fsync(file.fileno())
                time.sleep(pause_s)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def run_while_growing(folder: Path, content: bytes, until: int, *targets: str) -> subprocess.CompletedProcess[str]:
    """Run the session while the file grows."""
    writer = grow(folder / "raw/growing.mrc", content, until, 1.0)
    run = snakemake(folder, *targets)
    writer.join()
    return run


def test_lines_are_those_of_the_run_on_the_finished_file(recorded: Path, tmp_path: Path) -> None:
    content = live_session(tmp_path, recorded, frames=FRAMES)
    batch = "results/tiny/dislocations/series/rapid-general.lines.csv"
    run = run_while_growing(tmp_path, content, len(content), "live", batch)
    assert run.returncode == 0, run.stdout + run.stderr
    live = tmp_path / "results/tiny/live/growing"
    pd.testing.assert_frame_equal(pd.read_csv(live / "lines.csv"), pd.read_csv(tmp_path / batch), check_exact=True)
    assert (live / "lines.csv").read_bytes() == (tmp_path / batch).read_bytes()
    assert (live / "figures/lines.png").stat().st_size > 1000
    said = (tmp_path / "results/tiny/logs/run_live.log").read_text(encoding="utf-8")
    filled = re.search(r"(\d+) hot pixels filled in", said)
    assert filled and int(filled[1]) > FRAMES / 4
    assert f"{FRAMES} of {FRAMES} frames denoised" in said and "after the last frame" in said


def test_a_writer_that_dies_early_is_refused_with_the_number_of_frames(recorded: Path, tmp_path: Path) -> None:
    content = live_session(tmp_path, recorded, frames=FRAMES, patience_s=8)
    run = run_while_growing(tmp_path, content, len(content) // 10, "live")
    assert run.returncode != 0
    assert f"the series has stopped after 3 of {FRAMES} frames" in run.stdout + run.stderr
    assert "record the rest" in run.stdout + run.stderr
    assert not (tmp_path / "results/tiny/live/growing/lines.csv").exists()


def test_tilts_that_are_there_and_wrong_are_refused_before_a_frame_is_waited_for(recorded: Path, tmp_path: Path) -> None:
    live_session(tmp_path, recorded, frames=FRAMES, patience_s=600)
    (tmp_path / "raw/growing.rawtlt").write_text("-70\nnan\n")
    run = snakemake(tmp_path, "live")
    assert run.returncode != 0 and "growing.rawtlt, line 2: 'nan' is no angle" in run.stdout + run.stderr


def test_without_a_source_the_remedy_is_named(tmp_path: Path) -> None:
    write_session(tmp_path)
    run = snakemake(tmp_path, "live", "--dry-run")
    assert run.returncode != 0 and "set live.source to the series" in run.stdout + run.stderr


def test_a_series_of_the_same_name_is_followed_no_second_time(tmp_path: Path, recorded: Path) -> None:
    live_session(tmp_path, recorded)
    picture = tmp_path / "results/tiny/live/growing/figures/lines.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    run = snakemake(tmp_path, "live", "--dry-run")
    assert run.returncode != 0
    assert "results/tiny/live/growing holds the lines of a series that was followed before" in run.stdout + run.stderr


def test_folders_of_two_days_have_results_of_their_own(tmp_path: Path, recorded: Path) -> None:
    live_session(tmp_path, recorded, source="raw/2026.11.30")
    pictures = [tmp_path / f"results/tiny/live/{day}/figures/lines.png" for day in ("2026.11", "2026.11.29", "2026.11.30")]
    refused = []
    for picture in pictures:
        picture.parent.mkdir(parents=True)
        picture.touch()
        run = snakemake(tmp_path, "live", "--dry-run")
        refused.append("results/tiny/live/2026.11.30 holds the lines of a series" in run.stdout + run.stderr)
    assert refused == [False, False, True]


@pytest.mark.parametrize(
    ("geometry", "words"), [("per-row", "set tomography.geometry to per-frame"), ("per-frame", "growing.mrc: has not appeared within")]
)
def test_only_rows_with_tilts_of_their_own_need_times(tmp_path: Path, recorded: Path, geometry: str, words: str) -> None:
    live_session(tmp_path, recorded, patience_s=1)
    path = tmp_path / "config/config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["tomography"]["geometry"], config["reading"] = [geometry], {"pixel_size_nm": 4.56}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    run = snakemake(tmp_path, "live")
    assert run.returncode != 0 and words in run.stdout + run.stderr
