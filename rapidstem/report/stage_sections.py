"""The parts of the report, one a stage, from the files of a finished session."""

from dataclasses import replace

from rapidstem.dislocations.line_tables import polylines_of
from rapidstem.dislocations.pairing import NO_MOTION
from rapidstem.figures.figure_registry import CHOICE, DISTORTION, FIELD, LINES, POSITIONS, SCORES, VARIANT
from rapidstem.figures.line_sentences import agreement_sentence, count_words, truth_sentences
from rapidstem.figures.quality_figures import PUBLISHED_AGREEMENT_PER_UM
from rapidstem.figures.score_tables import LINE_INTENSITY, LINE_WIDTH, PSNR, PSNR_AFFINE, SSIM, score_table
from rapidstem.files.ome_tiff import read_channel_names, read_images
from rapidstem.report.page_parts import ReportTable, Section, centre_clouds, image_slider
from rapidstem.report.session_results import Results, SessionContents
from rapidstem.scores.image_quality import INTENSITY_RANGES
from rapidstem.scores.image_spectra import spectral_scores
from rapidstem.scores.in_situ_scores import IHARA_GAIN_PERCENT

IDENTITY_NOTE = (
    "One to one: a single line covers the other and nothing else, but for 10 % or 40 nm. The run length is what one follows of a "
    "dislocation, on average, from a point on it without losing it or changing to another."
)
BY_TILT = ("scores-slow", "scores-dcfi")


def reference_section(results: Results, contents: SessionContents) -> Section:
    """Drift-corrected frame integration, beside the instrument's own where it gives any."""
    figures = [results.figure("drift", field) for field in contents.test_fields]
    instrument = results.gathered({field: f"dcfi/{field}.instrument.csv" for field in contents.shown_fields}, "acquisition")
    note = "Root mean square differences of the shifts; a relative sharpness below 1 says that the instrument's image is more blurred."
    tables = [ReportTable("Beside the instrument's own integration", instrument, note)] if len(instrument) else []
    look_for = "The trace is smooth, residuals are a fraction of a pixel, few frames are rejected."
    return Section("Drift-corrected references", look_for, figures, tables)


def distortion_section(results: Results, contents: SessionContents) -> Section:
    """The scan distortion."""
    figures = [results.figure(name) for name in contents.figures[DISTORTION]]
    measured = results.folder / "distortion/residual.csv"
    tables = [ReportTable("Map", results.table("distortion/residual.csv"))] if measured.exists() else []
    return Section("Scan distortion", "After the correction the superposition is white and no strip stands out.", figures, tables)


def choice_section(results: Results, contents: SessionContents) -> Section:
    """Which training fields resemble the tilt series."""
    left_out = results.table("pairs/choice.csv").query("not kept")[["acquisition", "tilt_deg", "distance", "largest_distance"]]
    look_for = "The fields' histograms lie on those of the tilt series: they are as thick, and the filters learn the right noise."
    tables = [ReportTable("Fields that were left out", left_out)] if len(left_out) else []
    return Section("Choice of training fields", look_for, [results.figure(name) for name in contents.figures[CHOICE]], tables)


def score_sections(results: Results, contents: SessionContents) -> list[Section]:
    """Training and scores of the filters."""
    learnt = "Validation loss falls and stays down; it is measured on fields that no network has learnt from."
    kept = "The networks keep width and depth near 100 % at all tilts."
    return [
        Section("Training", learnt, [results.figure("losses")]),
        Section("Scores by tilt", kept, [results.figure(name) for name in BY_TILT], score_tables(results, "dcfi")),
        quality_section(results, contents),
    ]


def quality_section(results: Results, contents: SessionContents) -> Section:
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
    figures = [results.figure(name) for name in contents.figures[SCORES] if name not in ("losses", *BY_TILT)]
    return Section("Scores by intensity and wave number", look_for, figures, tables)


def score_tables(results: Results, reference: str) -> list[ReportTable]:
    """Scores of all filters by tilt against one reference, beside the published ones."""
    images, lines = (results.table(f"evaluation/{name}.csv") for name in ("denoising", "lines"))
    tables = []
    for score, table in ((PSNR, images), (PSNR_AFFINE, images), (SSIM, images), (LINE_WIDTH, lines), (LINE_INTENSITY, lines)):
        printed = score_table(table[table["reference"] == reference], score, digits=2 if score is SSIM else 1)
        tables.append(ReportTable(f"{score.title}, against the {reference} image", printed))
    return tables


def field_section(results: Results, contents: SessionContents) -> Section:
    """Images of the test fields."""
    sliders = []
    for field in contents.test_fields:
        path = results.folder / f"figures/{field}/images.ome.tif"
        images, pixel_size_nm = read_images(path)
        by_name = dict(zip(read_channel_names(path), images, strict=True))
        filters = [name for name in by_name if name not in ("raw", "dcfi", "slow")]
        best = next(name for name in ("dlf-slow", *filters, "dcfi") if name in by_name)
        sliders.append(image_slider(f"Field {field}: raw and {best}", "raw", by_name["raw"], best, by_name[best], pixel_size_nm))
    figures = [results.figure(name, field) for name in contents.figures[FIELD] if name != "drift" for field in contents.test_fields]
    look_for = "Noise and streaks go; lines stay as thin and as deep as in the slow image."
    return Section("Denoised images", look_for, figures, sliders=sliders)


