"""The parts of the report that show fields, filters and in-situ series, from the files of a finished session."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from rapidstem.figures.figure_registry import CHOICE, DISTORTION, FIELD, IN_SITU_SERIES, SCORES
from rapidstem.figures.score_tables import (
    LINE_INTENSITY,
    LINE_WIDTH,
    PSNR,
    PSNR_AFFINE,
    PUBLISHED_AGREEMENT_PER_UM,
    SSIM,
    score_table,
    shown_lines_table,
)
from rapidstem.files.ome_tiff import read_channel_names, read_images
from rapidstem.report import verdict_criteria
from rapidstem.report.motion_sections import in_situ_clouds, in_situ_tables
from rapidstem.report.page_parts import Panel, ReportTable, Section, image_slider
from rapidstem.report.printed_tables import in_situ_table, instrument_table
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.session_verdicts import Judgement, stage_verdict
from rapidstem.scores.image_quality import INTENSITY_RANGES
from rapidstem.scores.image_spectra import spectral_scores
from rapidstem.scores.in_situ_scores import IHARA_GAIN_PERCENT
from rapidstem.word_forms import word_form

LOSSES, DRIFT = "losses", "drift"


def reference_section(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> Section:
    """Drift-corrected frame integration, beside the instrument's own where it gives any."""
    instrument = results.instrument(contents)
    return Section(
        "Drift-corrected references",
        "The trace is smooth, residuals are a fraction of a pixel, few frames are rejected.",
        [Panel(field, [results.figure(DRIFT, field)]) for field in contents.test_fields],
        findings=_instrument_sentences(instrument),
        verdict=stage_verdict(judgements, verdict_criteria.REFERENCES),
        tables=[instrument_table(instrument)] if len(instrument) else [],
    )


def _instrument_sentences(instrument: pd.DataFrame) -> list[str]:
    apart = instrument[["dy_rms_px", "dx_rms_px"]].max(axis=1).dropna()
    if apart.empty:
        return []
    fields = f"{len(apart)} {word_form(len(apart), 'field')}"
    differences = list(dict.fromkeys(f"{value:.1f}" for value in (apart.min(), apart.max())))
    return [f"The instrument's own shifts differ from ours by {' to '.join(differences)} px in {fields}."]


