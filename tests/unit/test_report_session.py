"""What the report takes from a session's folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from rapidstem.distortion import resampling_note
from rapidstem.files import FallbackMetadata, job_log, say_warnings
from rapidstem.frames import read_raw_frames
from rapidstem.report.session_numbers import series_numbers
from rapidstem.report.session_observations import session_observations
from rapidstem.report.session_results import Results
from rapidstem.report.session_warnings import MOST_COVERED, session_warnings
from rapidstem.report.stage_sections import distortion_section, reference_section
from rapidstem.report.verdict_criteria import CRITERIA, RESULT_STAGES
from tests.unit.report_session import CONFIGURATION, RAPID, SERIES, contents, write_tables

EXPECTED = {
    "frames_used": 100,
    "registration_residual": 0.1,
    "reference_correlation": 0.8,
    "instrument_difference": 0.4,
    "distortion_residual": 0.05,
    "fields_kept": 75,
    "loss_still_falling": 10,
    "line_width_change": 25,
    "line_depth_loss": 10,
    "tilts_used": 100,
    "track_residual": 0.4,
    "angle_sigma": 0.08,
    "alignment_warnings": 0,
    "resolution": 1.0,
    "centre_sigma": 0.9,
    "lines_found": 4,
    "lost_ends": 25,
    "doubtful_lines": 25,
    "hidden_lines": 50,
    "position_difference": 50,
    "stated_deviations": 1.5,
    "paired_centres": 95,
    "depth_bow": 1.5,
    "same_lines": 75,
}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    write_tables(tmp_path)
    return Results(tmp_path)


def test_what_is_observed_is_what_the_tables_say(results: Results) -> None:
    observed = session_observations(results, contents())
    rapid = {each.criterion: each.value for each in observed if each.variant in ("", RAPID)}
    assert rapid == pytest.approx(EXPECTED)
    assert set(rapid) == {name for name, criterion in CRITERIA.items() if criterion.stage != "in situ"} - {"motion_within_frames"}
    assert {each.acquisition for each in observed if CRITERIA[each.criterion].stage in RESULT_STAGES} == {SERIES}


def test_motion_within_frames_counts_where_it_is_measured(results: Results) -> None:
    for variant, motion_px in ((RAPID, 0.7), ("slow", float("nan"))):
        stem = results.folder / f"tilt_series/{SERIES}/{variant}"
        pd.read_csv(f"{stem}.alignment.csv").assign(motion_in_frames_px=motion_px).to_csv(f"{stem}.alignment.csv", index=False)
        pd.DataFrame().to_csv(f"{stem}.motion.csv")
    seen = {each.variant: each.value for each in session_observations(results, contents()) if each.criterion == "motion_within_frames"}
    assert seen[RAPID] == pytest.approx(0.7)
    assert seen["slow"] != seen["slow"]


def test_no_observation_depends_on_the_truth(results: Results) -> None:
    before = session_observations(results, contents())
    for name in ("positional_error", "line_identity", "line_detection"):
        table = results.table(f"evaluation/{name}.csv")
        table[table["against"] != "truth"].to_csv(results.folder / f"evaluation/{name}.csv", index=False)
    assert session_observations(results, contents()) == before


def test_one_bad_field_among_many_spoils_no_stage_but_most_of_them_do(results: Results) -> None:
    values = {each.criterion: each.value for each in session_observations(results, contents(fields=["b", "c", "c"]))}
    assert values["frames_used"] == 40


def test_filters_of_which_none_is_a_network_are_judged_by_what_they_do_to_lines(results: Results) -> None:
    without = contents(figures={**contents().figures, "scores": ["scores-slow"]})
    rapid = {each.criterion for each in session_observations(results, without) if each.variant in ("", RAPID)}
    assert rapid == set(EXPECTED) - {"loss_still_falling"}


def test_a_session_without_series_and_scores_has_what_is_left(results: Results) -> None:
    bare = contents(series={}, shown={}, against_slow={}, figures={"distortion": [], "choice": [], "scores": []})
    observed = {each.criterion for each in session_observations(results, bare)}
    assert observed == {"frames_used", "registration_residual", "reference_correlation", "instrument_difference"}


def test_a_given_map_is_not_judged_by_the_residual_of_one_that_was_measured_before(results: Results) -> None:
    given = contents(configuration=CONFIGURATION | {"distortion": {"method": "spline", "map": "other.csv"}})
    assert "distortion_residual" not in {each.criterion for each in session_observations(results, given)}
    assert not distortion_section(results, replace(given, figures={key: [] for key in given.figures}), []).tables


def test_a_tomogram_without_lines_has_no_shares_of_them(results: Results) -> None:
    path = f"dislocations/{SERIES}/{RAPID}.line_summary.csv"
    results.table(path).iloc[:0].to_csv(results.folder / path, index=False)
    rapid = {each.criterion: each.value for each in session_observations(results, contents()) if each.variant == RAPID}
    assert rapid["lines_found"] == 0 and "lost_ends" not in rapid


def test_a_line_is_doubtful_below_a_probability_of_95_per_cent_and_hidden_in_more_than_half_of_its_frames(results: Results) -> None:
    path = f"dislocations/{SERIES}/{RAPID}.line_summary.csv"
    changed = results.table(path).assign(probability=[0.94, 0.95, 0.96, 1.0], hidden_percent=[49.0, 50.0, 50.0, 51.0])
    changed.to_csv(results.folder / path, index=False)
    rapid = {each.criterion: each.value for each in session_observations(results, contents()) if each.variant == RAPID}
    assert (rapid["doubtful_lines"], rapid["hidden_lines"]) == (25, 25)


def test_numbers_say_the_interval_the_error_the_truth_and_the_resolution(results: Results) -> None:
    verdicts = dict.fromkeys(RESULT_STAGES)
    count, error, truth, resolution = series_numbers(results, contents(), SERIES, verdicts)
    assert count.value == "3 to 4" and "2 ends are lost" in count.note and "lines 1 and 3 pass each other" in count.note
    assert error.value == "0.6 / 0.8 / 5.2 nm" and "6.4 / 7.8 / 10.3 nm" in error.note and "95 % of the centres paired" in error.note
    assert truth.label == "Same lines in rapid and slow" and truth.value == "3 of 4"
    assert (resolution.value, resolution.note) == ("10 nm", "from two halves of the frames; along z 10 nm")


def test_a_resolution_at_the_highest_frequency_of_the_volume_is_called_that_of_the_pixels(results: Results) -> None:
    path = results.folder / f"tomograms/{SERIES}/{RAPID}.resolution.csv"
    shells = pd.read_csv(path)
    shells.assign(correlation=shells["correlation"].where(shells["direction"] == "z", 0.9)).to_csv(path, index=False)
    number = series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[-1]
    assert (number.value, number.note) == ("7 nm", "from two halves of the frames, the limit of the pixels; along z 10 nm")


def test_what_no_pair_tells_is_a_dash_on_the_first_screen(results: Results) -> None:
    errors, centres = "evaluation/positional_error.csv", f"dislocations/{SERIES}/{RAPID}.centroids.csv"
    table = results.table(errors)
    table.assign(mean_abs_nm=table["mean_abs_nm"].where(table["axis"] != "x")).to_csv(results.folder / errors, index=False)
    results.table(centres).assign(sigma_x_nm=float("nan")).to_csv(results.folder / centres, index=False)
    assert series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[1].value == "– / 0.8 / 5.2 nm"
    table.iloc[:0].to_csv(results.folder / errors, index=False)
    assert series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[1].value == "– / 0.6 / 0.9 nm"


def test_without_a_slow_series_the_halves_of_the_frames_say_how_uncertain_it_is(results: Results) -> None:
    alone = contents(shown={SERIES: [RAPID]}, against_slow={SERIES: []})
    path = f"dislocations/{SERIES}/{RAPID}.line_summary.csv"
    results.table(path).assign(probability=[1.0, 0.8, 0.9, 1.0], hidden_percent=[10, 20, 30, 40]).to_csv(results.folder / path, index=False)
    for name in ("positional_error", "line_identity", "line_detection"):
        pd.read_csv(results.folder / f"evaluation/{name}.csv").iloc[:0].to_csv(results.folder / f"evaluation/{name}.csv", index=False)
    _, error, whole, _ = series_numbers(results, alone, SERIES, dict.fromkeys(RESULT_STAGES))
    assert error.value == "0.5 / 0.6 / 0.9 nm" and "two halves" in error.note
    assert (whole.label, whole.value) == ("Whole lines", "1 of 4") and whole.note.endswith("mean probability 92 %")
    summary = f"dislocations/{SERIES}/{RAPID}.line_summary.csv"
    results.table(summary).iloc[:0].to_csv(results.folder / summary, index=False)
    assert series_numbers(results, alone, SERIES, dict.fromkeys(RESULT_STAGES))[2].value == "0 of 0"


def test_with_a_truth_it_says_how_much_is_found_and_real(results: Results) -> None:
    table = results.table("evaluation/line_detection.csv").assign(against="truth")
    table.to_csv(results.folder / "evaluation/line_detection.csv", index=False)
    truth = series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[2]
    assert (truth.label, truth.value) == ("Found / real", "98 / 99 %")
    assert truth.note == "of their length, against the truth; 3 of 4 lines one to one"
    table.assign(found_percent=0.0, real_percent=float("nan")).to_csv(results.folder / "evaluation/line_detection.csv", index=False)
    assert series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[2].value == "0 / – %"


def test_what_jobs_found_doubtful_is_warned_of(results: Results) -> None:
    assert not any("electrons" in words for words in session_warnings(results, contents()))
    for name, words in ((f"net/{SERIES}", "4 electrons"), ("net/gone", "9 electrons"), (f"gone/{SERIES}", "9 electrons")):
        with job_log(results.folder / f"logs/denoise_frames/{name}.log", "it"):
            say_warnings([words])
    warnings = session_warnings(results, contents())
    assert f"{SERIES}, net: 4 electrons" in warnings and not any("9 electrons" in words for words in warnings)


def test_networks_that_have_learned_nothing_are_warned_of(results: Results) -> None:
    for name in ("net", "given", "gone"):
        with job_log(results.folder / f"logs/train_denoiser/{name}.log", "it"):
            say_warnings(["nothing is learned", "x.tif: 1 hot pixel filled in from their neighbours in 1 frame"])
    denoisers = {"denoisers": [{"name": "net", "model": None}, {"name": "given", "model": "general"}, {"name": "other"}]}
    warnings = session_warnings(results, contents(configuration=CONFIGURATION | denoisers))
    assert [words for words in warnings if "learned" in words] == ["net: nothing is learned"]
    assert not any("hot" in words for words in warnings)


def test_doubts_about_two_sweeps_and_slow_images_with_other_pixels_are_warned_of(results: Results) -> None:
    notes = [resampling_note(name, 1.0, 2.0, ((512, 512), (256, 256))) or "" for name in ("a", "c")]
    said = {f"match_sweeps/{SERIES}/{RAPID}": ["the stage turned the other way"], f"match_sweeps/{SERIES}/gone": ["gone"]}
    said |= {"align_references/a": notes[:1], "align_references/gone": ["gone"], "measure_distortion": notes}
    for log, words in said.items():
        with job_log(results.folder / f"logs/{log}.log", "it"):
            say_warnings(words)
    warnings = session_warnings(results, contents(matched_sweeps={SERIES: [RAPID]}))
    assert f"{SERIES}, {RAPID}: the stage turned the other way" in warnings and not any("gone" in words for words in warnings)
    resampled = "; ".join(f"{name}: slow image resampled from 1 to 2 nm" for name in ("a", "c"))
    assert f"slow images have other pixels than the rapid frames in 2 fields: {resampled}" in warnings


def test_pixels_that_were_filled_in_are_warned_of_once_a_file(results: Results, tmp_path: Path) -> None:
    frames = np.random.default_rng(5).normal(1000, 30, (10, 48, 48)).astype(np.float32)
    frames[[2, 7], 20, 21] = 1e5
    tifffile.imwrite(tmp_path / "hot.tif", frames, photometric="minisblack")
    frames[:, :2] = np.nan
    tifffile.imwrite(tmp_path / "aligned.tif", frames, photometric="minisblack")
    jobs = {"integrate_frames/a": "hot", "integrate_frames/gone": "hot", f"align_series/{SERIES}/slow": "aligned"}
    jobs |= {f"denoise_frames/net/{SERIES}": "hot", "denoise_frames/net/a": "hot"}
    for log, name in jobs.items():
        with job_log(results.folder / f"logs/{log}.log", "it"):
            read_raw_frames(tmp_path / f"{name}.tif", "BF", FallbackMetadata(pixel_size_nm=1.0))
    empty, hot = (words for words in session_warnings(results, contents(test_fields=["a"])) if ".tif" in words)
    assert empty.startswith(f"{tmp_path / 'aligned.tif'}: 2 hot pixels") and empty.endswith("nothing was measured there")
    assert "960 pixels without a value" in empty
    assert hot == f"hot pixels were filled in from their neighbours in 1 file: {tmp_path / 'hot.tif'} (2 hot pixels in 2 frames)"


def test_what_could_not_be_compared_with_the_instrument_is_warned_of_once_and_stands_in_the_table(results: Results) -> None:
    table = results.table("dcfi/instrument.csv")
    table.assign(not_compared=[None, "the image shows another field", None]).to_csv(results.folder / "dcfi/instrument.csv", index=False)
    assert [words for words in session_warnings(results, contents()) if "another field" in words] == ["b: the image shows another field"]
    section = reference_section(results, contents(test_fields=[]), [])
    assert list(section.tables[0].table["remark"].fillna("")) == ["", "the image shows another field", ""]


def test_a_foil_too_dense_to_tell_its_lines_is_said_with_the_density_at_which_that_begins(results: Results) -> None:
    assert not [sentence for sentence in session_warnings(results, contents()) if "dense" in sentence]
    density = pd.DataFrame({"slip_plane": ["all", "(111)"], "density_per_m2": [4e14, 1e13], "thickness_nm": 300.0})
    density.to_csv(results.folder / f"dislocations/{SERIES}/{RAPID}.line_density.csv", index=False)
    said = [sentence for sentence in session_warnings(results, contents()) if "dense" in sentence]
    limit = MOST_COVERED / (10e-9 * 300e-9)
    assert said == [
        f"{SERIES}, {RAPID}: the foil is too dense to tell its lines, 4.0e+14 per m²; in a foil of 300 nm lines 10 nm wide can be told up "
        f"to {limit:.1e} per m²"
    ]


def test_medians_are_over_what_is_known(results: Results) -> None:
    pd.DataFrame({"correlation": [None]}).to_csv(results.folder / "pairs/c/field.csv", index=False)
    seen = {each.criterion: each.value for each in session_observations(results, contents())}
    assert seen["reference_correlation"] == pytest.approx(0.85)


def test_lines_that_a_filter_no_longer_shows_are_lost_in_full(results: Results) -> None:
    lines = {
        "denoiser": "net",
        "tilt": 0,
        "reference": "slow",
        "relative_width": [1.0, None, None],
        "relative_intensity": [1.0, None, None],
    }
    pd.DataFrame(lines).to_csv(results.folder / "evaluation/lines.csv", index=False)
    seen = {each.criterion: each.value for each in session_observations(results, contents())}
    assert (seen["line_depth_loss"], seen["line_width_change"]) == (100, 0)


def test_a_resolution_that_is_not_reached_is_said_in_words(results: Results) -> None:
    path = results.folder / f"tomograms/{SERIES}/{RAPID}.resolution.csv"
    pd.read_csv(path).assign(correlation=0.0).to_csv(path, index=False)
    seen = {(each.criterion, each.variant): each.value for each in session_observations(results, contents())}
    assert seen["resolution", RAPID] == float("inf")
    number = series_numbers(results, contents(), SERIES, dict.fromkeys(RESULT_STAGES))[-1]
    assert (number.value, number.note) == ("not resolved", "from two halves of the frames; along z not resolved")


def test_an_uncorrected_scan_distortion_is_warned_of_where_there_is_a_rapid_series(results: Results) -> None:
    uncorrected = contents(configuration=CONFIGURATION | {"distortion": {"method": "none", "map": None}})
    said = [sentence for sentence in session_warnings(results, uncorrected) if "distortion" in sentence]
    assert said == [
        "The scan distortion was not corrected: positions along the fast scan direction hold it, and depths of lines across the tilt axis "
        "many times as much; record a calibration field"
    ]
    slow_alone = replace(uncorrected, series={SERIES: ["slow"]}, shown={SERIES: ["slow"]}, against_slow={SERIES: []})
    for fine in (slow_alone, contents()):
        assert not any("distortion" in sentence for sentence in session_warnings(results, fine))
