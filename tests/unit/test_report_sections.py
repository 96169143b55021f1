"""The sections of the report: every figure that was drawn is shown, one of them open, of the field or filter that is chosen."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rapidstem.files import write_images
from rapidstem.lines.motion import FLAG_COLUMNS, FOLLOWED_COLUMNS, POSITION_COLUMNS
from rapidstem.report import stage_sections
from rapidstem.report.page_parts import Panel, Report, ReportFigure, Section
from rapidstem.report.page_writing import write_report
from rapidstem.report.printed_tables import identity_table
from rapidstem.report.session_results import Results
from rapidstem.report.session_verdicts import Observation, judge, session_verdict
from rapidstem.report.stage_sections import field_section, in_situ_section, reference_section
from rapidstem.scores.line_identity import identify_lines, identity_scores, whole_field
from tests.unit.report_session import contents, write_tables

FIGURES = {"field": ["drift", "filters", "profiles"], "in situ": ["stills", "course"]}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    write_tables(tmp_path)
    subjects = {"a": ["drift", "filters", "profiles"], "b": ["drift", "filters", "profiles"]}
    subjects |= {f"heating/{denoiser}": ["stills", "course"] for denoiser in ("net", "other")}
    for subject, names in subjects.items():
        (tmp_path / "figures" / subject).mkdir(parents=True)
        for name in names:
            (tmp_path / f"figures/{subject}/{name}.png").write_bytes(f"{name} of {subject}".encode())
            (tmp_path / f"figures/{subject}/{name}.txt").write_text(f"{name} of {subject}")
        channels = {name: np.eye(16, dtype=np.float32) for name in (("raw", "net") if "heating" in subject else ("raw", "dcfi", "net"))}
        write_images(tmp_path / f"figures/{subject}/images.ome.tif", np.stack(list(channels.values())), 4.56, list(channels))
    row = {"acquisition": "heating", "denoiser": ["net", "other"], "frames": 6, "raw_psnr_db": 15.0, "denoised_psnr_db": [20.0, 14.0]}
    row |= {"psnr_gain_percent": [33.3, -7.0], "psnr_affine_gain_percent": 20.0, "raw_ssim": 0.3, "denoised_ssim": 0.8}
    pd.DataFrame(row).to_csv(tmp_path / "evaluation/in_situ.csv", index=False)
    return Results(tmp_path)


def test_a_field_has_a_panel_of_its_own_with_a_slider_and_all_figures_but_the_drift(results: Results) -> None:
    section = field_section(results, contents(test_fields=["a", "b"], figures=FIGURES), [])
    assert [panel.name for panel in section.panels] == ["a", "b"]
    assert [figure.description for figure in section.panels[1].figures] == ["filters of b", "profiles of b"]
    assert (section.panels[0].sliders[0].left_name, section.panels[0].sliders[0].right_name) == ("raw", "net")


def test_the_drift_of_a_field_is_chosen_from_a_list_too(results: Results) -> None:
    section = reference_section(results, contents(test_fields=["a", "b"], figures=FIGURES), [])
    assert [[figure.description for figure in panel.figures] for panel in section.panels] == [["drift of a"], ["drift of b"]]
    assert section.findings == ["The instrument's own shifts differ from ours by 0.4 px in 3 fields."]
    assert section.tables[0].table.columns.tolist() == ["field", "shifts differ by / px (y)", "(x)"]


def test_an_in_situ_series_has_a_panel_a_filter_its_movie_and_a_verdict_of_its_own(results: Results) -> None:
    observed = contents(in_situ={"heating": ["net", "other"]}, figures=FIGURES)
    section = in_situ_section(results, observed, "heating", judge([]))
    assert [panel.name for panel in section.panels] == ["net", "other"]
    assert [figure.description for figure in section.panels[1].figures] == ["stills of heating/other", "course of heating/other"]
    assert section.panels[1].figures[0].links[0] == "in_situ/heating/other.mp4"
    assert section.findings[0].startswith("heating, net: the last 6 frames have a PSNR of 20.0 dB") and "+33 %" in section.findings[0]
    assert section.tables[0].table["gain / %"].tolist() == ["33", "-7"]


def test_the_final_slow_image_is_spoken_of_where_there_is_one(results: Results) -> None:
    observed = contents(in_situ={"heating": ["net"]}, figures=FIGURES)
    assert "final slow image" in in_situ_section(results, observed, "heating", []).look_for
    pd.read_csv(results.folder / "evaluation/in_situ.csv").iloc[:0].to_csv(results.folder / "evaluation/in_situ.csv", index=False)
    alone = in_situ_section(results, observed, "heating", [])
    assert alone.look_for == "Noise goes from every frame, lines that move stay sharp." and not alone.findings


def test_a_network_that_nothing_was_validated_on_is_named(results: Results) -> None:
    (results.folder / "figures/losses.png").write_bytes(b"losses")
    (results.folder / "figures/losses.txt").write_text("losses")
    losses = {"denoiser": ["net", "net", "one"], "step": [25, 50, 0], "validation_loss": [2.0, 1.0, None]}
    pd.DataFrame(losses).to_csv(results.folder / "figures/losses.csv", index=False)
    (training,) = stage_sections.training_sections(results, contents(figures={"scores": ["losses"]}), [])
    assert training.findings == ["one has no validation loss: no field was set apart for it."]


def test_what_an_earlier_run_has_left_of_networks_is_not_shown_where_no_filter_is_one(results: Results) -> None:
    (results.folder / "figures/losses.csv").write_text("denoiser,step,validation_loss\nearlier,25,1.0\n")
    assert stage_sections.training_sections(results, contents(figures={"scores": ["scores-slow"]}), []) == []


def test_a_page_with_warnings_does_not_say_that_nothing_asks_for_a_change(tmp_path: Path) -> None:
    good = session_verdict(judge([Observation("registered_frames", 100.0, "heating")]))
    for warnings, said in (([], "nothing asks for a change"), (["the distortion was not corrected"], "but see the warnings")):
        write_report(tmp_path / "report.html", Report("Session", verdict=good, warnings=warnings))
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert [words in page for words in ("nothing asks for a change", "but see the warnings")].count(True) == 1 and said in page


def test_two_films_of_one_figure_are_told_apart_by_what_they_show(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "stills.png")
    links = ["in_situ/heating/net.mp4", "in_situ/heating/net.lines.mp4", "figures/stills.csv"]
    figure = ReportFigure("Stills.", (tmp_path / "stills.png").read_bytes(), "Stills", links)
    write_report(tmp_path / "report.html", Report("Session", sections=[Section("In situ", "s", [Panel("net", [figure])])]))
    shown = re.findall(r'<a href="[^"#]*" title="[^"]*">(.*?)</a>', (tmp_path / "report.html").read_text(encoding="utf-8"))
    assert shown == ["MP4 of the frames", "MP4 of the followed lines", "CSV"]


def test_followed_lines_of_every_filter_are_listed(results: Results) -> None:
    folder = results.folder / "in_situ/heating"
    folder.mkdir(parents=True)
    pd.DataFrame({"time_s": [0.0, 1.0]}).to_csv(folder / "frames.csv", index=False)
    for denoiser in ("net", "other"):
        for name, columns in (("positions", POSITION_COLUMNS), ("flags", FLAG_COLUMNS), ("followed", FOLLOWED_COLUMNS)):
            pd.DataFrame(columns=columns).to_csv(folder / f"{denoiser}.{name}.csv", index=False)
    observed = contents(in_situ={"heating": ["net", "other"]}, followed=["heating"], figures=FIGURES)
    titles = [table.title for table in in_situ_section(results, observed, "heating", []).tables]
    assert "Lines that were followed in net" in titles and "Lines that were followed in other" in titles


def test_a_run_length_that_no_line_tells_is_a_dash() -> None:
    nothing = identity_scores(identify_lines([], [], whole_field((1e3, 8e2))), acquisition="a", variant="rapid", against="slow")
    printed = identity_table(nothing).table.iloc[0]
    assert printed["run length / nm"] is None
    assert printed["lines"] == "0 of 0"


def test_sections_of_series_with_names_that_are_nearly_alike_are_reached_one_by_one(tmp_path: Path) -> None:
    names = ["heat_1", "heat-1", "Heat-1"]
    write_report(tmp_path / "report.html", Report("Session", sections=[Section(f"In-situ series {name}", "") for name in names]))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    places = re.findall(r'<h2 id="([^"]+)">In-situ', page)
    assert len(set(places)) == 3
    assert re.findall(r'href="#([^"]+)"', page) == places
