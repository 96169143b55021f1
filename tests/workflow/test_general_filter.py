"""Sessions with the filter that comes with rapidstem, without training fields; its training; and the look before a run."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tests.workflow.tiny_session import SIMULATE, configuration, counted_jobs, planned_jobs, sheet_text, snakemake, write_session

SMALL = {"width": 4, "depth": 2, "patch_size_px": 16, "batch_size": 4, "steps": 4, "validation_interval": 2}


def alone() -> dict[str, Any]:
    """The configuration of a series without any fields."""
    tomography = {"denoisers": ["general"], "iterations": 20}
    return configuration() | {"denoisers": [{"name": "general"}], "distortion": {"method": "none"}, "tomography": tomography}


def test_a_series_alone_needs_neither_fields_nor_training(tmp_path: Path) -> None:
    write_session(tmp_path, alone(), sheet_text([("series", "tilt_series", "")]))
    planned = planned_jobs(tmp_path)
    assert planned["adopt_model"] == planned["denoise_frames"] == 1
    assert planned["fit_lines"] == 2, "the slow series and the rapid one"
    assert not set(planned) & {"train_denoiser", "integrate_frames", "measure_distortion", "choose_fields", "simulate_fields"}


def test_the_reader_is_told_that_no_field_of_the_microscope_was_seen(tmp_path: Path) -> None:
    write_session(tmp_path, alone(), sheet_text([("series", "tilt_series", "")]))
    run = snakemake(tmp_path, "--dry-run")
    assert "general: no training field of this microscope was seen" in run.stderr


def test_the_general_filter_is_trained_by_the_workflow(tmp_path: Path) -> None:
    config = alone() | {"general": {"fields": 5, "size_px": 40, "frames_per_field": 2}}
    config["denoisers"] = [{"name": "general", "model": "", "network": "residual-unet", **SMALL}]
    write_session(tmp_path, config, sheet_text([("series", "tilt_series", "")]))
    planned = planned_jobs(tmp_path)
    assert planned["simulate_fields"] == planned["train_general"] == 1
    assert not set(planned) & {"adopt_model", "train_denoiser"}
    run = snakemake(tmp_path, "results/tiny/models/general/model.json")
    assert run.returncode == 0, run.stdout + run.stderr
    card = json.loads((tmp_path / "results/tiny/models/general/model.json").read_text())
    assert 1 < card["data"]["simulated_fields"] <= 5
    low, high = card["data"]["ranges"]["electrons_per_px"]
    assert 4 <= low < high <= 60
    assert card["scaling"] == {"slope": 1.0, "offset": 0.0}
    assert not (tmp_path / "results/tiny/raw/general/0.h5").exists(), "simulated fields go when they have been used"


def test_a_look_before_the_run_trains_nothing(tmp_path: Path) -> None:
    fields = [("train-a", "training", "0"), ("series", "tilt_series", "")]
    config = configuration() | {"simulate": SIMULATE | {"frames_per_field": 4, "tilt_frames": 9}}
    write_session(tmp_path, config, sheet_text(fields))
    run = snakemake(tmp_path, "look")
    assert run.returncode == 0, run.stdout + run.stderr
    looks = pd.read_csv(tmp_path / "results/tiny/look.csv", index_col="acquisition")
    assert looks.loc["series", "verdict"] == "doubtful" and "9 tilts only" in looks.loc["series", "reasons"]
    assert looks.loc["train-a", "histogram_distance"] > 0
    assert 8 < looks.loc["train-a", "electrons_per_px"] < 40
    assert (tmp_path / "results/tiny/look.html").read_text().count("data:image/png") == 2
    assert not (tmp_path / "results/tiny/models").exists()


def test_a_look_at_a_training_field_is_anew_with_the_series_beside_it(tmp_path: Path) -> None:
    """How its row says that it is read counts, and what it holds."""
    fields = [("train-a", "training", "0"), ("series", "tilt_series", "")]
    config = configuration() | {"simulate": SIMULATE | {"frames_per_field": 4, "tilt_frames": 9}}
    write_session(tmp_path, config, sheet_text(fields))
    raw = [f"results/tiny/raw/{name}.{kind}.emd" for name, _, _ in fields for kind in ("rapid", "slow")]
    assert snakemake(tmp_path, *raw, "--notemp").returncode == 0
    (tmp_path / "results/tiny/raw").rename(tmp_path / "raw")
    recorded = {key: value for key, value in configuration().items() if key != "simulate"}
    sheet = sheet_text(fields).replace("../results/tiny/raw", "../raw")
    write_session(tmp_path, recorded, sheet)
    run = snakemake(tmp_path, "look")
    assert run.returncode == 0, run.stdout + run.stderr
    header, *rows = sheet.splitlines()
    write_session(tmp_path, recorded, "\n".join([f"{header}\tframe_interval", f"{rows[0]}\t", f"{rows[1]}\t0.07"]) + "\n")
    assert counted_jobs(snakemake(tmp_path, "look", "--dry-run"))["look_at_frames"] == 2
    write_session(tmp_path, recorded, sheet)
    assert "look_at_frames" not in counted_jobs(snakemake(tmp_path, "look", "--dry-run"))
    write_session(tmp_path, config | {"simulate": config["simulate"] | {"seed": 4}}, sheet_text(fields))
    assert snakemake(tmp_path, "results/tiny/raw/series.rapid.emd", "--notemp").returncode == 0
    (tmp_path / "results/tiny/raw/series.rapid.emd").replace(tmp_path / "raw/series.rapid.emd")
    write_session(tmp_path, recorded, sheet)
    assert counted_jobs(snakemake(tmp_path, "look", "--dry-run"))["look_at_frames"] == 2
