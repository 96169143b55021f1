"""An in-situ series from simulated raw files to movie, scores and report; and what is said where something is missing."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
import tifffile

from rapidstem.microscope.truth import read_truth
from tests.workflow.tiny_session import FIELDS, ROOT, configuration, copied_code, planned_jobs, sheet_text, snakemake, write_session

FRAMES = 40
ROWS = [field for field in FIELDS if field[1] in ("calibration", "training")]


def _configuration() -> dict[str, Any]:
    config = configuration()
    config["simulate"]["in_situ_frames"] = FRAMES
    return config | {"tomography": {"denoisers": []}, "in_situ": {"last_frames": 6}}


def _sheet(temperature: str = "90..150@25", slow: bool = True, kind: str = "in_situ") -> str:
    header, *rows = sheet_text([*ROWS, ("heating", kind, "0")]).splitlines()
    if not slow:
        rows[-1] = rows[-1].rsplit("\t", 1)[0] + "\t"
    rows[-1] += f"\t{temperature}"
    return "\n".join([f"{header}\ttemperature", *rows]) + "\n"


# The memory that jobs ask for, which a dry run does not print.
ASKED = """
import json, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings
snakefile, folder, *targets = sys.argv[1:]
with SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL})) as api:
    config = ConfigSettings(configfiles=[Path(folder, "config/config.yaml")])
    workflow = api.workflow(ResourceSettings(cores=1), config, snakefile=Path(snakefile), workdir=Path(folder))
    workflow.dag(DAGSettings(targets=set(targets), forceall=True)).execute_workflow(executor="dryrun")
    asked = {job.rule.name: job.resources.mem_mb for job in workflow._workflow.dag.jobs}
    print("asked:" + json.dumps(asked))
"""


def _asked_mb(folder: Path, side_px: int, frames: int) -> dict[str, float]:
    """What the jobs of an in-situ series ask for whose raw file, of which nothing but the size counts, has so many frames."""
    write_session(folder, _configuration(), _sheet())
    results = folder / "results/tiny"
    for name in ("raw/heating.rapid.emd", "raw/heating.slow.emd", "in_situ/heating/dlf-slow.ome.tif", "in_situ/heating/frames.csv"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).touch()
    with (results / "raw/heating.rapid.emd").open("wb") as file:
        file.truncate(2 * side_px**2 * frames)
    (results / "in_situ/heating/frames.csv").write_text("frame\n" + "\n".join(map(str, range(frames))) + "\n", encoding="utf-8")
    wanted = ["evaluation/in_situ/heating.csv", "in_situ/heating/dlf-slow.mp4", "figures/heating/dlf-slow/images.ome.tif"]
    command = [sys.executable, "-c", ASKED, str(ROOT / "Snakefile"), str(folder), *(f"results/tiny/{name}" for name in wanted)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(re.search("asked:(.*)", run.stdout)[1])


def test_memory_goes_with_the_size_of_a_frame_and_not_with_the_length_of_the_series(tmp_path: Path) -> None:
    small, large, long = (_asked_mb(tmp_path / name, *size) for name, size in (("a", (512, 40)), ("b", (4096, 40)), ("c", (512, 4000))))
    holding_frames = ("score_in_situ", "draw_in_situ", "film_in_situ", "denoise_in_situ")
    assert all(long[rule] == small[rule] for rule in holding_frames)
    # Of the two that compare images at once; the padded spectra of 4096 x 4096 px alone are over 5 GB.
    assert large["score_in_situ"] > 5000 and large["draw_in_situ"] > 3000


@pytest.fixture(scope="module")
def heated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which a session with an in-situ series has been run."""
    folder = tmp_path_factory.mktemp("heated")
    snakefile = copied_code(folder)
    write_session(folder, _configuration(), _sheet())
    run = snakemake(folder, snakefile=snakefile)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_frame_has_drift_time_and_temperature(heated: Path) -> None:
    frames = pd.read_csv(heated / "results/tiny/in_situ/heating/frames.csv")
    assert frames["time_s"].to_numpy() == pytest.approx(0.07 * np.arange(FRAMES), abs=1e-4)
    assert frames["temperature_c"].to_numpy() == pytest.approx(np.minimum(90 + 25 * 0.07 * np.arange(FRAMES), 150), abs=1e-2)
    true_px = read_truth(heated / "results/tiny/truth/heating.h5").rapid.shift_px
    error_px = frames[["dy_px", "dx_px"]].to_numpy() - (true_px - true_px.mean(axis=0))
    assert np.sqrt((error_px**2).mean()) < 0.3


