"""What the report shows of lines in motion: followed through an in-situ series, and through a later sweep of the same field."""

import numpy as np
import pandas as pd

from rapidstem.figures.style import RAPID_COLOUR
from rapidstem.numerics import evenly_spread
from rapidstem.report.page_parts import Cloud, Panel, ReportTable, Section
from rapidstem.report.printed_tables import event_table, followed_table, motion_scores_table, speed_table, sweep_table
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.word_forms import word_form

# By judgement: some 200 kB of the page for 15 lines, and steps that the hand on a slider can tell.
MOST_MOMENTS = 60


def sweep_section(results: Results, contents: SessionContents, series: str) -> Section:
    """Lines of an earlier sweep in a later one: which is which, and, where they were followed, where each was at any time of the sweep.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the later tilt series.
    """
    followed = contents.followed_sweeps.get(series, ())
    pairs = results.gathered({name: f"dislocations/{series}/{name}.sweep.csv" for name in contents.matched_sweeps[series]}, "variant")
    return Section(
        f"Motion up to and during {series}",
        "Lines that rest stay where they are while the time runs; those that glide keep to their planes and to their ends on the faces.",
        [Panel(variant, clouds=_sweep_clouds(results, series, variant)) for variant in followed],
        choice="variant",
        findings=[*_pair_sentences(pairs), *(_motion_sentence(results, f"dislocations/{series}/{name}", name) for name in followed)],
        tables=[sweep_table(pairs), *(table for name in followed for table in _sweep_tables(results, series, name))],
    )


def in_situ_clouds(results: Results, series: str, denoiser: str) -> list[Cloud]:
    """The lines that were followed through an in-situ series, at so many times as the page can hold.

    Parameters
    ----------
    results : of the finished session.
    series : name of the in-situ series.
    denoiser : whose frames they were followed in.

    Returns
    -------
    list of Cloud
        One; none where no line was followed.
    """
    times = results.table(f"in_situ/{series}/frames.csv")["time_s"].to_numpy(float)
    return _clouds(times, results.table(f"in_situ/{series}/{denoiser}.positions.csv"))


def in_situ_tables(results: Results, series: str, denoiser: str) -> list[ReportTable]:
    """Which lines of the tomogram were followed through an in-situ series, how fast they were, and what happened to them.

    Parameters
    ----------
    results : of the finished session.
    series : name of the in-situ series.
    denoiser : whose frames they were followed in.

    Returns
    -------
    list of ReportTable
    """
    stem = f"in_situ/{series}/{denoiser}"
    return _followed_tables(results, stem, denoiser, f"{stem}.lines.pvd", f"evaluation/motion/{series}/{denoiser}.csv")


def _sweep_tables(results: Results, series: str, variant: str) -> list[ReportTable]:
    stem = f"dislocations/{series}/{variant}"
    return _followed_tables(results, stem, variant, f"{stem}.positions.pvd", f"evaluation/sweeps/{series}/{variant}.csv")


def _followed_tables(results: Results, stem: str, name: str, scene: str, scored: str) -> list[ReportTable]:
    """Of the tables with a stem; the scene is what ParaView opens, scores are shown where they were made."""
    positions, scores = results.table(f"{stem}.positions.csv"), results.table_if_made(scored)
    return [
        followed_table(results.table(f"{stem}.followed.csv"), f"Lines that were followed in {name}"),
        *([speed_table(positions, f"Velocities across the lines in {name}")] if len(positions) else []),
        event_table(results.table(f"{stem}.flags.csv"), f"What happened to them in {name}", scene),
        *([motion_scores_table(scores, f"Against the true motion in {name}")] if len(scores) else []),
    ]


def _sweep_clouds(results: Results, series: str, variant: str) -> list[Cloud]:
    times = results.table(f"tilt_series/{series}/{variant}.angles.csv")["time_s"].to_numpy(float)
    return _clouds(times, results.table(f"dislocations/{series}/{variant}.positions.csv"))


def _clouds(times_s: np.ndarray, positions: pd.DataFrame) -> list[Cloud]:
    chosen, by_frame = evenly_spread(len(times_s), MOST_MOMENTS), dict(tuple(positions.groupby("frame")))
    rows = [by_frame.get(frame, positions.iloc[:0]) for frame in chosen.tolist()]
    lines = [[own[["x_nm", "y_nm", "z_nm"]].to_numpy(float) for _, own in each.groupby("line", sort=True)] for each in rows]
    moving = Cloud("lines in motion", RAPID_COLOUR, np.zeros((0, 3)), times_s=times_s[chosen].tolist(), moved_nm=lines)
    return [moving] if len(positions) else []


def _pair_sentences(pairs: pd.DataFrame) -> list[str]:
    """How many lines rested, moved, came and went between two sweeps, one sentence a variant."""
    counted = pairs.groupby("variant", sort=False)["what"].value_counts(sort=False)
    by_variant: dict[str, list[str]] = {}
    for (variant, what), count in counted.items():
        by_variant.setdefault(str(variant), []).append(f"{count} {what}")
    return [f"{variant}, against the earlier sweep: {', '.join(words)}." for variant, words in by_variant.items()]


def _motion_sentence(results: Results, stem: str, name: str) -> str:
    """How many lines were followed, and what happened to them."""
    followed, flags = results.table(f"{stem}.followed.csv"), results.table(f"{stem}.flags.csv")
    events = ", ".join(f"{count} {flag}" for flag, count in flags["flag"].value_counts().sort_index().items())
    through = followed["followed"].sum()
    counted = f"{through} of {len(followed)} {word_form(len(followed), 'line')} {word_form(through, 'was', 'were')} followed through it"
    return f"{name}: {counted}; {events or 'nothing'} flagged."
