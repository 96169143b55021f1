"""The report of a finished session, put together from its folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rapidstem.report.motion_sections import sweep_section
from rapidstem.report.page_parts import Overview, Report, Section
from rapidstem.report.printed_tables import checks_table
from rapidstem.report.series_sections import series_clouds, series_sections
from rapidstem.report.session_numbers import series_numbers
from rapidstem.report.session_observations import session_observations
from rapidstem.report.session_record import job_times, library_versions
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Judgement, judge, session_verdict, stage_verdict
from rapidstem.report.session_warnings import missing_acquisitions, session_warnings
from rapidstem.report.stage_sections import (
    choice_section,
    distortion_section,
    field_section,
    in_situ_section,
    reference_section,
    score_section,
    training_sections,
)
from rapidstem.report.verdict_criteria import RESULT_STAGES


def session_report(folder: Path | str, contents: SessionContents) -> Report:
    """Gather verdicts, tables, figures, warnings and the record of how they were made.

    Parameters
    ----------
    folder : of the session, laid out as the rules do.
    contents : what was made in it.
    """
    results = Results(Path(folder))
    judgements = judge(session_observations(results, contents))
    return Report(
        title=f"Session {contents.session}",
        verdict=session_verdict(judgements),
        overviews=[_overview(results, contents, series, judgements) for series in contents.shown],
        sections=_sections(results, contents, judgements),
        missing=missing_acquisitions(results, contents),
        warnings=session_warnings(results, contents),
        checks=checks_table(judgements),
        settings=flat_settings(contents.configuration),
        versions=library_versions(),
        times=job_times(results.folder / "benchmarks", contents.subjects),
    )


def flat_settings(configuration: Mapping[str, Any], section: str = "") -> dict[str, str]:
    """The keys of a configuration with their sections, `tomography.thickness_nm`, and their values as JSON."""
    flat: dict[str, str] = {}
    for key, value in configuration.items():
        if isinstance(value, Mapping) and value:
            flat |= flat_settings(value, f"{section}{key}.")
        else:
            flat[f"{section}{key}"] = json.dumps(value)
    return flat


def _overview(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Overview:
    verdicts = {stage: stage_verdict(judgements, stage, series) for stage in RESULT_STAGES}
    return Overview(series, series_clouds(results, contents, series), series_numbers(results, contents, series, verdicts))


def _sections(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> list[Section]:
    """One a stage, those first that a reader asks for first."""
    given = (results, contents)
    return [
        *[section for series in contents.shown for section in series_sections(*given, series, judgements)],
        *[sweep_section(*given, series) for series in contents.matched_sweeps],
        *([field_section(*given, judgements)] if contents.test_fields else []),
        *training_sections(*given, judgements),
        *([score_section(*given, judgements)] if contents.figures["scores"] else []),
        *([choice_section(*given, judgements)] if contents.figures["choice"] else []),
        *([distortion_section(*given, judgements)] if contents.figures["distortion"] else []),
        *([reference_section(*given, judgements)] if contents.compared_fields else []),
        *[in_situ_section(*given, series, judgements) for series in contents.in_situ],
    ]
