"""Verdicts on sessions: a grade on each side of each limit, and how grades become a verdict with a confidence."""

import math

import numpy as np
import pytest

from rapidstem.grades import DOUBTFUL, GOOD, UNUSABLE
from rapidstem.numerics import FWHM_PER_SIGMA
from rapidstem.report.session_verdicts import HIGH, LOW, MODERATE, Observation, judge, session_verdict, stage_verdict
from rapidstem.report.verdict_criteria import ALIGNMENT, CLEAR_VIEW, CRITERIA, LINES, MORE_ELECTRONS, RESULT_STAGES, TOMOGRAM
from rapidstem.scores.in_situ_scores import IHARA_GAIN_PERCENT
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM

# What a microscopist would call good, doubtful and unusable; None where a criterion never makes a session unusable.
EXAMPLES = {
    "frames_used": (98, 70, 30),
    "registration_residual": (0.04, 0.5, 2),
    "reference_correlation": (0.98, 0.5, 0.1),
    "instrument_difference": (0.4, 5, None),
    "distortion_residual": (0.1, 0.6, 1.4),
    "fields_kept": (100, 30, 5),
    "loss_still_falling": (2, 20, 60),
    "line_width_change": (4, 23, 75),
    "line_depth_loss": (3, 21, 40),
    "tilts_used": (100, 80, 40),
    "track_residual": (0.42, 0.73, 3),
    "angle_sigma": (0.08, 0.4, 2),
    "motion_within_frames": (0.1, 1, 3),
    "alignment_warnings": (0, 2, None),
    "resolution": (0.7, 1.4, 3),
    "centre_sigma": (0.6, 6, 20),
    "position_difference": (6, 150, 300),
    "stated_deviations": (1.1, 3, 8),
    "paired_centres": (96, 70, 40),
    "depth_bow": (0.3, 4, 20),
    "lines_found": (19, None, 0),
    "lost_ends": (3, 31, 60),
    "doubtful_lines": (0, 20, 70),
    "hidden_lines": (3, 14, 60),
    "same_lines": (100, 62, 30),
    "registered_frames": (100, 70, 30),
    "in_situ_gain": (40, -5, -50),
}


def test_every_criterion_has_an_example_a_source_and_a_remedy() -> None:
    assert set(EXAMPLES) == set(CRITERIA)
    assert all(len(criterion.source) > 20 and criterion.advice for criterion in CRITERIA.values())
    assert all(sentence.endswith(".") for criterion in CRITERIA.values() for sentence in criterion.advice)


def test_a_resolution_at_the_limit_of_the_pixels_asks_for_smaller_ones() -> None:
    assert any("smaller pixels" in sentence for sentence in CRITERIA["resolution"].advice)


def test_differences_beyond_their_deviations_ask_for_a_calibration_too() -> None:
    assert any("Calibrate the scan distortion" in sentence for sentence in CRITERIA["stated_deviations"].advice)


def test_the_published_gain_is_the_one_that_the_report_prints_elsewhere() -> None:
    assert f"+{IHARA_GAIN_PERCENT:g} %" in CRITERIA["in_situ_gain"].source


@pytest.mark.parametrize("name", ["registration_residual", "motion_within_frames"])
def test_limits_of_blur_cost_the_width_that_their_sources_say(name: str) -> None:
    criterion = CRITERIA[name]
    for limit_px in (criterion.good, criterion.usable):
        wider = np.hypot(3, FWHM_PER_SIGMA * limit_px) / 3 - 1
        assert f"{100 * wider:.0f} % " in criterion.source and f"by {limit_px:g} px" in criterion.source


def test_limits_are_those_that_their_sources_reckon_with() -> None:
    used, sigma, loss = (CRITERIA[name] for name in ("frames_used", "angle_sigma", "loss_still_falling"))
    assert [round(100 / math.sqrt(limit / 100) - 100) for limit in (used.good, used.usable)] == [5, 41]
    assert all(f"by {150 * math.sin(math.radians(limit)):.1f} nm" in sigma.source for limit in (sigma.good, sigma.usable))
    assert [round(-10 * math.log10(1 - limit / 100), 1) for limit in (loss.good, loss.usable)] == [0.5, 3.0]
    centre, published = CRITERIA["centre_sigma"], ZHAO_MEAN_ABS_NM.values()
    assert (centre.good, centre.usable) == (min(published) / 2, max(published))
    assert CRITERIA["depth_bow"].usable == ZHAO_MEAN_ABS_NM["z"] and CRITERIA["position_difference"].good == 100


