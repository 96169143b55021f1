"""Gather the session's tables and figures into one page."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from script_support import logged

import rapidstem
from rapidstem.figures.report_page import (
    Report,
    ReportTable,
    Section,
    centre_clouds,
    image_slider,
    saved_figure,
    verdict_sentences,
    verdict_table,
    write_report,
)
from rapidstem.figures.score_tables import LINE_INTENSITY, LINE_WIDTH, PSNR, PSNR_AFFINE, SSIM, score_table
from rapidstem.files.ome_tiff import read_channel_names, read_images

LIBRARIES = ("numpy", "scipy", "scikit-image", "rosettasciio", "torch", "astra-toolbox", "snakemake")
FIELD_CAPTIONS = {
    "drift": "Drift of the rapid frames",
    "filters": "Every filter on the first frame, with contour plots of the marked part (as Ihara et al. 2022, Fig. 1d)",
    "profiles": "Profiles across a dislocation (as Zhao et al. 2021, Fig. 3e)",
    "spectra": "Power spectra along the fast scan direction (as Ihara et al. 2022, Fig. 4c)",
}
SERIES_CAPTIONS = {
    "angles": "Tilt angles as reported and as refined, and shifts",
    "binary": "Aligned and binarised frames",
    "projections": "Rapid, slow and both, in three projections (as Zhao et al. 2021, Fig. 5)",
    "centres": "Local intensity centres (as Zhao et al. 2021, Fig. 6)",
    "depth": "Difference in z against y and x (as Zhao et al. 2021, Fig. 7)",
    "differences": "Distribution of the differences",
}


def figure(name, caption):
    return saved_figure(folder / "figures" / name, caption, folder)


def field_section():
    sliders = []
    for field, path in zip(parameters.test_fields, snakemake.input.images, strict=True):
        images, pixel_size_nm = read_images(path)
        by_name = dict(zip(read_channel_names(path), images, strict=True))
        filters = [name for name in by_name if name not in ("raw", "dcfi", "slow")]
        best = next(name for name in ("dlf-slow", *filters, "dcfi") if name in by_name)
        sliders.append(image_slider(f"Field {field}: raw and {best}", "raw", by_name["raw"], best, by_name[best], pixel_size_nm))
    figures = [
        figure(f"{field}/{kind}", f"{field}: {caption}.")
        for kind, caption in FIELD_CAPTIONS.items()
        if kind != "drift"
        for field in parameters.test_fields
    ]
    return Section(
        "Denoised images", "Noise and streaks go; lines stay as thin and as deep as in the slow image.", figures, sliders=sliders
    )


def reference_section():
    figures = [figure(f"{field}/drift", f"{field}: {FIELD_CAPTIONS['drift']}.") for field in parameters.test_fields]
    return Section(
        "Drift-corrected references", "The trace is smooth, residuals are a fraction of a pixel, few frames are rejected.", figures
    )


def series_section(series, variants):
    figures = [
        figure(f"{series}/{variant}/{kind}", f"{series}, {variant}: {SERIES_CAPTIONS[kind]}.")
        for kind in parameters.variant_figures
        for variant in variants
    ]
    tables = [ReportTable("Alignment", pd.concat(alignments[series], ignore_index=True))]
    return Section(
        f"Tilt series {series}",
        "Refined angles differ smoothly from the reported ones; lines are binarised alike at all tilts.",
        figures,
        tables,
    )


def volume_section(series, variants):
    rapid = [variant for variant in variants if variant != "slow"] if "slow" in variants else []
    figures = [
        figure(f"{series}/{variant}/{kind}", f"{series}, {variant}: {SERIES_CAPTIONS[kind]}.")
        for kind in parameters.rapid_figures
        for variant in rapid
    ]
    clouds = centre_clouds(centroids[series][rapid[0]], centroids[series]["slow"]) if rapid else []
    look_for = "Orange (rapid) and aqua (slow) lie on each other; the difference in z has no trend over y."
    return Section(f"Dislocations in {series}", look_for, figures, clouds=clouds)


def distortion_section():
    figures = [
        figure("distortion-map", "Deviation of the map from a straight line."),
        figure("superposition", "Rapid (aqua) on slow (red), before and after the correction (as Zhao et al. 2021, Fig. 1g)."),
    ]
    return Section("Scan distortion", "After the correction the superposition is white.", figures)


def score_sections():
    learnt = "Validation loss falls and stays down; it is measured on fields that no network has learnt from."
    by_tilt = [figure("scores-slow", "Against the slow image."), figure("scores-dcfi", "Against the DCFI image.")]
    return [
        Section("Training", learnt, [figure("losses", "Loss curves.")]),
        Section("Scores by tilt", "The networks keep width and depth near 100 % at all tilts.", by_tilt, score_tables("dcfi")),
    ]


def score_tables(reference):
    images, lines = (pd.read_csv(path) for path in (snakemake.input.denoising, snakemake.input.lines))
    tables = []
    for score, table in ((PSNR, images), (PSNR_AFFINE, images), (SSIM, images), (LINE_WIDTH, lines), (LINE_INTENSITY, lines)):
        printed = score_table(table[table["reference"] == reference], score, digits=2 if score is SSIM else 1)
        tables.append(ReportTable(f"{score.title}, against the {reference} image", printed))
    return tables


def warnings():
    found = []
    for field, path in zip(parameters.all_fields, snakemake.input.drift, strict=True):
        used = pd.read_csv(path)["used"]
        if not used.all():
            found.append(f"{field}: {(~used).sum()} of {len(used)} frames were rejected")
    for field, path in zip(parameters.fields, snakemake.input.fields, strict=True):
        correlation = pd.read_csv(path).loc[0, "correlation"]
        if correlation < 0.6:
            found.append(f"{field}: slow and rapid image correlate by {correlation:.2f} only")
    for row in errors[errors["paired_percent"] < 80].to_dict("records"):
        comparison = f"{row['acquisition']}, {row['variant']} against {row['against']}, {row['axis']}"
        found.append(f"{comparison}: only {row['paired_percent']:.0f} % of the centres are paired")
    return found


def versions():
    found = {"rapidstem": rapidstem.__version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def times():
    rows = []
    for rule in sorted((folder / "benchmarks").iterdir()):
        files = [rule] if rule.is_file() else sorted(rule.rglob("*.tsv"))
        tables = pd.concat([pd.read_csv(path, sep="\t") for path in files], ignore_index=True)
        rows.append({"rule": rule.stem, "jobs": len(tables), "seconds": tables["s"].sum(), "largest memory / MB": tables["max_rss"].max()})
    return pd.DataFrame(rows)


with logged(snakemake):
    parameters = snakemake.params
    folder = Path(snakemake.output.report).parent
    errors = pd.read_csv(snakemake.input.positional_error)
    alignments, centroids = {}, {}
    names = [(series, variant) for series, variants in parameters.series.items() for variant in variants]
    for (series, variant), alignment, centres in zip(names, snakemake.input.alignments, snakemake.input.centroids, strict=True):
        table = pd.read_csv(alignment)
        table.insert(0, "series", variant)
        alignments.setdefault(series, []).append(table)
        centroids.setdefault(series, {})[variant] = pd.read_csv(centres)
    report = Report(
        title=f"Session {parameters.session}",
        verdict=verdict_sentences(errors),
        errors=verdict_table(errors),
        scores=score_tables("slow") if parameters.scores else [],
        sections=[
            *[volume_section(series, variants) for series, variants in parameters.series.items()],
            *([reference_section()] if parameters.test_fields else []),
            *([distortion_section()] if parameters.distortion else []),
            *(score_sections() if parameters.scores else []),
            *([field_section()] if parameters.test_fields else []),
            *[series_section(series, variants) for series, variants in parameters.series.items()],
        ],
        warnings=warnings(),
        settings={name: json.dumps(value) for name, value in parameters.settings.items()},
        versions=versions(),
        times=times(),
    )
    size = write_report(snakemake.output.report, report)
    print(f"The report lies at {Path(snakemake.output.report).resolve()} ({size / 1e6:.1f} MB)")
