"""A whole small session: its results, and one bad file among many."""

import json
import zipfile
from pathlib import Path

import h5py
import mrcfile
import pandas as pd
import pytest
import tifffile

from rapidstem_workflow.imported_modules import imported_modules
from tests.workflow.tiny_session import FIELDS, ROOT, sheet_text, snakemake, write_session


def test_results_are_those_of_the_contract(finished_session: Path) -> None:
    results = finished_session / "results/tiny"
    columns = {
        "dcfi/train-a.drift.csv": ["frame", "dy_px", "dx_px", "residual_px", "used"],
        "distortion/map.csv": ["rapid_px", "slow_px"],
        "tilt_series/series/rapid-dlf-slow.angles.csv": ["frame", "reported_deg", "angle_deg", "sigma_deg", "dy_px", "dx_px"],
        "dislocations/series/slow.centroids.csv": ["plane", "slice", "x_nm", "y_nm", "z_nm", "weight"],
        "dislocations/series/slow.lines.csv": ["line", "point", "x_nm", "y_nm", "z_nm", "length_nm", "slip_plane"],
        "pairs/choice.csv": ["acquisition", "tilt_deg", "distance", "kept"],
        "evaluation/denoising.csv": ["denoiser", "acquisition", "tilt", "frame", "psnr_db", "psnr_affine_db", "ssim"],
        "evaluation/lines.csv": ["denoiser", "acquisition", "tilt", "line", "relative_width", "relative_intensity"],
        "evaluation/intervals.csv": ["denoiser", "acquisition", "tilt", "frame", "reference", "stated_percent", "inside_percent"],
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
    inside = pd.read_csv(results / "evaluation/intervals.csv")["inside_percent"]
    assert len(inside) == 2 and inside.between(60, 100).all(), "of the two scored frames; one validation field tells little"
    assert (results / "models/dlf-slow/intervals.json").exists() and (results / "figures/test-a/intervals.png").exists()
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "within the stated intervals" in page
    assert "Dislocations in series" in page and 'src="http' not in page


def test_raw_files_have_the_layout_of_velox(finished_session: Path) -> None:
    with h5py.File(finished_session / "results/tiny/raw/series.rapid.emd") as file:
        image = next(iter(file["Data/Image"].values()))
        assert image["Data"].shape == (128, 128, 31)
        assert image["Metadata"].shape == (60000, 31)


@pytest.fixture
def damaged_session(session_copy: Path) -> Path:
    """A finished session with one more test field, whose raw file is damaged."""
    write_session(session_copy, sheet=sheet_text([*FIELDS, ("test-b", "test", "20")]))
    raw = session_copy / "results/tiny/raw"
    run = snakemake(session_copy, str((raw / "test-b.rapid.emd").relative_to(session_copy)), snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stderr
    (raw / "test-b.rapid.emd").write_bytes(b"damaged")
    return session_copy


def test_damaged_raw_file_stops_no_other_acquisition(damaged_session: Path) -> None:
    first = (damaged_session / "results/tiny/report.html").stat().st_mtime
    run = snakemake(damaged_session, "--keep-going", "--quiet", "rules", snakefile=damaged_session / "Snakefile")
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "integrate_frames (acquisition test-b) failed" in said and "test-b.rapid.emd" in said
    assert "Now everything else, without test-b" in said
    report = damaged_session / "results/tiny/report.html"
    assert report.stat().st_mtime > first and "test-b: integrate_frames: " in report.read_text(encoding="utf-8")
    assert not (damaged_session / "results/tiny/dcfi/test-b.ome.tif").exists()


def test_acquisition_that_was_left_out_comes_back(damaged_session: Path) -> None:
    snakemake(damaged_session, "--keep-going", snakefile=damaged_session / "Snakefile")
    (damaged_session / "results/tiny/raw/test-b.rapid.emd").unlink()
    run = snakemake(damaged_session, snakefile=damaged_session / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "test-b: integrate_frames" not in (damaged_session / "results/tiny/report.html").read_text(encoding="utf-8")
    assert "test-b" in (damaged_session / "results/tiny/evaluation/denoising.csv").read_text(encoding="utf-8")


def test_end_of_a_run_says_where_to_look(session_copy: Path) -> None:
    (session_copy / "results/tiny/report.html").unlink()
    run = snakemake(session_copy, snakefile=session_copy / "Snakefile")
    lines = [line for line in run.stdout.splitlines() if str(session_copy.resolve()) in line]
    assert len(lines) == 5 and lines[0].startswith("Report: ") and "report.html" in lines[0]


def test_only_the_simulation_and_the_evaluation_know_the_virtual_microscope() -> None:
    scripts = [path.stem for path in (ROOT / "scripts").glob("*.py")]
    knowing = {script for script in scripts if any("microscope" in module for module in imported_modules(script))}
    assert knowing == {
        "simulate_acquisition",
        "simulate_fields",
        "measure_positions",
        "measure_bound",
        "score_lines",
        "score_motion",
        "score_sweep",
    }


def test_snakemake_s_own_report_as_an_archive_holds_every_figure_whole(session_copy: Path) -> None:
    run = snakemake(session_copy, "--report", "report.zip", snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    with zipfile.ZipFile(session_copy / "report.zip") as archive:
        assert archive.testzip() is None
        held = {archive.read(name) for name in archive.namelist() if name.endswith(".png")}
    figures = list((session_copy / "results/tiny/figures").rglob("*.png"))
    assert len(figures) > 20 and not [path for path in figures if path.read_bytes() not in held]


def test_snakemake_s_own_report_holds_figures_by_stage(session_copy: Path) -> None:
    target = session_copy / "snakemake-report.html"
    run = snakemake(session_copy, "--report", str(target), snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    page = target.read_text(encoding="utf-8")
    categories, _ = json.JSONDecoder().raw_decode(page, page.index("categories = ") + len("categories = "))
    assert set(categories) == {"Denoising", "Dislocation lines", "Distortion", "Fields", "Positions", "Tilt series"}
    assert "results/tiny/figures/series/rapid-dlf-slow/projections.png" in categories["Positions"]["series"]
    assert "Rapid STEM tomography of dislocations: raw frame stacks are averaged" in page
