"""The four numbers of the first screen: how many dislocations, how far off, which are the same, how finely resolved."""

from collections.abc import Mapping

import pandas as pd

from rapidstem.figures.line_sentences import CERTAIN, MOSTLY_HIDDEN_PERCENT, count_interval, count_words
from rapidstem.report.page_parts import Number
from rapidstem.report.position_verdict import fixed_number, joined_numbers
from rapidstem.report.session_observations import centre_sigma_nm
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Verdict
from rapidstem.report.verdict_criteria import LINES, POSITIONS, TOMOGRAM
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM
from rapidstem.scores.shell_correlation import ALL_DIRECTIONS, resolution_nm, resolution_words


def series_numbers(results: Results, contents: SessionContents, series: str, verdicts: Mapping[str, Verdict | None]) -> list[Number]:
    """The numbers of a tilt series; those of the first rapid variant, or of the slow one where there is no rapid one.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    verdicts : on the stages of the series: a number can be trusted as its stage can.

    Returns
    -------
    list of Number
        Count of the lines, exactness of their positions, which of them are the same or real, and resolution.
    """
    shown = contents.shown[series]
    variant = next((name for name in shown if name != "slow"), "slow")
    grades = {stage: verdict.grade if verdict else "" for stage, verdict in verdicts.items()}
    errors = results.table("evaluation/positional_error.csv").query("acquisition == @series and variant == @variant and against == 'slow'")
    centres = results.table(f"dislocations/{series}/{variant}.centroids.csv")
    identity = results.table("evaluation/line_identity.csv").query("acquisition == @series and variant == @variant")
    found = results.table("evaluation/line_detection.csv").query("acquisition == @series and variant == @variant and place == 'all'")
    shells = results.table(f"tomograms/{series}/{variant}.resolution.csv")
    summaries = {name: results.table(f"dislocations/{series}/{name}.line_summary.csv") for name in dict.fromkeys([variant, *shown])}
    return [
        count_number(summaries, grades[LINES]),
        difference_number(errors, grades[POSITIONS]) if len(errors) else uncertainty_number(centres, grades[TOMOGRAM]),
        sameness_number(identity, found, summaries[variant], grades[LINES]),
        resolution_number(shells, grades[TOMOGRAM]),
    ]


def count_number(summaries: Mapping[str, pd.DataFrame], grade: str) -> Number:
    """How many dislocations there are, from the least to the most, of tables `line_summary.csv` by variant, the leading one first."""
    (variant, summary), *others = summaries.items()
    note = "; ".join([f"{variant}: {count_words(summary)}", *(f"{name}: {_interval_words(table)}" for name, table in others)])
    return Number("Dislocations", _interval_words(summary), note, grade)


def difference_number(errors: pd.DataFrame, grade: str) -> Number:
    """The mean difference of rapid and slow by axis, of rows of `positional_error.csv` of one comparison."""
    axes = list(errors["axis"])
    value = f"{joined_numbers(errors['mean_abs_nm'], 1)} nm"
    published = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in axes)
    paired = f"{fixed_number(errors['paired_percent'].min(), 0)} % of the centres paired"
    note = f"{' / '.join(axes)}, mean, {paired}; Zhao et al. 2021: {published} nm"
    return Number("Rapid against slow", value, note, grade)


def uncertainty_number(centres: pd.DataFrame, grade: str) -> Number:
    """The uncertainty of the centres from two halves of the frames: what is known without a second series."""
    sigma = centre_sigma_nm(centres)
    value = f"{joined_numbers(sigma.values(), 1)} nm"
    return Number("Uncertainty of the centres", value, f"{' / '.join(sigma)}, from two halves of the frames", grade)


def sameness_number(identity: pd.DataFrame, found: pd.DataFrame, summary: pd.DataFrame, grade: str) -> Number:
    """Found and real against the truth where it is known, else how many lines rapid and slow share, else how many are whole.

    Parameters
    ----------
    identity : rows of `line_identity.csv` of one variant.
    found : rows of `line_detection.csv` of the same variant, of the whole field.
    summary : its `line_summary.csv`.
    grade : of the stage of the lines.
    """
    known = found[found["against"] == "truth"]
    if len(known):
        row, lines = known.iloc[0], identity[identity["against"] == "truth"].iloc[0]
        note = f"of their length, against the truth; {lines['one_to_one']:.0f} of {lines['true_lines']:.0f} lines one to one"
        return Number("Found / real", f"{joined_numbers(row[['found_percent', 'real_percent']], 0)} %", note, grade)
    shared = identity[identity["against"] == "slow"]
    if len(shared):
        row = shared.iloc[0]
        value = f"{row['one_to_one']:.0f} of {row['true_lines']:.0f}"
        return Number("Same lines in rapid and slow", value, "one to one, of those that both series can show", grade)
    return wholeness_number(summary, grade)


def wholeness_number(summary: pd.DataFrame, grade: str) -> Number:
    """How many lines are real by their evidence, end where a dislocation can, and are told from others: rows of `line_summary.csv`."""
    lost = (summary[["start_kind", "end_kind"]] == "inside").any(axis=1)
    whole = ~lost & (summary["hidden_percent"] <= MOSTLY_HIDDEN_PERCENT) & (summary["probability"] >= CERTAIN)
    mean = 100 * float(summary["probability"].mean())
    note = f"no end lost, not hidden by others, real by their evidence; mean probability {fixed_number(mean, 0)} %"
    return Number("Whole lines", f"{whole.sum()} of {len(summary)}", note, grade)


def resolution_number(shells: pd.DataFrame, grade: str) -> Number:
    """Resolution in all directions and along z, from the shell correlation of two halves."""
    whole, along_z = (shells[shells["direction"] == direction] for direction in (ALL_DIRECTIONS, "z"))
    value = resolution_nm(whole)
    limit = 1.0 / whole["spatial_frequency_per_nm"].max()
    at_limit = ", the limit of the pixels" if value <= limit * 1.001 else ""
    depth = f"; along z {resolution_words(resolution_nm(along_z))}" if len(along_z) else ""
    return Number("Resolution", resolution_words(value), f"from two halves of the frames{at_limit}{depth}", grade)


def _interval_words(summary: pd.DataFrame) -> str:
    least, most = count_interval(summary)
    return str(most) if least == most else f"{least} to {most}"
