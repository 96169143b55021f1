"""Sessions that lack a part: no slow images, no tilt series, no test fields, no filter."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from rapidstem.files import read_images, read_stack, write_angle_file, write_series
from tests.workflow.tiny_session import FIELDS, ROOT, configuration, counted_jobs, planned_jobs, sheet_text, snakemake, write_session

REDUCED = {"denoisers": [{"name": "dlf-dcfi", "steps": 60, "width": 8}], "tomography": {"denoisers": ["dlf-dcfi"], "iterations": 10}}


def _without_slow(sheet: str, *names: str) -> str:
    """The sheet with no slow file for some acquisitions."""
    lines = [line.rsplit("\t", 1)[0] + "\t" if line.split("\t")[0] in names else line for line in sheet.splitlines()]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("left_out", "changes", "present", "absent"),
    [
        ("series", {}, "train_denoiser", "reconstruct_volume"),
        ("test-a", {}, "reconstruct_volume", "score_images"),
        ("", {"denoisers": [], "tomography": {"denoisers": []}}, "reconstruct_volume", "train_denoiser"),
        ("", {"tomography": {"denoisers": []}}, "score_images", "draw_positions"),
        ("", {"denoisers": [{"name": "bm3d"}], "tomography": {"denoisers": ["bm3d"]}}, "draw_scores", "train_denoiser"),
    ],
)
def test_the_graph_holds_what_the_session_has(tmp_path: Path, left_out: str, changes: dict, present: str, absent: str) -> None:
    write_session(tmp_path, configuration() | changes, sheet_text([field for field in FIELDS if field[0] != left_out]))
    planned = planned_jobs(tmp_path)
    assert present in planned
    assert absent not in planned
    assert planned["write_report"] == 1


def test_a_series_that_nothing_reconstructs_stops_no_other_job(tmp_path: Path) -> None:
    """Neither of its own scores nor of an in-situ series that names it, beside a series that has a slow one."""
    heading, *rows = sheet_text(FIELDS).splitlines()
    raw = "../results/tiny/raw"
    rows = [f"{heading}\ttemperature\ttomogram", *[f"{row}\t\t" for row in rows], f"alone\ttilt_series\t\t{raw}/alone.rapid.emd\t\t\t"]
    rows += [f"heated\tin_situ\t0\t{raw}/heated.rapid.emd\t{raw}/heated.slow.emd\t90..150@25\talone"]
    write_session(tmp_path, configuration() | {"tomography": {"denoisers": []}}, "\n".join(rows) + "\n")
    planned = planned_jobs(tmp_path)
    assert planned["score_images"] == planned["denoise_in_situ"] == planned["write_report"] == 1
    assert planned["reconstruct_volume"] > 0 and planned["score_lines"] == planned["measure_positions"] == 1
    assert "follow_lines" not in planned
    nothing = configuration() | {"denoisers": [], "tomography": {"denoisers": []}}
    write_session(tmp_path, nothing, _without_slow(sheet_text(FIELDS), "series"))
    assert "measure_positions" not in planned_jobs(tmp_path)


def test_session_without_slow_images_gives_volumes_and_a_report(tmp_path: Path) -> None:
    sheet = sheet_text([field for field in FIELDS if field[0] != "test-a"])
    write_session(tmp_path, configuration() | REDUCED, _without_slow(sheet, "train-a", "train-b", "series"))
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    results = tmp_path / "results/tiny"
    assert (results / "tomograms/series/rapid-dlf-dcfi.mrc").exists()
    assert not (results / "tomograms/series/slow.mrc").exists()
    assert set(pd.read_csv(results / "evaluation/positional_error.csv")["against"]) == {"truth"}
    assert pd.read_csv(results / "evaluation/denoising.csv").empty
    assert "Dislocations in series" in (results / "report.html").read_text(encoding="utf-8")


def test_denoisers_without_a_reference_need_no_slow_image_and_no_map(tmp_path: Path) -> None:
    """The training waits for the drift alone."""
    names = ["noise2noise", "noise2void", "hourglass", "sdndti"]
    config = configuration() | {"denoisers": [{"name": name} for name in names], "distortion": {"method": "none"}}
    config |= {"tomography": {"denoisers": names}}
    fields = [field for field in FIELDS if field[0] != "calibration"]
    write_session(tmp_path, config, _without_slow(sheet_text(fields), *(field[0] for field in fields)))
    planned = planned_jobs(tmp_path)
    assert planned["train_denoiser"] == planned["denoise_frames"] == len(names)
    assert "measure_distortion" not in planned and "align_references" not in planned
    only_model = snakemake(tmp_path, "--dry-run", "results/tiny/models/noise2noise/weights.safetensors")
    assert set(counted_jobs(only_model)) == {"simulate_acquisition", "integrate_frames", "choose_fields", "train_denoiser"}


NEIGHBOURS = {"name": "neighbours", "start_from": "nothing", "width": 8, "depth": 2, "steps": 20}


def test_a_filter_that_learns_from_the_series_needs_no_field(tmp_path: Path) -> None:
    config = configuration() | {"denoisers": [NEIGHBOURS], "distortion": {"method": "none"}}
    config["tomography"] = {"denoisers": ["neighbours"]}
    write_session(tmp_path, config, _without_slow(sheet_text([field for field in FIELDS if field[0] == "series"]), "series"))
    planned = planned_jobs(tmp_path)
    assert planned["denoise_by_neighbours"] == planned["align_series"] == 1
    assert "train_denoiser" not in planned and "denoise_frames" not in planned and "choose_fields" not in planned
    run = snakemake(tmp_path, "results/tiny/denoised/neighbours/series.ome.tif")
    assert run.returncode == 0, run.stdout + run.stderr
    images, _ = read_images(tmp_path / "results/tiny/denoised/neighbours/series.ome.tif")
    frames = read_stack(tmp_path / "results/tiny/raw/series.rapid.emd").frames
    assert images.shape == frames.shape
    assert np.corrcoef(images[15].ravel(), ndimage.gaussian_filter(frames[15].astype(float), 2).ravel())[0, 1] > 0.5
    assert len(pd.read_csv(tmp_path / "results/tiny/models/neighbours/series/losses.csv")) == 1


def test_a_series_with_blank_frames_is_refused_with_its_file(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(1, 255, (9, 32, 32)).astype(np.uint8)
    for name in ("rapid", "slow"):
        write_series(tmp_path / f"{name}.mrc", frames, 4.56)
        write_angle_file(tmp_path / f"{name}.rawtlt", np.linspace(-60, 60, 9))
        frames[3:5] = 0
    config = {key: value for key, value in configuration().items() if key != "simulate"}
    config |= {"denoisers": [], "tomography": {"denoisers": []}, "distortion": {"method": "none"}}
    write_session(tmp_path, config, "acquisition\tkind\ttilt\trapid\tslow\nseries\ttilt_series\t\t../rapid.mrc\t../slow.mrc\n")
    run = snakemake(tmp_path, "results/tiny/tilt_series/series/slow.angles.csv")
    assert run.returncode != 0
    said = " slow.mrc: the tilt series cannot be used: 2 frames: holds no intensity (3, 4); take these frames"
    assert said in run.stdout + run.stderr


def test_fields_are_scored_with_filters_of_single_frames_alone(tmp_path: Path) -> None:
    config = configuration()
    write_session(tmp_path, config | {"denoisers": [*config["denoisers"], NEIGHBOURS]})
    planned = planned_jobs(tmp_path)
    assert planned["score_images"] == 1 and planned["denoise_frames"] == 2
    assert "denoise_by_neighbours" not in planned, "no tomogram asks for it"


def test_session_without_tilt_series_gives_scores_and_a_report(tmp_path: Path) -> None:
    config = configuration() | {"denoisers": [{"name": "dlf-slow", "steps": 30, "width": 8}]}
    write_session(tmp_path, config, sheet_text([field for field in FIELDS if field[0] != "series"]))
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    results = tmp_path / "results/tiny"
    assert set(pd.read_csv(results / "evaluation/denoising.csv")["denoiser"]) == {"raw", "dcfi", "dlf-slow"}
    assert pd.read_csv(results / "evaluation/positional_error.csv").empty
    assert (results / "report.html").exists()


def _sessions(of_real_data: bool) -> list[str]:
    """The protocols and examples that need real data of others, or those that need none."""
    files = [path for folder in ("papers", "examples") for path in sorted((ROOT / "config" / folder).glob("*.yaml"))]
    chosen = [path for path in files if ("RAPIDSTEM_REAL_DATA=" in path.read_text(encoding="utf-8")) == of_real_data]
    return [path.relative_to(ROOT).as_posix() for path in chosen]


def _planned_as_printed(name: str, folder: Path) -> dict[str, int]:
    """The jobs of the command in a configuration's heading, in a folder without results."""
    shutil.copytree(ROOT / "config", folder / "config")
    (files,) = re.findall(r"^# .*snakemake .*--configfile (.*)$", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert files.split()[-1] == name
    return counted_jobs(snakemake(folder, "--dry-run", config=[folder / file for file in files.split()]))


@pytest.mark.parametrize("name", _sessions(of_real_data=False))
def test_protocols_and_examples_have_a_graph(tmp_path: Path, name: str) -> None:
    assert _planned_as_printed(name, tmp_path)["write_report"] == 1


@pytest.mark.parametrize("name", _sessions(of_real_data=True))
def test_examples_of_real_data_have_a_graph(real_data: Path, tmp_path: Path, name: str) -> None:
    assert _planned_as_printed(name, tmp_path)["write_report"] == 1