@pytest.mark.parametrize(("value", "words"), [(9.96, "10 nm"), (10.04, "10 nm"), (10.4, "10.4 nm"), (99.7, "99.7 nm"), (100.4, "100 nm")])
def test_values_have_the_digits_of_their_size(value: float, words: str) -> None:
    assert CRITERIA["centre_sigma"].words(value) == words
    assert CRITERIA["angle_sigma"].words(0.25) == "0.25°"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_their_grades(name: str) -> None:
    for value, grade in zip(EXAMPLES[name], (GOOD, DOUBTFUL, UNUSABLE), strict=True):
        if value is not None:
            assert judge([Observation(name, value)])[0].grade == grade


@pytest.mark.parametrize("name", CRITERIA)
def test_grades_change_at_the_limits_and_not_before(name: str) -> None:
    criterion = CRITERIA[name]
    worse = -math.inf if criterion.more_is_better else math.inf
    assert criterion.grade(criterion.good) == GOOD
    assert criterion.grade(float(np.nextafter(criterion.good, worse))) != GOOD
    if math.isfinite(criterion.usable):
        assert criterion.grade(criterion.usable) != UNUSABLE
        assert criterion.grade(float(np.nextafter(criterion.usable, worse))) == UNUSABLE


def seen(*changes: Observation) -> list[Observation]:
    """A good session of one series, with some values changed."""
    values = {name: Observation(name, examples[0], "series", "rapid") for name, examples in EXAMPLES.items()}
    values |= {change.criterion: change for change in changes}
    return list(values.values())


def test_a_good_session_is_good_and_asks_for_nothing() -> None:
    verdict = session_verdict(judge(seen()))
    assert verdict is not None and verdict.verdict.grade == GOOD
    assert verdict.confidence == HIGH and verdict.verdict.advice == []
    assert f"all {len(CRITERIA)} checks are passed" in verdict.sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([100], "The results can be used as they are: the only check is passed."),
        ([60], "The results can be used with care: 1 of 1 check is doubtful."),
        ([100, 60], "The results can be used with care: 1 of 2 checks is doubtful."),
        ([60, 10], "The results should not be used: 2 of 2 checks are not passed."),
    ],
)
def test_checks_are_counted_in_words_that_fit(values: list[float], sentence: str) -> None:
    verdict = session_verdict(judge([Observation("registered_frames", value, "series") for value in values]))
    assert verdict is not None and verdict.sentence == sentence


def test_checks_that_are_not_passed_are_not_called_doubtful() -> None:
    verdict = session_verdict(judge(seen(Observation("frames_used", 10))))
    assert verdict is not None and verdict.verdict.grade == DOUBTFUL
    assert verdict.sentence == f"The results can be used with care: 1 of {len(CRITERIA)} checks is not passed."


def test_series_that_could_not_be_compared_are_not_called_missing() -> None:
    verdict = session_verdict(judge([Observation("lines_found", 0, "series", name) for name in ("slow", "rapid")]))
    assert verdict is not None and verdict.confidence_reason.startswith("nothing is compared with a second series")


def test_reasons_name_values_and_limits_the_worst_first_and_advice_comes_once() -> None:
    changes = [Observation("hidden_lines", 14, "series", "rapid"), Observation("lost_ends", 55, "series", "slow")]
    verdict = session_verdict(judge(seen(*changes)))
    assert verdict is not None and verdict.verdict.grade == UNUSABLE
    assert verdict.verdict.reasons == [
        "ends lost inside the foil: 55 % in slow (good: at most 10 %)",
        "lines that lie on others in most frames: 14 % in rapid (good: at most 10 %)",
    ]
    twice = session_verdict(
        judge([Observation("lost_ends", value, "series", name) for name, value in (("slow", 55), ("rapid", 20))])
    ).verdict
    assert twice.reasons == ["ends lost inside the foil: 55 % in slow, 20 % in rapid (good: at most 10 %)"]
    assert len(twice.advice) == len(set(twice.advice)) == len(CRITERIA["lost_ends"].advice)


def test_what_several_criteria_ask_for_is_said_once() -> None:
    both = session_verdict(judge([Observation("lost_ends", 55, "series", "slow"), Observation("track_residual", 2, "series", "slow")]))
    assert both is not None
    assert both.verdict.advice == [MORE_ELECTRONS, CLEAR_VIEW, "Let the stage shake less (tilt more slowly)."]


