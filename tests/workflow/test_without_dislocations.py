"""A foil without dislocations: the session runs to its end, finds no line, and says so."""

from pathlib import Path

import pandas as pd

from tests.workflow.tiny_session import SIMULATE, configuration, sheet_text, snakemake, write_session

WITHOUT_LINES = {"dislocation_density_per_m2": 1e9, "faint_line_share": 1.0, "faint_line_contrast": 0.0}


def test_a_foil_without_dislocations_has_no_lines_and_a_report_that_says_so(tmp_path: Path) -> None:
    tomography = {"denoisers": ["general"], "iterations": 20, "alignment_fallback": "cross-correlation"}
    foil = {"simulate": SIMULATE | WITHOUT_LINES, "denoisers": [{"name": "general"}], "distortion": {"method": "none"}}
    sheet = sheet_text([("series", "tilt_series", "")]).replace("../results/tiny/raw/series.slow.emd", "")
    write_session(tmp_path, configuration() | foil | {"tomography": tomography}, sheet)
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    results = tmp_path / "results/tiny"
    assert pd.read_csv(results / "dislocations/series/rapid-general.line_summary.csv").empty
    assert pd.read_csv(results / "dislocations/series/rapid-general.lines.csv").empty
    assert "no line stands out from the noise" in (results / "logs/trace_lines/series/rapid-general.log").read_text(encoding="utf-8")
    report = (results / "report.html").read_text(encoding="utf-8")
    assert "series, rapid-general: no line stands out from the noise" in report


def test_a_later_sweep_of_such_a_foil_is_matched_and_followed_and_nothing_moves(tmp_path: Path) -> None:
    tomography = {"denoisers": ["general"], "iterations": 20, "alignment_fallback": "cross-correlation"}
    foil = {"simulate": SIMULATE | WITHOUT_LINES, "denoisers": [{"name": "general"}], "distortion": {"method": "none"}}
    header, *rows = sheet_text([("series", "tilt_series", ""), ("back", "tilt_series", "")]).splitlines()
    sheet = "\n".join([f"{header}\ttomogram", f"{rows[0]}\t", f"{rows[1]}\tseries"]) + "\n"
    for name in ("series", "back"):
        sheet = sheet.replace(f"../results/tiny/raw/{name}.slow.emd", "")
    write_session(tmp_path, configuration() | foil | {"tomography": tomography}, sheet)
    run = snakemake(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    results = tmp_path / "results/tiny"
    for table in ("sweep", "positions", "flags", "followed"):
        assert pd.read_csv(results / f"dislocations/back/rapid-general.{table}.csv").empty
    scores = pd.read_csv(results / "evaluation/sweeps/back/rapid-general.csv")
    assert scores["line"].tolist() == [-1, -1] and scores["false_lines"].tolist() == [0, 0]
    assert "0 of 0 lines were followed" in (results / "report.html").read_text(encoding="utf-8")
