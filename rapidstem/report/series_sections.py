"""The parts of the report that show tilt series: positions, lines, alignment, and what the first screen says of each."""

from collections.abc import Sequence

import pandas as pd

from rapidstem.dislocations.line_tables import polylines_of
from rapidstem.dislocations.pairing import NO_MOTION
from rapidstem.figures.figure_registry import LINES, POSITIONS, VARIANT
from rapidstem.figures.line_sentences import agreement_sentence, count_words, truth_sentences
from rapidstem.numerics import uncertain_text
from rapidstem.report import verdict_criteria
from rapidstem.report.page_parts import Cloud, Panel, Section, centre_cloud
from rapidstem.report.position_verdict import error_sentences, error_table
from rapidstem.report.printed_tables import alignment_table, density_table, detection_table, identity_table, pairs_table
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Judgement, stage_verdict

RESOLUTION, MOTION, PLANES = "resolution", "motion", "planes"


def series_sections(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> list[Section]:
    """All sections of a tilt series; that of the positions only where they are compared with something.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    judgements : of the session.

    Returns
    -------
    list of Section
        What a reader asks for first stands first.
    """
    errors = results.table("evaluation/positional_error.csv").query("acquisition == @series")
    positions = (position_section,) if contents.against_slow[series] or len(errors) else ()
    return [make(results, contents, series, judgements) for make in (*positions, line_section, tomogram_section, series_section)]


def position_section(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Section:
    """Centres of the dislocations: rapid against slow, and both against the truth where it is known.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    judgements : of the session; those of this stage and series make the verdict.
    """
    errors = results.table("evaluation/positional_error.csv").query("acquisition == @series")
    beside_truth = "Errors against the truth are far below a line's width, and none of them has a bias."
    beside_slow = "Orange (rapid) and aqua (slow) lie on each other; the difference in z has no trend over y."
    return Section(
        f"Dislocations in {series}",
        beside_slow if contents.against_slow[series] else beside_truth,
        [_panel(results, contents, POSITIONS, series, variant) for variant in contents.against_slow[series]],
        choice="variant",
        findings=error_sentences(_leading(errors, contents, series)),
        verdict=stage_verdict(judgements, verdict_criteria.POSITIONS, series),
        tables=[error_table(errors)] if len(errors) else [],
    )


def line_section(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Section:
    """Dislocation lines and their slip planes.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    judgements : of the session; those of this stage and series make the verdict.
    """
    variants = contents.shown[series]
    density = results.gathered({variant: f"dislocations/{series}/{variant}.line_density.csv" for variant in variants}, "series")
    found = results.table("evaluation/line_detection.csv").query("acquisition == @series")
    identity = results.table("evaluation/line_identity.csv").query("acquisition == @series")
    pairs = results.table(f"dislocations/{series}/line_pairs.csv")
    printed = ((density_table, density), (detection_table, found), (identity_table, identity), (pairs_table, pairs))
    alike = "; rapid and slow series give the same lines, planes and densities" if contents.against_slow[series] else ""
    return Section(
        f"Dislocation lines in {series}",
        f"Lines run through the foil from surface to surface{alike}.",
        [_panel(results, contents, LINES, series, variant) for variant in _rapid_first(variants)],
        choice="variant",
        findings=[*_line_sentences(results, series, variants, pairs), *_density_sentences(density), *truth_sentences(identity)],
        verdict=stage_verdict(judgements, verdict_criteria.LINES, series),
        tables=[print_table(table) for print_table, table in printed if len(table)],
    )


def tomogram_section(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Section:
    """What the tomograms resolve.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    judgements : of the session; those of this stage and series make the verdict.
    """
    return Section(
        f"Tomograms of {series}",
        "The halves of the frames agree up to the limit of the pixels in x and y, and a little less far in z, where the tilts end.",
        [Panel(variant, [results.figure(RESOLUTION, series, variant)]) for variant in _rapid_first(contents.shown[series])],
        choice="variant",
        verdict=stage_verdict(judgements, verdict_criteria.TOMOGRAM, series),
    )


def series_section(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Section:
    """Angles, alignment and binarisation of a tilt series.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the tilt series.
    judgements : of the session; those of this stage and series make the verdict.
    """
    variants = contents.shown[series]
    alignment = results.gathered({variant: f"tilt_series/{series}/{variant}.alignment.csv" for variant in variants}, "series")
    return Section(
        f"Angles and alignment of {series}",
        "Refined angles differ smoothly from the reported ones; lines are binarised alike at all tilts.",
        [_panel(results, contents, VARIANT, series, variant) for variant in _rapid_first(variants)],
        choice="variant",
        verdict=stage_verdict(judgements, verdict_criteria.ALIGNMENT, series),
        tables=[alignment_table(alignment)],
    )


def series_clouds(results: Results, contents: SessionContents, series: str) -> list[Cloud]:
    """Centres and lines for the 3-D view: the first rapid variant, brought onto the slow one, and the slow one, where there are such."""
    rapid = [variant for variant in contents.shown[series] if variant != "slow"][:1]
    compared = contents.against_slow.get(series, ())
    motions = {name: results.motion(series, name) if name in compared else NO_MOTION for name in rapid}
    if "slow" in contents.shown[series]:
        motions["slow"] = NO_MOTION
    clouds = []
    for name, motion in motions.items():
        centres, lines = (motion.applied_to(results.table(f"dislocations/{series}/{name}.{kind}.csv")) for kind in ("centroids", "lines"))
        clouds.append(centre_cloud("slow" if name == "slow" else "rapid", centres, polylines_of(lines)))
    return clouds


def _panel(results: Results, contents: SessionContents, scope: str, series: str, variant: str) -> Panel:
    left_out = {RESOLUTION, *_empty_figures(results, series, variant)}
    return Panel(variant, [results.figure(name, series, variant) for name in contents.figures[scope] if name not in left_out])


def _empty_figures(results: Results, series: str, variant: str) -> list[str]:
    """Figures that show nothing: motion that was not measured, slip planes without an orientation of the crystal."""
    motion = results.table_if_made(f"tilt_series/{series}/{variant}.motion.csv")
    density = results.table_if_made(f"dislocations/{series}/{variant}.line_density.csv")
    return [*([MOTION] if motion.empty else []), *([PLANES] if len(density) < 2 else [])]


def _rapid_first(variants: Sequence[str]) -> list[str]:
    return sorted(variants, key=lambda variant: variant == "slow")


def _leading(errors: pd.DataFrame, contents: SessionContents, series: str) -> pd.DataFrame:
    """Those of the shown variants against the slow series, or all where there is no slow series."""
    leading = errors[errors["variant"].isin(contents.shown[series]) & (errors["against"] == "slow")]
    return leading if len(leading) else errors


def _line_sentences(results: Results, series: str, variants: Sequence[str], pairs: pd.DataFrame) -> list[str]:
    """How many dislocations there are and which are the same in rapid and slow, one sentence a comparison."""
    summaries = {name: results.table(f"dislocations/{series}/{name}.line_summary.csv") for name in variants}
    if pairs.empty:
        return [f"{name}: {count_words(summary)}." for name, summary in summaries.items()]
    compared = pairs.groupby("variant", sort=False)
    return [agreement_sentence(rows, summaries[str(name)], summaries["slow"], str(name), "slow") for name, rows in compared]


def _density_sentences(density: pd.DataFrame) -> list[str]:
    """Length and density of the dislocations, one sentence a variant."""
    sentences = []
    for row in density[density["slip_plane"] == "all"].itertuples():
        value = uncertain_text(row.density_per_m2 / 1e12, row.sampling_sd_per_m2 / 1e12)
        length = f"{row.length_nm / 1e3:.1f} µm of lines"
        sentences.append(f"{row.series}: {length}, ({value}) · 10¹² m⁻² in {row.volume_um3:.2f} µm³ of foil.")
    return sentences
