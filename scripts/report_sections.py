"""The parts of the report, one a stage, from the files of a finished session."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from rapidstem.dislocations import NO_MOTION, RigidMotion, polylines_of
from rapidstem.figures import (
    LINE_INTENSITY,
    LINE_WIDTH,
    PSNR,
    PSNR_AFFINE,
    PUBLISHED_AGREEMENT_PER_UM,
    SSIM,
    ReportFigure,
    ReportTable,
    Section,
    agreement_sentence,
    centre_clouds,
    count_words,
    image_slider,
    saved_figure,
    score_table,
    truth_sentences,
)
from rapidstem.files import read_channel_names, read_images
from rapidstem.scores import IHARA_GAIN_PERCENT, INTENSITY_RANGES, removed_motion, spectral_scores

FIELD_CAPTIONS = {
    "drift": "Drift of the rapid frames",
    "filters": "Every filter on the first frame, contour plots of the marked part, power spectra (as Ihara et al. 2022, Figs. 1d and 3)",
    "profiles": "Profiles across a dislocation (as Zhao et al. 2021, Fig. 3e)",
    "spectra": "Power spectra along the fast scan direction (as Ihara et al. 2022, Fig. 4c)",
}
QUALITY_CAPTIONS = {
    "psnr-by-kind": "PSNR against the slow image by kind of image, and by the intensity of the slow image (as Ihara et al. 2022, Fig. 4a)",
    "psnr-and-ssim": "SSIM against PSNR (the scores of Williams et al.)",
    "agreement": "Power along the fast scan direction (as Ihara et al. 2022, Fig. 4c; dotted: wave number of agreement), and transfer",
    "training-size": "Training on frames of one field against training on many fields (as Ihara et al. 2022, Fig. 6)",
}
DISTORTION_CAPTIONS = {
    "distortion-map": "Columns of the slow image against columns of the rapid frames, and their deviation from a straight line "
    "(as Ihara et al. 2022, Fig. 7d)",
    "distortion-strips": "What is left in every strip of the calibration fields before and after the correction",
    "distortion-fields": "DCFI image, slow image, and the DCFI image after the correction (as Ihara et al. 2022, Fig. 1a-c)",
    "superposition": "Rapid (aqua) on slow (red), before and after the correction (as Zhao et al. 2021, Fig. 1g)",
}
SERIES_CAPTIONS = {
    "angles": "Tilt angles as reported and as refined, and shifts",
    "binary": "Aligned and binarised frames",
    "lines": "Dislocation lines by slip plane, in three projections",
    "lengths": "Lengths of the lines",
    "planes": "Dislocation density by slip plane",
    "resolution": "Fourier shell correlation of the tomograms from the even and from the odd frames",
    "projections": "Rapid, brought onto slow, slow, and both, in three projections (as Zhao et al. 2021, Fig. 5)",
    "centres": "Local intensity centres, the rapid ones brought onto the slow ones (as Zhao et al. 2021, Fig. 6)",
    "depth": "Difference in z against y and x (as Zhao et al. 2021, Fig. 7)",
    "time-lag": "Difference in z against y with a tilt for every row, with one tilt a frame, and with the time lag calibrated away "
    "as Zhao et al. propose",
    "line-differences": "Lines that are the same in both tomograms (blue), and those that differ, with their numbers",
    "differences": "Distribution of the differences",
}


IDENTITY_NOTE = (
    "One to one: a single line covers the other and nothing else, but for 10 % or 40 nm. The run length is what one follows of a "
    "dislocation, on average, from a point on it without losing it or changing to another."
)


@dataclass(frozen=True)
class Results:
    """The folder of a finished session."""

    folder: Path

    def figure(self, name: str, caption: str) -> ReportFigure:
        """A figure that was drawn, by its path below `figures`."""
        return saved_figure(self.folder / "figures" / name, f"{caption}.", self.folder)

    def series_figures(self, series: str, variants: list[str], kinds: list[str]) -> list[ReportFigure]:
        """Figures of one series, those of one kind side by side."""
        stems = [(variant, kind) for kind in kinds for variant in variants]
        return [self.figure(f"{series}/{variant}/{kind}", f"{series}, {variant}: {SERIES_CAPTIONS[kind]}") for variant, kind in stems]

    def table(self, name: str) -> pd.DataFrame:
        """A table, by its path below the folder."""
        return pd.read_csv(self.folder / name)

    def motion(self, series: str, variant: str) -> RigidMotion:
        """What brings a variant's tomogram onto that of the slow series."""
        return removed_motion(self.table("evaluation/positional_error.csv"), series, variant, "slow")

    def gathered(self, names: dict[str, str], column: str) -> pd.DataFrame:
        """Tables below each other, each with its name in a first column; empty where there is none."""
        tables = []
        for name, path in names.items():
            tables.append(self.table(path))
            tables[-1].insert(0, column, name)
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def reference_section(results: Results, fields: list[str], compared: list[str]) -> Section:
    """Drift-corrected frame integration, beside the instrument's own where it gives any."""
    figures = [results.figure(f"{field}/drift", f"{field}: {FIELD_CAPTIONS['drift']}") for field in fields]
    instrument = results.gathered({field: f"dcfi/{field}.instrument.csv" for field in compared}, "acquisition")
    note = "Root mean square differences of the shifts; a relative sharpness below 1 says that the instrument's image is more blurred."
    tables = [ReportTable("Beside the instrument's own integration", instrument, note)] if len(instrument) else []
    look_for = "The trace is smooth, residuals are a fraction of a pixel, few frames are rejected."
    return Section("Drift-corrected references", look_for, figures, tables)


