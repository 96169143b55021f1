"""What a reader should know before believing a session's results."""

import re
from collections.abc import Iterator
from itertools import product

from rapidstem.files.job_logs import input_fault, logged_warnings
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.report.verdict_criteria import CRITERIA
from rapidstem.word_forms import word_form

LEAST_CORRELATION = CRITERIA["reference_correlation"].good
LEAST_PAIRED_PERCENT = CRITERIA["paired_centres"].good
# Length of the lines times their width, per area: how far they would cover the field side by side. The densest simulated foil of which
# three quarters of the lines still come out one to one (`benchmarks/dense_foils.py`: 6.8e13 per m2 in 300 nm, lines 13.7 nm wide).
MOST_COVERED = 0.28
# What jobs say of a raw file in which they have filled in pixels; `rapidstem.frames.spoilt_pixels.FilledFrames.words`.
_FILLED = re.compile(r"(?P<file>.+?): (?P<pixels>\d+ (?:hot pixels?|pixels? without a value) filled in .*)")
_HOT_ALONE = " filled in from their neighbours"
# Denoisers that are not applied by `denoise_frames`.
_RULES_OF_THEIR_OWN = {"neighbours": "denoise_by_neighbours", "bm3d": "match_blocks"}


def missing_acquisitions(results: Results, contents: SessionContents) -> list[str]:
    """The acquisitions that are not in the results, each with the reason."""
    reasons = {name: input_fault(results.folder, name) or "left out by the configuration" for name in contents.left_out}
    return [f"{name}: {reason}" for name, reason in reasons.items()]


def session_warnings(results: Results, contents: SessionContents) -> list[str]:
    """What the stages have found to be doubtful, one sentence each, those that matter most first."""
    sources = (
        *(_without_lines, _doubtful_alignments, _dense_foils, _uncorrected_distortion, _unpaired_centres, _unseen_conditions),
        *(_untrained_networks, _doubtful_sweeps, _unregistered_frames, _weak_correlations, _rejected_frames, _failed_comparisons),
        *(_resampled_images, _filled_pixels),
    )
    return [*(sentence for source in sources for sentence in source(results, contents)), *contents.remarks]


def _without_lines(results: Results, contents: SessionContents) -> Iterator[str]:
    for series, variant in contents.shown_variants:
        if results.table(f"dislocations/{series}/{variant}.line_summary.csv").empty:
            yield f"{series}, {variant}: no line stands out from the noise; its dislocation centres are noise, too"


def _rejected_frames(results: Results, contents: SessionContents) -> Iterator[str]:
    used = {field: results.table(f"dcfi/{field}.drift.csv")["used"] for field in contents.fields}
    rejected = [f"{field} ({(~frames).sum()} of {len(frames)})" for field, frames in used.items() if not frames.all()]
    if rejected:
        yield f"frames were rejected in {len(rejected)} of {len(used)} {word_form(len(used), 'field')}: {', '.join(rejected)}"


def _weak_correlations(results: Results, contents: SessionContents) -> Iterator[str]:
    for field in contents.paired_fields:
        correlation = results.table(f"pairs/{field}/field.csv").loc[0, "correlation"]
        if correlation < LEAST_CORRELATION:
            yield f"{field}: slow and rapid image correlate by {correlation:.2f} only"


def _doubtful_alignments(results: Results, contents: SessionContents) -> Iterator[str]:
    for series, variant in contents.series_variants:
        for warning in results.table(f"tilt_series/{series}/{variant}.warnings.csv")["warning"]:
            yield f"{series}, {variant}: {warning}"


def _failed_comparisons(results: Results, contents: SessionContents) -> Iterator[str]:
    for row in results.instrument(contents).dropna(subset="not_compared").itertuples():
        yield f"{row.acquisition}: {row.not_compared}"


def _untrained_networks(results: Results, contents: SessionContents) -> Iterator[str]:
    for settings in contents.configuration["denoisers"]:
        said = [] if settings.get("model") else logged_warnings(results.folder, "train_denoiser", settings["name"])
        yield from (f"{settings['name']}: {words}" for words in said if not _FILLED.fullmatch(words))


def _unseen_conditions(results: Results, contents: SessionContents) -> Iterator[str]:
    names = [*contents.series, *contents.test_fields, *contents.in_situ]
    for rule in ("denoise_frames", "denoise_in_situ"):
        for denoiser, name in product(contents.denoisers, names):
            said = logged_warnings(results.folder, rule, denoiser, name)
            yield from (f"{name}, {denoiser}: {words}" for words in said if not _FILLED.fullmatch(words))


