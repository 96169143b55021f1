"""What the report says of the dislocation lines: how many there are, and which are the same in two tomograms."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rapidstem.scores import LineAgreement, line_agreement
from rapidstem.word_forms import word_form

# The usual level: one line in twenty that are called certain is none.
CERTAIN = 0.95
# Of a line's length in the frames.
MOSTLY_HIDDEN_PERCENT = 50.0
# More pairs than these are for the table.
MOST_NAMED = 5


def count_interval(summary: pd.DataFrame) -> tuple[int, int]:
    """The least and the largest number of dislocations that the evidence allows.

    A dislocation cannot end inside a crystal: two ends lost there may belong to one line, those of different lines to a chain of them.
    Lines whose probability to be real is below 0.95 may be none, which leaves the ends of the others to be joined.

    Parameters
    ----------
    summary : DataFrame
        As `rapidstem.dislocations.line_summary` gives it.

    Returns
    -------
    least, largest : int
    """
    certain = summary[~(summary["probability"] < CERTAIN)]
    lost, _ = _lost_and_doubtful(certain)
    losing = int((certain[["start_kind", "end_kind"]] == "inside").any(axis=1).sum())
    joined = min(lost // 2, max(losing - 1, 0))
    return len(certain) - joined, len(summary)


def count_words(summary: pd.DataFrame) -> str:
    """Number of dislocations as `count_interval` gives it, with the reasons for doubt.

    Lines that others hide in most frames cannot be told from those: the foil is too dense there. Of two that pass each other closely it may
    be open which half goes on into which.

    Parameters
    ----------
    summary : DataFrame
        As `rapidstem.dislocations.line_summary` gives it.
    """
    lost, doubtful = _lost_and_doubtful(summary)
    least, lines = count_interval(summary)
    word = word_form(lines, "dislocation")
    number = f"{least} to {lines} {word}" if least < lines else f"{lines} {word}"
    reasons = [f"{lost} {word_form(lost, 'end is', 'ends are')} lost inside the foil"] if lost else []
    reasons += [f"{doubtful} {word_form(doubtful, 'line is', 'lines are')} doubtful"] if doubtful else []
    hidden = summary[summary["hidden_percent"] > MOSTLY_HIDDEN_PERCENT]
    if len(hidden):
        pairs = [f"{line} on {other}" for line, other in hidden["hidden_by"].items()]
        named = _listed(pairs) if len(pairs) <= MOST_NAMED else "named by `hidden_by` in `line_summary.csv`"
        lie = word_form(len(hidden), "line lies", "lines lie")
        reasons.append(f"{len(hidden)} {lie} on others in most frames, {named}, and cannot be told from them there")
    doubted = sorted({tuple(sorted(pair)) for pair in summary["exchange_with"].items() if pair[1] >= 0})
    reasons += [f"lines {one} and {other} pass each other and may have exchanged their halves there" for one, other in doubted]
    return f"{number} ({', '.join(reasons)})" if reasons else number


def agreement_sentence(pairs: pd.DataFrame, summary: pd.DataFrame, against_summary: pd.DataFrame, variant: str, against: str) -> str:
    """Say how many dislocations two tomograms show, how many of them are the same, and which differ.

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.paired_lines` gives it, of this variant against the other.
    summary, against_summary : DataFrame
        Of the lines of both.
    variant, against : str
        Names of the two.
    """
    agreement = line_agreement(pairs)
    counts = f"{variant} shows {count_words(summary)}, {against} {count_words(against_summary)}"
    same = f"{len(agreement.same)} {word_form(len(agreement.same), 'is', 'are')} the same line in both, one to one"
    split, merged = (f"{number} {word_form(number, 'is', 'are')}" for number in (agreement.split, agreement.merged))
    changed = (
        f"of {against} {split} split, of {variant} {merged} merged" if agreement.split or agreement.merged else "none is split or merged"
    )
    differing = "; ".join(difference_words(agreement, variant, against))
    return f"{counts}; {same}; {changed}. " + (f"They differ in: {differing}." if differing else "No compared line differs.")


def difference_words(agreement: LineAgreement, variant: str, against: str) -> list[str]:
    """Name the lines in which two tomograms differ by their numbers, one phrase a group."""
    phrases = []
    for lines, others in agreement.different:
        if not others:
            phrases.append(f"{variant} {_listed(lines)} alone")
        elif not lines:
            phrases.append(f"{against} {_listed(others)} alone")
        else:
            phrases.append(f"{variant} {_listed(lines)} for {against} {_listed(others)}")
    return phrases


def truth_sentences(identity: pd.DataFrame) -> list[str]:
    """Say for each variant how its lines are those of the truth, from the table `line_identity.csv`.

    Parameters
    ----------
    identity : DataFrame
        As `rapidstem.scores.identity_scores` gives it, of all variants.

    Returns
    -------
    list of str
        One sentence a variant.
    """
    return [
        f"{row.acquisition}, {row.variant} against the truth: {row.one_to_one} of {row.true_lines} lines one to one, {row.split} split, "
        f"{row.merged} traced lines merged, {row.missed} missed, {row.invented} invented; {row.junctions_real} of "
        f"{row.traced_junctions} junctions real, {row.junctions_found} of {row.true_junctions} found.{_as_shown(row)}"
        for row in identity[identity["against"] == "truth"].itertuples()
    ]


def _as_shown(row: Any) -> str:
    """What changes where arms that meet are joined by their course; nothing where that gives as many lines."""
    if pd.isna(row.shown_lines) or (row.shown_lines, row.shown_one_to_one) == (row.true_lines, row.one_to_one):
        return ""
    return (
        f" Where four arms meet, one reflection does not show which have the same Burgers vector: joined by their course, "
        f"{row.shown_one_to_one:.0f} of {row.shown_lines:.0f} are one to one."
    )


def _lost_and_doubtful(summary: pd.DataFrame) -> tuple[int, int]:
    """How many ends are lost inside the foil, and how many lines may be none."""
    lost = (summary[["start_kind", "end_kind"]] == "inside").to_numpy().sum()
    return int(lost), int((summary["probability"] < CERTAIN).sum())


def _listed(numbers: Sequence[int | str]) -> str:
    return " and ".join(str(number) for number in numbers)