def distortion_section(results: Results, stems: list[str]) -> Section:
    """The scan distortion."""
    figures = [results.figure(stem, DISTORTION_CAPTIONS[stem]) for stem in stems]
    measured = results.folder / "distortion/residual.csv"
    tables = [ReportTable("Map", results.table("distortion/residual.csv"))] if measured.exists() else []
    return Section("Scan distortion", "After the correction the superposition is white and no strip stands out.", figures, tables)


def choice_section(results: Results) -> Section:
    """Which training fields resemble the tilt series."""
    left_out = results.table("pairs/choice.csv").query("not kept")[["acquisition", "tilt_deg", "distance", "largest_distance"]]
    caption = "Intensities of the training fields (lines; dashed: left out) beside those of the tilt series at their tilt"
    look_for = "The fields' histograms lie on those of the tilt series: they are as thick, and the filters learn the right noise."
    tables = [ReportTable("Fields that were left out", left_out)] if len(left_out) else []
    return Section("Choice of training fields", look_for, [results.figure("chosen-fields", caption)], tables)


def score_sections(results: Results, quality_figures: list[str]) -> list[Section]:
    """Training and scores of the filters."""
    learnt = "Validation loss falls and stays down; it is measured on fields that no network has learnt from."
    by_tilt = [results.figure(f"scores-{name}", f"Against the {name} image") for name in ("slow", "dcfi")]
    kept = "The networks keep width and depth near 100 % at all tilts."
    return [
        Section("Training", learnt, [results.figure("losses", "Loss curves")]),
        Section("Scores by tilt", kept, by_tilt, score_tables(results, "dcfi")),
        quality_section(results, quality_figures),
    ]


def quality_section(results: Results, stems: list[str]) -> Section:
    """Scores by kind of image, by intensity and by wave number."""
    images = results.table("evaluation/denoising.csv").query("reference == 'slow'")
    columns = ["psnr_db", *INTENSITY_RANGES, "residual_flatness"]
    by_intensity = images.groupby("denoiser", sort=False)[columns].mean().round(2).reset_index()
    reach = spectral_scores(results.table("evaluation/spectra.csv")).round(1)
    published = [f"{name} {value:g}" for name, value in PUBLISHED_AGREEMENT_PER_UM.items()]
    tables = [
        ReportTable("PSNR by the intensity of the slow image", by_intensity, "The residual's flatness is 0.56 where it is white noise."),
        ReportTable("Wave numbers of agreement, 1/µm", reach, f"Published, along x: {'; '.join(published)}."),
    ]
    look_for = "A filter that sharpens follows the slow image along x as far as along y; one that only averages noise falls behind along x."
    return Section(
        "Scores by intensity and wave number", look_for, [results.figure(stem, QUALITY_CAPTIONS[stem]) for stem in stems], tables
    )