def _doubtful_sweeps(results: Results, contents: SessionContents) -> Iterator[str]:
    for series, variants in contents.matched_sweeps.items():
        for variant in variants:
            said = logged_warnings(results.folder, "match_sweeps", series, variant)
            yield from (f"{series}, {variant}: {words}" for words in said)


def _resampled_images(results: Results, contents: SessionContents) -> Iterator[str]:
    jobs = [["align_references", field] for field in contents.paired_fields]
    jobs += [["measure_distortion"]] if contents.measures_distortion else []
    said = [words for job in jobs for words in logged_warnings(results.folder, *job) if not _FILLED.fullmatch(words)]
    notes = list(dict.fromkeys(said))
    if notes:
        yield f"slow images have other pixels than the rapid frames in {len(notes)} {word_form(len(notes), 'field')}: {'; '.join(notes)}"


def _filled_pixels(results: Results, contents: SessionContents) -> Iterator[str]:
    filled: dict[str, str] = {}
    for rule, *subject in _raw_readers(contents):
        for said in filter(None, map(_FILLED.fullmatch, logged_warnings(results.folder, rule, *subject))):
            filled.setdefault(said["file"], said["pixels"])
    empty = {file: pixels for file, pixels in filled.items() if "without a value" in pixels}
    yield from (f"{file}: {pixels}" for file, pixels in empty.items())
    hot = [f"{file} ({pixels.replace(_HOT_ALONE, '')})" for file, pixels in filled.items() if file not in empty]
    if hot:
        yield f"hot pixels were filled in from their neighbours in {len(hot)} {word_form(len(hot), 'file')}: {', '.join(hot)}"


def _raw_readers(contents: SessionContents) -> Iterator[tuple[str, ...]]:
    """Rule and subject of the jobs that read whole raw files; of two that read the same, the first says what was in it."""
    yield from (("integrate_frames", field) for field in contents.fields)
    yield from (("align_references", field) for field in contents.paired_fields)
    if contents.measures_distortion:
        yield ("measure_distortion",)
    yield from (("align_in_situ", series) for series in contents.in_situ)
    yield from (("align_series", series, "slow") for series, variants in contents.series.items() if "slow" in variants)
    yield from (("denoise_frames", *names) for names in product(contents.reconstructed, contents.series))
    of_its_own = [rule for denoiser, rule in _RULES_OF_THEIR_OWN.items() if denoiser in contents.reconstructed]
    yield from product(of_its_own, contents.series)


def _dense_foils(results: Results, contents: SessionContents) -> Iterator[str]:
    for series, variant in contents.shown_variants:
        density = results.table(f"dislocations/{series}/{variant}.line_density.csv").set_index("slip_plane").loc["all"]
        limit_per_m2 = MOST_COVERED / (contents.line_width_nm * density["thickness_nm"] * 1e-18)
        if density["density_per_m2"] > limit_per_m2:
            yield (
                f"{series}, {variant}: the foil is too dense to tell its lines, {density['density_per_m2']:.1e} per m²; in a foil of "
                f"{density['thickness_nm']:.0f} nm lines {contents.line_width_nm:.0f} nm wide can be told up to {limit_per_m2:.1e} per m²"
            )


def _uncorrected_distortion(results: Results, contents: SessionContents) -> Iterator[str]:
    rapid = any(variant != "slow" for _, variant in contents.series_variants)
    if rapid and contents.configuration["distortion"]["method"] == "none":
        yield (
            "The scan distortion was not corrected: positions along the fast scan direction hold it, and depths of lines across the tilt "
            "axis many times as much; record a calibration field"
        )


def _unregistered_frames(results: Results, contents: SessionContents) -> Iterator[str]:
    for series in contents.in_situ:
        used = results.table(f"in_situ/{series}/frames.csv")["used"]
        if not used.all():
            yield f"{series}: {(~used).sum()} of {len(used)} frames could not be registered, their shifts are interpolated"


def _unpaired_centres(results: Results, contents: SessionContents) -> Iterator[str]:
    errors = results.table("evaluation/positional_error.csv")
    few = errors[errors["paired_percent"] < LEAST_PAIRED_PERCENT]
    for (series, variant, against), rows in few.groupby(["acquisition", "variant", "against"], sort=False):
        shares = ", ".join(f"{row.paired_percent:.0f} % in {row.axis}" for row in rows.itertuples())
        yield f"{series}, {variant} against {against}: only {shares} of the centres are paired"
