"""The sections of a tilt series: what there is nothing to show of is left out."""

from pathlib import Path

import pandas as pd
import pytest

from rapidstem.report.position_verdict import error_sentences
from rapidstem.report.series_sections import line_section, position_section, series_sections
from rapidstem.report.session_results import Results, SessionContents
from tests.unit.report_session import RAPID, SERIES, contents, write_tables

FIGURES = {"positions": ["centres"], "lines": ["lines", "planes"], "variant": ["angles", "motion", "resolution"]}
NOTHING = {"distortion": [], "choice": [], "scores": []}
MOTION = {"frame": [0], "frequency_hz": 50.0, "cosine_dy_px": 0.1, "sine_dy_px": 0.1, "cosine_dx_px": 0.1, "sine_dx_px": 0.1}


def empty(path: Path) -> None:
    """Keep a table's columns alone."""
    pd.read_csv(path).iloc[:0].to_csv(path, index=False)


def test_the_foil_of_every_variant_is_said_beside_its_density(folder: Path) -> None:
    both = contents(figures=FIGURES | NOTHING)

    def note() -> str:
        return next(
            table.note for table in line_section(Results(folder), both, SERIES, []).tables if table.title == "Lengths and densities"
        )

    assert note() == "In 1.00 µm² of foil, 300 nm thick; the deviation is that of counting so few lines."
    path = folder / f"dislocations/{SERIES}/slow.line_density.csv"
    pd.read_csv(path).assign(field_um2=0.8, thickness_nm=290.0).to_csv(path, index=False)
    foils = {RAPID: "1.00 µm² of foil, 300 nm thick", "slow": "0.80 µm² of foil, 290 nm thick"}
    assert all(f"{foil} ({variant})" in note() for variant, foil in foils.items())


def test_the_share_that_is_at_least_paired_is_not_rounded_up() -> None:
    rows = {"variant": "rapid", "against": "slow", "axis": ["x", "z"], "mean_abs_nm": 0.4, "pairs": 9, "paired_percent": [96.8, 98.0]}
    assert "; 96 % or more of the centres of slow are paired;" in error_sentences(pd.DataFrame(rows))[0]


def test_what_to_look_for_names_a_slow_series_only_where_there_is_one(folder: Path) -> None:
    both = contents(figures=FIGURES | NOTHING)
    alone = contents(shown={SERIES: [RAPID]}, series={SERIES: [RAPID]}, against_slow={SERIES: []}, figures=FIGURES | NOTHING)
    for session, compared in ((both, True), (alone, False)):
        looked_for = " ".join(make(Results(folder), session, SERIES, []).look_for for make in (position_section, line_section))
        assert ("slow" in looked_for) == compared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session of one series with its figures, of which only the rapid series has a table of motion with rows."""
    write_tables(tmp_path)
    density = {"slip_plane": ["all", "(111)"], "lines": 4, "length_nm": 900.0, "density_per_m2": 1e13, "sampling_sd_per_m2": 1e12}
    density |= {"field_um2": 1.0, "thickness_nm": 300.0, "volume_um3": 0.3}
    alignment = {"frames": 71, "frames_used": 71, "method": "lines", "points": 9, "rms_residual_px": 0.4, "mean_sigma_deg": 0.08}
    alignment |= dict.fromkeys(["mean_shift_sigma_px", "axis_rotation_deg", "axis_rotation_sigma_deg"], 0.1)
    alignment |= {"axis_offset_px": 0.1, "axis_offset_sigma_px": 0.1}
    errors = pd.read_csv(tmp_path / "evaluation/positional_error.csv").assign(median_abs_nm=1.0, bias_nm=0.0, pairs=9)
    errors.to_csv(tmp_path / "evaluation/positional_error.csv", index=False)
    empty(tmp_path / "evaluation/line_identity.csv")
    empty(tmp_path / "evaluation/line_detection.csv")
    for variant in ("slow", RAPID):
        pd.DataFrame(density).to_csv(tmp_path / f"dislocations/{SERIES}/{variant}.line_density.csv", index=False)
        pd.DataFrame(alignment, index=[0]).to_csv(tmp_path / f"tilt_series/{SERIES}/{variant}.alignment.csv", index=False)
        motion = pd.DataFrame(MOTION)
        motion.iloc[: int(variant == RAPID)].to_csv(tmp_path / f"tilt_series/{SERIES}/{variant}.motion.csv", index=False)
        pictures = tmp_path / "figures" / SERIES / variant
        pictures.mkdir(parents=True)
        for name in (name for names in FIGURES.values() for name in names):
            (pictures / f"{name}.png").write_bytes(name.encode())
            (pictures / f"{name}.txt").write_text(name)
    pd.DataFrame(columns=["variant"]).to_csv(tmp_path / f"dislocations/{SERIES}/line_pairs.csv", index=False)
    return tmp_path


def alone() -> SessionContents:
    """A rapid series without a slow one."""
    only = {SERIES: [RAPID]}
    bare = {"fields": [], "paired_fields": [], "compared_fields": []}
    return contents(**bare, series=only, shown=only, against_slow={SERIES: []}, figures=FIGURES | NOTHING)


def test_a_series_that_is_compared_with_nothing_has_no_section_of_positions(folder: Path) -> None:
    assert series_sections(Results(folder), alone(), SERIES, [])[0].title == f"Dislocations in {SERIES}"
    empty(folder / "evaluation/positional_error.csv")
    titles = [section.title for section in series_sections(Results(folder), alone(), SERIES, [])]
    assert titles == [f"Dislocation lines in {SERIES}", f"Tomograms of {SERIES}", f"Angles and alignment of {SERIES}"]


def test_the_figure_of_motion_is_shown_where_motion_was_measured(folder: Path) -> None:
    both = contents(figures=FIGURES | NOTHING)
    rapid, slow = series_sections(Results(folder), both, SERIES, [])[-1].panels
    assert [figure.description for figure in rapid.figures] == ["angles", "motion"]
    assert [figure.description for figure in slow.figures] == ["angles"]


def test_without_an_orientation_the_report_does_not_speak_of_slip_planes(folder: Path) -> None:
    lines = series_sections(Results(folder), alone(), SERIES, [])[1]
    assert [figure.description for figure in lines.panels[0].figures] == ["lines", "planes"]
    path = folder / f"dislocations/{SERIES}/{RAPID}.line_density.csv"
    pd.read_csv(path).iloc[:1].to_csv(path, index=False)
    lines = series_sections(Results(folder), alone(), SERIES, [])[1]
    assert [figure.description for figure in lines.panels[0].figures] == ["lines"]
    assert "slip plane" not in lines.tables[0].table and len(lines.tables[0].table) == 1