def score_tables(results: Results, reference: str) -> list[ReportTable]:
    """Scores of all filters by tilt against one reference, beside the published ones."""
    images, lines = (results.table(f"evaluation/{name}.csv") for name in ("denoising", "lines"))
    tables = []
    for score, table in ((PSNR, images), (PSNR_AFFINE, images), (SSIM, images), (LINE_WIDTH, lines), (LINE_INTENSITY, lines)):
        printed = score_table(table[table["reference"] == reference], score, digits=2 if score is SSIM else 1)
        tables.append(ReportTable(f"{score.title}, against the {reference} image", printed))
    return tables


def field_section(results: Results, fields: list[str]) -> Section:
    """Images of the test fields."""
    sliders = []
    for field in fields:
        path = results.folder / f"figures/{field}/images.ome.tif"
        images, pixel_size_nm = read_images(path)
        by_name = dict(zip(read_channel_names(path), images, strict=True))
        filters = [name for name in by_name if name not in ("raw", "dcfi", "slow")]
        best = next(name for name in ("dlf-slow", *filters, "dcfi") if name in by_name)
        sliders.append(image_slider(f"Field {field}: raw and {best}", "raw", by_name["raw"], best, by_name[best], pixel_size_nm))
    kinds = [kind for kind in FIELD_CAPTIONS if kind != "drift"]
    figures = [results.figure(f"{field}/{kind}", f"{field}: {FIELD_CAPTIONS[kind]}") for kind in kinds for field in fields]
    look_for = "Noise and streaks go; lines stay as thin and as deep as in the slow image."
    return Section("Denoised images", look_for, figures, sliders=sliders)


def in_situ_section(results: Results, series: str, denoisers: list[str]) -> Section:
    """Frames of an in-situ series from beginning to end, its movie, and the last frames against the final slow image."""
    figures, sliders = [results.figure(f"{series}/{denoisers[0]}/course", f"{series}: drift and temperature")], []
    for denoiser in denoisers:
        movie = f"in_situ/{series}/{denoiser}.mp4"
        caption = f"{series}, {denoiser}: from beginning to end (as Ihara et al. 2022, Fig. 5); the movie stands in {movie}"
        stills = results.figure(f"{series}/{denoiser}/stills", caption)
        figures.append(replace(stills, links=[movie, *stills.links]))
        (raw, denoised), pixel_size_nm = read_images(results.folder / f"figures/{series}/{denoiser}/images.ome.tif")
        sliders.append(image_slider(f"{series}: the last frame, raw and {denoiser}", "raw", raw, denoiser, denoised, pixel_size_nm))
    scores = results.table("evaluation/in_situ.csv").query("acquisition == @series")
    note = f"Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} % in PSNR. The gain depends on the noise of the raw frames and on the slow image's."
    tables = [ReportTable("The last frames against the final slow image", scores, note)] if len(scores) else []
    look_for = "Noise goes from every frame, lines that move stay sharp, and the last frames look like the final slow image."
    return Section(f"In-situ series {series}", look_for, figures, tables, sliders)


def in_situ_sentences(results: Results) -> list[str]:
    """What the last frames of in-situ series have gained, one sentence a filter."""
    scores = results.table("evaluation/in_situ.csv")
    return [
        f"{row.acquisition}, {row.denoiser}: the last {row.frames} frames have a PSNR of {row.denoised_psnr_db:.1f} dB against the final "
        f"slow image, {row.psnr_gain_percent:+.0f} % on the raw {row.raw_psnr_db:.1f} dB (Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} %)."
        for row in scores.itertuples()
    ]