def in_situ_section(results: Results, contents: SessionContents, series: str) -> Section:
    """Frames of an in-situ series from beginning to end, its movie, and the last frames against the final slow image."""
    denoisers = contents.in_situ[series]
    figures, sliders = [results.figure("course", series, denoisers[0])], []
    for denoiser in denoisers:
        stills = results.figure("stills", series, denoiser)
        movies = [f"in_situ/{series}/{denoiser}.mp4"]
        if series in contents.followed:
            movies.append(f"in_situ/{series}/{denoiser}.lines.mp4")
        figures.append(replace(stills, links=[*movies, *stills.links]))
        (raw, denoised), pixel_size_nm = read_images(results.folder / f"figures/{series}/{denoiser}/images.ome.tif")
        sliders.append(image_slider(f"{series}: the last frame, raw and {denoiser}", "raw", raw, denoiser, denoised, pixel_size_nm))
    scores = results.table("evaluation/in_situ.csv").query("acquisition == @series")
    note = f"Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} % in PSNR. The gain depends on the noise of the raw frames and on the slow image's."
    tables = [ReportTable("The last frames against the final slow image", scores, note)] if len(scores) else []
    tables += _motion_tables(results, contents, series)
    look_for = "Noise goes from every frame, lines that move stay sharp, and the last frames look like the final slow image."
    return Section(f"In-situ series {series}", look_for, figures, tables, sliders)


def _motion_tables(results: Results, contents: SessionContents, series: str) -> list[ReportTable]:
    """Which lines of the tomogram were followed, and what happened to them, by the first network."""
    if series not in contents.followed:
        return []
    stem = f"in_situ/{series}/{contents.in_situ[series][0]}"
    why = "Positions lie in the plane of each line; a line without a certain plane, or whose plane is seen on edge, is left out."
    return [
        ReportTable("Lines of the tomogram that were followed", results.table(f"{stem}.followed.csv"), why),
        ReportTable("What happened to them", results.table(f"{stem}.flags.csv"), f"{stem}.lines.pvd opens in ParaView."),
    ]


def in_situ_sentences(results: Results) -> list[str]:
    """What the last frames of in-situ series have gained, one sentence a filter."""
    scores = results.table("evaluation/in_situ.csv")
    return [
        f"{row.acquisition}, {row.denoiser}: the last {row.frames} frames have a PSNR of {row.denoised_psnr_db:.1f} dB against the final "
        f"slow image, {row.psnr_gain_percent:+.0f} % on the raw {row.raw_psnr_db:.1f} dB (Ihara et al. 2022: +{IHARA_GAIN_PERCENT:g} %)."
        for row in scores.itertuples()
    ]


def line_sentences(results: Results, contents: SessionContents) -> list[str]:
    """How many dislocations there are and which are the same in rapid and slow, one sentence a comparison; then against the truth."""
    sentences = []
    for series, variants in contents.shown.items():
        summaries = {name: results.table(f"dislocations/{series}/{name}.line_summary.csv") for name in variants}
        pairs = results.table(f"dislocations/{series}/line_pairs.csv")
        for name, rows in pairs.groupby("variant", sort=False):
            sentences.append(f"{series}: " + agreement_sentence(rows, summaries[name], summaries["slow"], name, "slow"))
        if pairs.empty:
            sentences += [f"{series}, {name}: {count_words(summary)}." for name, summary in summaries.items()]
    return sentences + truth_sentences(results.table("evaluation/line_identity.csv"))


def density_sentences(results: Results, contents: SessionContents) -> list[str]:
    """Length and density of the dislocations, one sentence a series and variant."""
    sentences = []
    for series, variant in contents.shown_variants:
        lines = results.table(f"dislocations/{series}/{variant}.line_density.csv").query("slip_plane == 'all'").iloc[0]
        density = f"{lines['density_per_m2'] / 1e12:.1f} ± {lines['sampling_sd_per_m2'] / 1e12:.1f}"
        length = f"{lines['length_nm'] / 1e3:.1f} µm of lines"
        sentences.append(f"{series}, {variant}: {length}, {density} · 10¹² m⁻² in {lines['volume_um3']:.2f} µm³ of foil.")
    return sentences


def volume_section(results: Results, contents: SessionContents, series: str) -> Section:
    """Centres of the dislocations: rapid against slow."""
    rapid = contents.against_slow[series]
    figures = [results.figure(name, series, variant) for name in contents.figures[POSITIONS] for variant in rapid]
    clouds = []
    if rapid:
        motions = {rapid[0]: results.motion(series, rapid[0]), "slow": NO_MOTION}
        centres = [motion.applied_to(results.table(f"dislocations/{series}/{name}.centroids.csv")) for name, motion in motions.items()]
        tables = [motion.applied_to(results.table(f"dislocations/{series}/{name}.lines.csv")) for name, motion in motions.items()]
        clouds = centre_clouds(*centres, *map(polylines_of, tables))
    look_for = "Orange (rapid) and aqua (slow) lie on each other; the difference in z has no trend over y."
    return Section(f"Dislocations in {series}", look_for, figures, clouds=clouds)


def line_section(results: Results, contents: SessionContents, series: str) -> Section:
    """Dislocation lines and their slip planes."""
    variants = contents.shown[series]
    figures = [results.figure(name, series, variant) for name in contents.figures[LINES] for variant in variants]
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


def series_section(results: Results, contents: SessionContents, series: str) -> Section:
    """Angles, alignment and binarisation of a tilt series."""
    variants = contents.shown[series]
    figures = [results.figure(name, series, variant) for name in contents.figures[VARIANT] for variant in variants]
    alignment = results.gathered({variant: f"tilt_series/{series}/{variant}.alignment.csv" for variant in variants}, "series")
    look_for = "Refined angles differ smoothly from the reported ones; lines are binarised alike at all tilts."
    return Section(f"Tilt series {series}", look_for, figures, [ReportTable("Alignment", alignment)])