def test_denoised_series_has_sizes_axes_and_times(heated: Path) -> None:
    with tifffile.TiffFile(heated / "results/tiny/in_situ/heating/dlf-slow.ome.tif") as file:
        assert (file.series[0].axes, file.series[0].shape) == ("TYX", (FRAMES, 128, 128))
        assert all(text in file.ome_metadata for text in ('PhysicalSizeX="4.56"', 'TimeIncrementUnit="s"', "DeltaT="))


def test_movie_plays_as_long_as_the_series(heated: Path) -> None:
    with av.open(str(heated / "results/tiny/in_situ/heating/dlf-slow.mp4")) as file:
        stream = file.streams.video[0]
        assert stream.frames == FRAMES
        assert float(stream.duration * stream.time_base) == pytest.approx(0.07 * FRAMES, rel=0.02)


def test_denoised_frames_come_nearer_to_the_final_slow_image(heated: Path) -> None:
    (score,) = pd.read_csv(heated / "results/tiny/evaluation/in_situ.csv").to_dict("records")
    assert (score["acquisition"], score["denoiser"], score["frames"]) == ("heating", "dlf-slow", 6)
    assert score["psnr_gain_percent"] > 0 and score["denoised_ssim"] > score["raw_ssim"]


def test_report_shows_the_series_and_names_the_movie(heated: Path) -> None:
    page = (heated / "results/tiny/report.html").read_text(encoding="utf-8")
    assert "In-situ series heating" in page
    assert "in_situ/heating/dlf-slow.mp4" in page
    assert "heating, dlf-slow: the last 6 frames" in page


def test_second_run_does_nothing_and_another_temperature_trains_nothing(heated: Path) -> None:
    assert planned_jobs(heated, heated / "Snakefile") == {}
    write_session(heated, _configuration(), _sheet("90..150@30"))
    planned = planned_jobs(heated, heated / "Snakefile")
    write_session(heated, _configuration(), _sheet())
    assert planned["align_in_situ"] == planned["film_in_situ"] == planned["simulate_acquisition"] == 1
    assert "train_denoiser" not in planned


def test_series_without_a_slow_image_is_filmed_but_not_scored(tmp_path: Path) -> None:
    write_session(tmp_path, _configuration(), _sheet(slow=False))
    planned = planned_jobs(tmp_path)
    assert planned["film_in_situ"] == planned["draw_in_situ"] == 1
    assert "score_in_situ" not in planned


@pytest.mark.parametrize(
    ("changes", "sheet", "words"),
    [
        ({"denoisers": []}, _sheet(), ["heating", "denoisers"]),
        ({"in_situ": {"denoisers": ["dlf-dcfi"]}}, _sheet(), ["in_situ.denoisers", "dlf-dcfi", "dlf-slow"]),
        ({"in_situ": {"last_frames": 1}}, _sheet(), ["in_situ.last_frames"]),
        ({}, _sheet(temperature=""), ["heating", "temperature", "90..150@10"]),
        ({}, _sheet(temperature="warm"), ["line 5", "heating", "warm"]),
        ({}, _sheet(kind="test"), ["line 5", "temperature"]),
    ],
)
def test_what_is_missing_is_said_before_any_job(tmp_path: Path, changes: dict, sheet: str, words: list[str]) -> None:
    write_session(tmp_path, _configuration() | changes, sheet)
    run = snakemake(tmp_path, "--quiet", "rules")
    said = run.stdout + run.stderr
    assert run.returncode != 0 and "Traceback" not in said
    assert all(word in said for word in words), said
    assert not (tmp_path / "results").exists()