def line_sentences(results: Results, shown: dict[str, list[str]]) -> list[str]:
    """How many dislocations there are and which are the same in rapid and slow, one sentence a comparison; then against the truth."""
    sentences = []
    for series, variants in shown.items():
        summaries = {name: results.table(f"dislocations/{series}/{name}.line_summary.csv") for name in variants}
        pairs = results.table(f"dislocations/{series}/line_pairs.csv")
        for name, rows in pairs.groupby("variant", sort=False):
            sentences.append(f"{series}: " + agreement_sentence(rows, summaries[name], summaries["slow"], name, "slow"))
        if pairs.empty:
            sentences += [f"{series}, {name}: {count_words(summary)}." for name, summary in summaries.items()]
    return sentences + truth_sentences(results.table("evaluation/line_identity.csv"))


def density_sentences(results: Results, shown: dict[str, list[str]]) -> list[str]:
    """Length and density of the dislocations, one sentence a series and variant."""
    sentences = []
    for series, variants in shown.items():
        for variant in variants:
            lines = results.table(f"dislocations/{series}/{variant}.line_density.csv").query("slip_plane == 'all'").iloc[0]
            density = f"{lines['density_per_m2'] / 1e12:.1f} ± {lines['sampling_sd_per_m2'] / 1e12:.1f}"
            length = f"{lines['length_nm'] / 1e3:.1f} µm of lines"
            sentences.append(f"{series}, {variant}: {length}, {density} · 10¹² m⁻² in {lines['volume_um3']:.2f} µm³ of foil.")
    return sentences


def volume_section(results: Results, series: str, variants: list[str], kinds: list[str]) -> Section:
    """Centres of the dislocations: rapid against slow."""
    rapid = [variant for variant in variants if variant != "slow"] if "slow" in variants else []
    figures = results.series_figures(series, rapid, kinds)
    clouds = []
    if rapid:
        motions = {rapid[0]: results.motion(series, rapid[0]), "slow": NO_MOTION}
        centres = [motion.applied_to(results.table(f"dislocations/{series}/{name}.centroids.csv")) for name, motion in motions.items()]
        tables = [motion.applied_to(results.table(f"dislocations/{series}/{name}.lines.csv")) for name, motion in motions.items()]
        clouds = centre_clouds(*centres, *map(polylines_of, tables))
    look_for = "Orange (rapid) and aqua (slow) lie on each other; the difference in z has no trend over y."
    return Section(f"Dislocations in {series}", look_for, figures, clouds=clouds)


def line_section(results: Results, series: str, variants: list[str], kinds: list[str]) -> Section:
    """Dislocation lines and their slip planes."""
    figures = results.series_figures(series, variants, kinds)
    density = results.gathered({variant: f"dislocations/{series}/{variant}.line_density.csv" for variant in variants}, "series")
    found = results.table("evaluation/line_detection.csv").query("acquisition == @series")
    tables = [ReportTable("Lengths and densities", density)]
    tables += [ReportTable("Share of the lines that is found and that is real", found)] if len(found) else []
    identity = results.table("evaluation/line_identity.csv").query("acquisition == @series")
    tables += [ReportTable("Which line is which", identity, IDENTITY_NOTE)] if len(identity) else []
    pairs = results.table(f"dislocations/{series}/line_pairs.csv")
    tables += [ReportTable("Lines of the variants, by their numbers", pairs)] if len(pairs) else []
    look_for = "Lines run through the foil from surface to surface; rapid and slow series give the same lines, planes and densities."
    return Section(f"Dislocation lines in {series}", look_for, figures, tables)


def series_section(results: Results, series: str, variants: list[str], kinds: list[str]) -> Section:
    """Angles, alignment and binarisation of a tilt series."""
    figures = results.series_figures(series, variants, kinds)
    alignment = results.gathered({variant: f"tilt_series/{series}/{variant}.alignment.csv" for variant in variants}, "series")
    look_for = "Refined angles differ smoothly from the reported ones; lines are binarised alike at all tilts."
    return Section(f"Tilt series {series}", look_for, figures, [ReportTable("Alignment", alignment)])