def distortion_section(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> Section:
    """The scan distortion."""
    return Section(
        "Scan distortion",
        "After the correction the superposition is white and no strip stands out.",
        [Panel("", [results.figure(name) for name in contents.figures[DISTORTION]])],
        verdict=stage_verdict(judgements, verdict_criteria.DISTORTION),
        tables=[ReportTable("Map", results.table("distortion/residual.csv"), digits=1)] if contents.measures_distortion else [],
    )


def choice_section(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> Section:
    """Which training fields resemble the tilt series."""
    choice = results.table("pairs/choice.csv")
    left_out = choice.query("not kept")[["acquisition", "tilt_deg", "distance", "largest_distance"]]
    return Section(
        "Choice of training fields",
        "The fields' histograms lie on those of the tilt series: they are as thick, and the filters learn the right noise.",
        [Panel("", [results.figure(name) for name in contents.figures[CHOICE]])],
        findings=[f"{len(choice) - len(left_out)} of {len(choice)} training fields resemble the tilt series."],
        verdict=stage_verdict(judgements, verdict_criteria.CHOICE),
        tables=[ReportTable("Fields that were left out", left_out, digits=2)] if len(left_out) else [],
    )


def training_sections(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> list[Section]:
    """How the networks were trained; none where no filter is one."""
    if LOSSES not in contents.figures[SCORES]:
        return []
    measured = results.table("figures/losses.csv").groupby("denoiser", sort=False)["validation_loss"].count()
    training = Section(
        "Training",
        "Validation loss falls and stays down; it is measured on fields that no network has learnt from.",
        [Panel("", [results.figure(LOSSES)])],
        findings=[f"{name} has no validation loss: no field was set apart for it." for name in measured.index[measured == 0]],
        verdict=stage_verdict(judgements, verdict_criteria.TRAINING),
    )
    return [training]


def score_section(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> Section:
    """Scores of the filters."""
    return Section(
        "Scores of the filters",
        "The filters keep width and depth near 100 % at all tilts, and follow the slow image along x as far as along y.",
        [Panel("", [results.figure(name) for name in contents.figures[SCORES] if name != LOSSES])],
        verdict=stage_verdict(judgements, verdict_criteria.DENOISING),
        tables=[*score_tables(results, "slow"), *score_tables(results, "dcfi"), *quality_tables(results)],
    )


def quality_tables(results: Results) -> list[ReportTable]:
    """Scores by intensity and by wave number."""
    images = results.table("evaluation/denoising.csv").query("reference == 'slow'")
    columns = ["psnr_db", *INTENSITY_RANGES, "residual_flatness"]
    by_intensity = images.groupby("denoiser", sort=False)[columns].mean().reset_index()
    reach = spectral_scores(results.table("evaluation/spectra.csv"))
    published = [f"{name} {value:g}" for name, value in PUBLISHED_AGREEMENT_PER_UM.items()]
    flat = "The residual's flatness is 0.56 where it is white noise."
    return [
        ReportTable("PSNR by the intensity of the slow image", by_intensity, flat),
        ReportTable("Wave numbers of agreement, 1/µm", reach, f"Published, along x: {'; '.join(published)}.", digits=2),
    ]


def score_tables(results: Results, reference: str) -> list[ReportTable]:
    """Scores of all filters by tilt against one reference, beside the published ones."""
    images, lines = (results.table(f"evaluation/{name}.csv") for name in ("denoising", "lines"))
    tables = []
    for score, table in ((PSNR, images), (PSNR_AFFINE, images), (SSIM, images), (LINE_WIDTH, lines), (LINE_INTENSITY, lines)):
        printed = score_table(table[table["reference"] == reference], score)
        tables.append(ReportTable(f"{score.title}, against the {reference} image", printed))
    shown = shown_lines_table(lines[lines["reference"] == reference])
    tables.append(
        ReportTable(f"Lines of the {reference} image that are shown, %", shown, "Line widths and intensities are of these alone.")
    )
    return [*tables, *_interval_tables(results)] if reference == "slow" else tables


def _interval_tables(results: Results) -> list[ReportTable]:
    """How many pixels of the references lie within the intervals that the denoisers state."""
    scores = results.table("evaluation/intervals.csv") if (results.folder / "evaluation/intervals.csv").exists() else pd.DataFrame()
    if scores.empty:
        return []
    by_tilt = scores.pivot_table("inside_percent", ["denoiser", "reference"], "tilt").reset_index()
    by_tilt.columns = [str(column) for column in by_tilt.columns]
    stated = f"Stated are {scores['stated_percent'].iloc[0]:.0f} % of the reference's pixels, its own noise included; by tilt."
    return [ReportTable("Pixels of the reference within the stated intervals, %", by_tilt, stated)]


def field_section(results: Results, contents: SessionContents, judgements: Sequence[Judgement]) -> Section:
    """Images of the test fields, one chosen from a list."""
    names = [name for name in contents.figures[FIELD] if name != DRIFT]
    return Section(
        "Denoised images",
        "Noise and streaks go; lines stay as thin and as deep as in the slow image.",
        [_field_panel(results, field, names) for field in contents.test_fields],
        verdict=stage_verdict(judgements, verdict_criteria.DENOISING),
    )


def _field_panel(results: Results, field: str, names: Sequence[str]) -> Panel:
    path = results.folder / f"figures/{field}/images.ome.tif"
    images, pixel_size_nm = read_images(path)
    by_name = dict(zip(read_channel_names(path), images, strict=True))
    filters = [name for name in by_name if name not in ("raw", "dcfi", "slow")]
    best = next(name for name in ("dlf-slow", *filters, "dcfi") if name in by_name)
    slider = image_slider(f"Field {field}: raw and {best}", "raw", by_name["raw"], best, by_name[best], pixel_size_nm)
    return Panel(field, [results.figure(name, field) for name in names], [slider])


def in_situ_section(results: Results, contents: SessionContents, series: str, judgements: Sequence[Judgement]) -> Section:
    """Frames of an in-situ series from beginning to end, its movie, and the last frames against the final slow image.

    Parameters
    ----------
    results : of the finished session.
    contents : of the same session.
    series : name of the in-situ series.
    judgements : of the session; those of this stage and series make the verdict.
    """
    scores = results.table("evaluation/in_situ.csv").query("acquisition == @series")
    followed = contents.in_situ[series] if series in contents.followed else []
    moved = [table for denoiser in followed for table in in_situ_tables(results, series, denoiser)]
    like_slow = ", and the last frames look like the final slow image" if len(scores) else ""
    return Section(
        f"In-situ series {series}",
        f"Noise goes from every frame, lines that move stay sharp{like_slow}.",
        [_in_situ_panel(results, contents, series, denoiser) for denoiser in contents.in_situ[series]],
        choice="denoiser",
        findings=_in_situ_sentences(scores),
        verdict=stage_verdict(judgements, verdict_criteria.IN_SITU, series),
        tables=[*([in_situ_table(scores)] if len(scores) else []), *moved],
    )


def _in_situ_panel(results: Results, contents: SessionContents, series: str, denoiser: str) -> Panel:
    first, *others = [results.figure(name, series, denoiser) for name in contents.figures[IN_SITU_SERIES]]
    movies = ["mp4", "lines.mp4"] if series in contents.followed else ["mp4"]
    first = replace(first, links=[*[f"in_situ/{series}/{denoiser}.{movie}" for movie in movies], *first.links])
    (raw, denoised), pixel_size_nm = read_images(results.folder / f"figures/{series}/{denoiser}/images.ome.tif")
    slider = image_slider(f"{series}: the last frame, raw and {denoiser}", "raw", raw, denoiser, denoised, pixel_size_nm)
    return Panel(denoiser, [first, *others], [slider], in_situ_clouds(results, series, denoiser) if series in contents.followed else [])


def _last_frames_have(count: int) -> str:
    return f"the last {word_form(count, 'frame has', f'{count} frames have')}"


def _in_situ_sentences(scores: pd.DataFrame) -> list[str]:
    """What the last frames of an in-situ series have gained, one sentence a filter."""
    return [
        f"{row.acquisition}, {row.denoiser}: {_last_frames_have(row.frames)} a PSNR of {row.denoised_psnr_db:.1f} dB against the final "
        f"slow image, {row.psnr_gain_percent:+.0f} % on the raw {row.raw_psnr_db:.1f} dB (Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} %)."
        for row in scores.itertuples()
    ]
