"""A whole small session, and what runs again after a change."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import mrcfile
import pandas as pd
import pytest
import tifffile

from tests.workflow.tiny_session import FIELDS, ROOT, configuration, planned_jobs, sheet_text, snakemake, write_session
from workflow.imported_modules import imported_modules

CODE = ["Snakefile", "config", "envs", "rapidstem", "scripts", "workflow"]
REPORTING = {"measure_positions": 1, "gather_tables": 1, "draw_positions": 1, "draw_scores": 1, "write_report": 1}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which the tiny session has been run."""
    folder = tmp_path_factory.mktemp("session")
    for name in CODE:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder / name)
    write_session(folder)
    run = snakemake(folder, snakefile=folder / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def original(session: Path) -> Iterator[Path]:
    """The session, whose configuration and sheet are put back after the test."""
    yield session
    write_session(session)


def _planned(folder: Path) -> dict[str, int]:
    return planned_jobs(folder, snakefile=folder / "Snakefile")


def test_results_are_those_of_the_contract(session: Path) -> None:
    results = session / "results/tiny"
    columns = {
        "dcfi/train-a.drift.csv": ["frame", "dy_px", "dx_px", "residual_px", "used"],
        "distortion/map.csv": ["rapid_px", "slow_px"],
        "tilt_series/series/rapid-dlf-slow.angles.csv": ["frame", "reported_deg", "angle_deg", "sigma_deg", "dy_px", "dx_px"],
        "dislocations/series/slow.centroids.csv": ["plane", "slice", "x_nm", "y_nm", "z_nm", "weight"],
        "dislocations/series/slow.lines.csv": ["line", "point", "x_nm", "y_nm", "z_nm", "length_nm", "slip_plane"],
        "pairs/choice.csv": ["acquisition", "tilt_deg", "distance", "kept"],
        "evaluation/denoising.csv": ["denoiser", "acquisition", "tilt", "frame", "psnr_db", "psnr_affine_db", "ssim"],
        "evaluation/lines.csv": ["denoiser", "acquisition", "tilt", "line", "relative_width", "relative_intensity"],
        "evaluation/positional_error.csv": [
            *["acquisition", "variant", "against", "axis", "mean_abs_nm", "median_abs_nm", "bias_nm", "pairs", "unpaired"]
        ],
    }
    for name, wanted in columns.items():
        assert set(wanted) <= set(pd.read_csv(results / name).columns), name
    for name in ("dcfi/train-a.ome.tif", "denoised/dlf-slow/series.ome.tif", "pairs/test-a/references.ome.tif"):
        with tifffile.TiffFile(results / name) as file:
            assert 'PhysicalSizeX="4.56"' in file.ome_metadata
    with mrcfile.open(results / "tomograms/series/rapid-dlf-slow.mrc") as file:
        assert file.voxel_size.x == pytest.approx(45.6)
        assert file.data.shape[1:] == (128, 128)
    assert (results / "models/dlf-slow/weights.safetensors").exists()
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Dislocations in series" in page and 'src="http' not in page


def test_raw_files_have_the_layout_of_velox(session: Path) -> None:
    with h5py.File(session / "results/tiny/raw/series.rapid.emd") as file:
        image = next(iter(file["Data/Image"].values()))
        assert image["Data"].shape == (128, 128, 31)
        assert image["Metadata"].shape == (60000, 31)


def test_second_run_does_nothing(session: Path) -> None:
    assert _planned(session) == {}


def test_comment_in_the_configuration_reruns_nothing(original: Path) -> None:
    path = original / "config/config.yaml"
    path.write_text("# a comment\n" + path.read_text())
    assert _planned(original) == {}


def test_new_tilt_series_trains_nothing(original: Path) -> None:
    write_session(original, sheet=sheet_text([*FIELDS, ("series-2", "tilt_series", "")]))
    assert _planned(original) == {
        "simulate_acquisition": 1,
        "denoise_frames": 1,
        "align_series": 2,
        "binarise_series": 2,
        "reconstruct_volume": 6,
        "locate_centroids": 2,
        "measure_resolution": 2,
        "trace_lines": 2,
        "draw_lines": 2,
        "draw_variant": 2,
        "draw_positions": 1,
        "measure_positions": 1,
        "score_lines": 1,
        "gather_tables": 1,
        "draw_scores": 1,
        "write_report": 1,
    }


def test_new_training_field_trains_again(original: Path) -> None:
    write_session(original, sheet=sheet_text([*FIELDS, ("train-c", "training", "20")]))
    planned = _planned(original)
    assert planned["train_denoiser"] == 1
    assert {name: planned[name] for name in ("simulate_acquisition", "integrate_frames", "align_references")} == {
        "simulate_acquisition": 1,
        "integrate_frames": 1,
        "align_references": 1,
    }
    assert "measure_distortion" not in planned


def test_changed_radius_reruns_the_comparison_alone(original: Path) -> None:
    config = configuration()
    config["evaluation"]["pairing_radius_nm"] = 30
    write_session(original, config)
    assert _planned(original) == REPORTING


def test_changed_iterations_rerun_reconstruction_and_what_follows(original: Path) -> None:
    config = configuration()
    config["tomography"]["iterations"] = 10
    write_session(original, config)
    assert _planned(original) == REPORTING | {
        "reconstruct_volume": 6,
        "locate_centroids": 2,
        "measure_resolution": 2,
        "trace_lines": 2,
        "draw_lines": 2,
        "draw_variant": 2,
        "score_lines": 1,
    }


def test_changed_crystal_reruns_the_lines(original: Path) -> None:
    write_session(original, configuration() | {"crystal": {"x": [2, 0, 0], "z": [0, 1, 3]}})
    assert _planned(original) == {
        "trace_lines": 2,
        "draw_lines": 2,
        "score_lines": 1,
        "gather_tables": 1,
        "draw_scores": 1,
        "write_report": 1,
    }


def test_changed_limit_of_the_choice_trains_again(original: Path) -> None:
    write_session(original, configuration() | {"training": {"largest_histogram_distance": 3.0}})
    planned = _planned(original)
    assert planned["choose_fields"] == planned["draw_choice"] == planned["train_denoiser"] == 1
    assert "integrate_frames" not in planned and "measure_distortion" not in planned


def test_edited_module_reruns_the_scripts_that_import_it(original: Path) -> None:
    module = original / "rapidstem/dislocations/centroids.py"
    text = module.read_text()
    module.write_text(text + "\n# edited\n")
    try:
        assert _planned(original) == REPORTING | {"locate_centroids": 2, "score_lines": 1}
    finally:
        module.write_text(text)
    assert _planned(original) == {}


def test_damaged_raw_file_fails_its_own_jobs_alone(original: Path) -> None:
    write_session(original, sheet=sheet_text([*FIELDS, ("test-b", "test", "20")]))
    raw = original / "results/tiny/raw"
    run = snakemake(original, str((raw / "test-b.rapid.emd").relative_to(original)), snakefile=original / "Snakefile")
    assert run.returncode == 0, run.stderr
    (raw / "test-b.rapid.emd").write_bytes(b"damaged")
    run = snakemake(original, "--keep-going", snakefile=original / "Snakefile")
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "integrate_frames (acquisition test-b) failed" in said and "test-b.rapid.emd" in said
    assert (original / "results/tiny/report.html").exists()
    assert not (original / "results/tiny/dcfi/test-b.ome.tif").exists()


def test_only_the_simulation_and_the_evaluation_know_the_virtual_microscope() -> None:
    scripts = [path.stem for path in (ROOT / "scripts").glob("*.py")]
    knowing = {script for script in scripts if any("microscope" in module for module in imported_modules(script))}
    assert knowing == {"simulate_acquisition", "measure_positions", "score_lines"}