def test_a_series_that_names_its_tomogram_has_its_lines_followed_filmed_and_scored(tmp_path: Path) -> None:
    config = _configuration()
    config["simulate"]["glide_speed_nm_per_s"] = 200.0
    header, *rows = sheet_text([*ROWS, ("series", "tilt_series", ""), ("strain", "in_situ", "10")]).splitlines()
    named = "\n".join([f"{header}\ttomogram", *(f"{row}\t" for row in rows[:-1]), f"{rows[-1]}\tseries"]) + "\n"
    write_session(tmp_path, config | {"tomography": {"denoisers": ["dlf-slow"]}}, named)
    planned = planned_jobs(tmp_path)
    assert planned["follow_lines"] == planned["film_lines"] == planned["score_motion"] == 1
    write_session(tmp_path, config | {"tomography": {"denoisers": ["dlf-slow"]}}, named.replace("\tseries\n", "\t\n"))
    assert not {"follow_lines", "film_lines", "score_motion"} & set(planned_jobs(tmp_path))


def test_a_sweep_that_names_an_earlier_one_has_its_lines_matched_once_a_variant(tmp_path: Path) -> None:
    config = _configuration() | {"tomography": {"denoisers": ["dlf-slow"]}}
    header, *rows = sheet_text([*ROWS, ("series", "tilt_series", ""), ("back", "tilt_series", "")]).splitlines()
    named = "\n".join([f"{header}\ttomogram", *(f"{row}\t" for row in rows[:-1]), f"{rows[-1]}\tseries"]) + "\n"
    write_session(tmp_path, config, named)
    assert planned_jobs(tmp_path)["match_sweeps"] == 2


def test_the_report_names_every_table_of_moving_lines_that_it_reads(tmp_path: Path) -> None:
    """So that each of them, made anew, makes it anew."""
    config = configuration() | {"denoisers": [{"name": "general"}], "tomography": {"denoisers": ["general"]}}
    config["simulate"]["glide_speed_nm_per_s"] = 200.0
    fields = [ROWS[0], ("series", "tilt_series", ""), ("back", "tilt_series", ""), ("strain", "in_situ", "10")]
    header, *rows = sheet_text(fields).splitlines()
    named = "\n".join([f"{header}\ttomogram", *(f"{row}\t" for row in rows[:2]), *(f"{row}\tseries" for row in rows[2:])]) + "\n"
    write_session(tmp_path, config, named)
    run = snakemake(tmp_path, "results/tiny/report.html", "--dry-run")
    assert run.returncode == 0, run.stdout + run.stderr
    (reason,) = re.findall(r"Writing the report\nReason: (.*)", run.stdout)
    moving = [f"dislocations/back/rapid-general.{table}.csv" for table in ("sweep", "positions", "followed", "flags")]
    moving += [f"in_situ/strain/general.{table}.csv" for table in ("positions", "followed", "flags")]
    read = [*moving, "tilt_series/back/rapid-general.angles.csv", "evaluation/spectra.csv", "evaluation/intervals.csv"]
    assert not [name for name in read if f"results/tiny/{name}" not in reason]


def test_lines_that_glide_are_followed_through_a_later_sweep_and_scored(tmp_path: Path) -> None:
    config = configuration() | {"denoisers": [{"name": "general"}], "tomography": {"denoisers": ["general"]}}
    config["simulate"] |= {"sweep_glide_speed_nm_per_s": 60.0}
    config["crystal"] = {"x": [2, 0, 0], "z": [0, 1, 3]}
    header, *rows = sheet_text([ROWS[0], ("series", "tilt_series", ""), ("back", "tilt_series", "")]).splitlines()
    named = "\n".join([f"{header}\ttomogram", *(f"{row}\t" for row in rows[:-1]), f"{rows[-1]}\tseries"]) + "\n"
    write_session(tmp_path, config, named)
    run = snakemake(tmp_path, "results/tiny/evaluation/sweeps/back/rapid-general.csv")
    assert run.returncode == 0, run.stdout + run.stderr
    scores = pd.read_csv(tmp_path / "results/tiny/evaluation/sweeps/back/rapid-general.csv").query("line == -1").set_index("fit")
    assert list(scores.index) == ["in time", "static"]
    assert scores.loc["in time", "kept_percent"] > 0
    positions = pd.read_csv(tmp_path / "results/tiny/dislocations/back/rapid-general.positions.csv")
    assert positions["frame"].nunique() > 20
    assert not positions.duplicated(["line", "node", "frame"]).any()