def test_reasons_name_the_series_where_several_are_judged() -> None:
    ends = [Observation("lost_ends", value, name, "rapid") for name, value in (("one", 20), ("other", 30), ("third", 0))]
    changed = Observation("line_width_change", 15)
    verdict = session_verdict(judge([*ends, changed, Observation("registered_frames", 60, "heating")]))
    assert verdict is not None
    assert verdict.verdict.reasons == [
        "ends lost inside the foil: 20 % in rapid of one, 30 % in rapid of other (good: at most 10 %)",
        "change of the line width by the filter, at the worst tilt: 15 % (good: at most 10 %)",
        "frames registered: 60 % in heating (good: at least 90 %)",
    ]
    own = stage_verdict(judge(ends), LINES, "one")
    assert own is not None and own.words == "ends lost inside the foil: 20 % in rapid (good: at most 10 %)"


def test_what_lies_before_the_series_makes_a_result_doubtful_at_most() -> None:
    spoilt = Observation("line_width_change", 90)
    assert session_verdict(judge(seen(spoilt))).verdict.grade == DOUBTFUL
    both = session_verdict(judge(seen(spoilt, Observation("lost_ends", 55, "series")))).verdict
    assert both.reasons[0].startswith("ends lost") and both.reasons[1].startswith("change of the line width")
    assert session_verdict(judge([spoilt])).verdict.grade == UNUSABLE


@pytest.mark.parametrize(
    "name", [name for name, criterion in CRITERIA.items() if criterion.stage in RESULT_STAGES and EXAMPLES[name][2] is not None]
)
def test_an_unusable_stage_of_the_result_makes_the_session_unusable(name: str) -> None:
    assert session_verdict(judge(seen(Observation(name, EXAMPLES[name][2], "series")))).verdict.grade == UNUSABLE


def test_confidence_falls_without_a_second_series_and_close_to_a_limit() -> None:
    alone = [each for each in seen() if not CRITERIA[each.criterion].independent]
    assert session_verdict(judge(alone)).confidence == MODERATE
    close = Observation("track_residual", 0.55, "series", "rapid")
    assert session_verdict(judge(seen(close))).confidence == MODERATE
    assert session_verdict(judge([*[each for each in alone if each.criterion != "track_residual"], close])).confidence == LOW


@pytest.mark.parametrize(("value", "close"), [(0.53, False), (0.55, True), (0.65, True), (0.67, False), (1.4, True), (1.7, False)])
def test_close_to_a_limit_means_within_a_tenth_of_it(value: float, close: bool) -> None:
    assert judge([Observation("track_residual", value)])[0].is_close == close


def test_a_stage_is_judged_by_its_own_series_alone() -> None:
    judged = judge(
        [Observation("lost_ends", 3, "first"), Observation("lost_ends", 31, "second"), Observation("track_residual", 9, "first")]
    )
    assert stage_verdict(judged, LINES, "first").grade == GOOD
    assert stage_verdict(judged, LINES, "second").grade == DOUBTFUL
    assert stage_verdict(judged, ALIGNMENT, "first").grade == UNUSABLE
    assert stage_verdict(judged, ALIGNMENT, "second") is None


def test_an_infinite_value_is_the_worst_and_named_in_words() -> None:
    judged = judge([Observation("resolution", math.inf, "s", "v"), Observation("in_situ_gain", -math.inf)])
    assert [each.grade for each in judged] == [UNUSABLE, UNUSABLE]
    assert [each.is_close for each in judged] == [False, False] and judged[0].margin == math.inf
    assert stage_verdict(judged, TOMOGRAM, "s").words == (
        "resolution from two halves of the frames, in line widths: not resolved in v (good: at most 1)"
    )


def test_values_that_are_no_numbers_say_nothing() -> None:
    assert judge([Observation("track_residual", float("nan"))]) == []
    assert session_verdict([]) is None


def test_a_good_stage_says_what_is_nearest_to_its_limit() -> None:
    judged = judge([Observation("lost_ends", 1, "s", "rapid"), Observation("hidden_lines", 8, "s", "rapid")])
    assert (
        "all 2 checks are passed; nearest to its limit: lines that lie on others in most frames: 8 % in rapid"
        in stage_verdict(judged, LINES, "s").words
    )


def test_what_is_nearest_to_its_limit_is_told_by_the_share_of_the_limit_of_good() -> None:
    judged = judge([Observation("track_residual", 0.3, "s"), Observation("lost_ends", 9, "s"), Observation("tilts_used", 99, "s")])
    assert [each.margin for each in judged] == pytest.approx([0.5, 0.1, 0.1])
    assert "nearest to its limit: ends lost inside the foil: 9 %" in session_verdict(judged).verdict.words
    assert judge([Observation("alignment_warnings", 0)])[0].margin == math.inf
