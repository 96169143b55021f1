"""Gather the session's tables and figures into one page."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from report_sections import (
    Results,
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
from script_support import logged

import rapidstem
from rapidstem.figures import Report, verdict_sentences, verdict_table, write_report
from rapidstem.files import spoiling_fault

LIBRARIES = ("numpy", "scipy", "scikit-image", "rosettasciio", "torch", "astra-toolbox", "snakemake")


def warnings():
    found = list(parameters.remarks)
    for field, path in zip(parameters.all_fields, snakemake.input.drift, strict=True):
        used = pd.read_csv(path)["used"]
        if not used.all():
            found.append(f"{field}: {(~used).sum()} of {len(used)} frames were rejected")
    for field, path in zip(parameters.paired_fields, snakemake.input.fields, strict=True):
        correlation = pd.read_csv(path).loc[0, "correlation"]
        if correlation < 0.6:
            found.append(f"{field}: slow and rapid image correlate by {correlation:.2f} only")
    for (series, variant), path in zip(series_variants(), snakemake.input.alignment_warnings, strict=True):
        found += [f"{series}, {variant}: {warning}" for warning in pd.read_csv(path)["warning"]]
    for series, path in zip(parameters.in_situ, snakemake.input.in_situ_frames, strict=True):
        used = pd.read_csv(path)["used"]
        if not used.all():
            found.append(f"{series}: {(~used).sum()} of {len(used)} frames could not be registered, their shifts are interpolated")
    for row in errors[errors["paired_percent"] < 80].to_dict("records"):
        comparison = f"{row['acquisition']}, {row['variant']} against {row['against']}, {row['axis']}"
        found.append(f"{comparison}: only {row['paired_percent']:.0f} % of the centres are paired")
    return found


def leading_errors():
    """Those of the shown variants against the slow series, or all where there is no slow series."""
    shown = {variant for variants in parameters.shown.values() for variant in variants}
    leading = errors[errors["variant"].isin(shown) & (errors["against"] == "slow")]
    return leading if len(leading) else errors


def missing():
    reasons = {name: spoiling_fault(results.folder, name) or "left out by the configuration" for name in parameters.left_out}
    return [f"{name}: {reason}" for name, reason in reasons.items()]


def series_variants():
    return [(series, variant) for series, variants in parameters.series.items() for variant in variants]


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
    for rule in sorted((results.folder / "benchmarks").iterdir()):
        files = [rule] if rule.is_file() else sorted(rule.rglob("*.tsv"))
        tables = pd.concat([pd.read_csv(path, sep="\t") for path in files], ignore_index=True)
        rows.append({"rule": rule.stem, "jobs": len(tables), "seconds": tables["s"].sum(), "largest memory / MB": tables["max_rss"].max()})
    return pd.DataFrame(rows)


with logged(snakemake):
    parameters = snakemake.params
    results = Results(Path(snakemake.output.report).parent)
    errors = results.table("evaluation/positional_error.csv")
    report = Report(
        title=f"Session {parameters.session}",
        verdict=[
            *line_sentences(results, parameters.shown),
            *verdict_sentences(leading_errors()),
            *density_sentences(results, parameters.shown),
            *in_situ_sentences(results),
        ],
        errors=verdict_table(errors),
        scores=score_tables(results, "slow") if parameters.scores else [],
        sections=[
            *[volume_section(results, series, shown, parameters.rapid_figures) for series, shown in parameters.shown.items()],
            *[line_section(results, series, shown, parameters.line_figures) for series, shown in parameters.shown.items()],
            *([reference_section(results, parameters.test_fields, parameters.shown_fields)] if parameters.shown_fields else []),
            *([distortion_section(results, parameters.distortion_figures)] if parameters.distortion_figures else []),
            *([choice_section(results)] if parameters.choice else []),
            *(score_sections(results, parameters.quality_figures) if parameters.scores else []),
            *([field_section(results, parameters.test_fields)] if parameters.test_fields else []),
            *[in_situ_section(results, series, denoisers) for series, denoisers in parameters.in_situ.items()],
            *[series_section(results, series, shown, parameters.variant_figures) for series, shown in parameters.shown.items()],
        ],
        missing=missing(),
        warnings=warnings(),
        settings={name: json.dumps(value) for name, value in parameters.settings.items()},
        versions=versions(),
        times=times(),
    )
    size = write_report(snakemake.output.report, report)
    print(f"The report has {size / 1e6:.1f} MB")
