"""The report of a finished session, put together from its folder."""

import json
from pathlib import Path

import pandas as pd

from rapidstem.report.page_parts import Report, Section
from rapidstem.report.position_verdict import verdict_sentences, verdict_table
from rapidstem.report.session_record import job_times, library_versions
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_warnings import missing_acquisitions, session_warnings
from rapidstem.report.stage_sections import (
    choice_section,
    density_sentences,
    distortion_section,
    field_section,
    in_situ_section,
    in_situ_sentences,
    line_section,
    line_sentences,
    reference_section,
    score_sections,
    score_tables,
    series_section,
    volume_section,
)


def session_report(folder: Path | str, contents: SessionContents) -> Report:
    """Gather tables, figures, warnings and the record of how they were made.

    Parameters
    ----------
    folder : of the session, laid out as the rules do.
    contents : what was made in it.
    """
    results = Results(Path(folder))
    errors = results.table("evaluation/positional_error.csv")
    return Report(
        title=f"Session {contents.session}",
        verdict=[
            *line_sentences(results, contents),
            *verdict_sentences(_leading_errors(errors, contents)),
            *density_sentences(results, contents),
            *in_situ_sentences(results),
        ],
        errors=verdict_table(errors),
        scores=score_tables(results, "slow") if contents.figures["scores"] else [],
        sections=_sections(results, contents),
        missing=missing_acquisitions(results, contents),
        warnings=session_warnings(results, contents),
        settings={name: json.dumps(value) for name, value in contents.settings.items()},
        versions=library_versions(),
        times=job_times(results.folder / "benchmarks"),
    )


def _sections(results: Results, contents: SessionContents) -> list[Section]:
    """One a stage, those first that a reader asks for first."""
    return [
        *[volume_section(results, contents, series) for series in contents.shown],
        *[line_section(results, contents, series) for series in contents.shown],
        *([reference_section(results, contents)] if contents.shown_fields else []),
        *([distortion_section(results, contents)] if contents.figures["distortion"] else []),
        *([choice_section(results, contents)] if contents.figures["choice"] else []),
        *(score_sections(results, contents) if contents.figures["scores"] else []),
        *([field_section(results, contents)] if contents.test_fields else []),
        *[in_situ_section(results, contents, series) for series in contents.in_situ],
        *[series_section(results, contents, series) for series in contents.shown],
    ]


def _leading_errors(errors: pd.DataFrame, contents: SessionContents) -> pd.DataFrame:
    """Those of the shown variants against the slow series, or all where there is no slow series."""
    shown = {variant for _, variant in contents.shown_variants}
    leading = errors[errors["variant"].isin(shown) & (errors["against"] == "slow")]
    return leading if len(leading) else errors
