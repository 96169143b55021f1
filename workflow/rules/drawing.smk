"""Figures of every stage, one rule for each scope of the registry of figures (those of in-situ series lie with their rules)."""


rule draw_field:
    """Drift, filters side by side, line profiles and power spectra of one test field."""
    input:
        rapid=raw_file("rapid"),
        slow=raw_file("slow"),
        drift=rules.integrate_frames.output.drift,
        references=rules.align_references.output.references,
        field=rules.align_references.output.field,
        map=DISTORTION_MAP,
        lines=rules.score_images.output.lines,
        denoised=lambda wildcards: expand(
            f"{FOLDER}/denoised/{{denoiser}}/{wildcards.acquisition}.ome.tif",
            denoiser=SESSION.field_denoisers,
        ),
        intervals=expand(f"{FOLDER}/models/{{denoiser}}/intervals.json", denoiser=SESSION.stating_intervals),
    output:
        figure_pictures(DRAWN[FIELD], "{acquisition}/", category="Fields", subcategory="{acquisition}"),
        figure_data(DRAWN[FIELD], "{acquisition}/"),
        images=f"{FOLDER}/figures/{{acquisition}}/images.ome.tif",
    log:
        f"{FOLDER}/logs/draw_field/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_field/{{acquisition}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(280, 4),
        runtime=minutes(10, 30),
    params:
        code=drawing_code("draw_field", FIELD),
        figures=drawn_by(DRAWN[FIELD]),
        reading=reading,
        contents=own_contents("rapid", "slow"),
        denoisers=SESSION.field_denoisers,
        stating_intervals=SESSION.stating_intervals,
    message:
        "Drawing the figures of {wildcards.acquisition}"
    script:
        "../../scripts/draw_field.py"


rule draw_distortion:
    """The distortion map, and rapid on slow image of a field before and after the correction."""
    input:
        map=DISTORTION_MAP,
        residual=rules.measure_distortion.output.residual if SESSION.measures_distortion else [],
        strips=rules.measure_distortion.output.strips if SESSION.measures_distortion else [],
        dcfi=lambda wildcards: f"{FOLDER}/dcfi/{SHOWN_FIELDS[0]}.ome.tif",
        slow=lambda wildcards: raw_path(SHOWN_FIELDS[0], "slow"),
        field=lambda wildcards: f"{FOLDER}/pairs/{SHOWN_FIELDS[0]}/field.csv",
    output:
        figure_pictures(names_of(DISTORTION), category="Distortion"),
        figure_data(names_of(DISTORTION)),
    log:
        f"{FOLDER}/logs/draw_distortion.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_distortion.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(300, 4),
        runtime=minutes(10, 30),
    params:
        code=drawing_code("draw_distortion", DISTORTION),
        figures=drawn_by(names_of(DISTORTION)),
        reading=lambda wildcards: reading_of(SHOWN_FIELDS[:1]),
        contents=lambda wildcards: raw_contents((SHOWN_FIELDS[0], "slow")),
        feature_width_nm=SESSION.config["distortion"]["feature_width_nm"],
    message:
        "Drawing the scan distortion"
    script:
        "../../scripts/draw_distortion.py"


if FIELD_CHOICE:

    rule draw_choice:
        """The histograms of the training fields beside those of the tilt series."""
        input:
            choice=rules.choose_fields.output.choice,
            histograms=rules.choose_fields.output.histograms,
        output:
            figure_pictures(DRAWN[CHOICE], category="Denoising"),
            figure_data(DRAWN[CHOICE]),
        log:
            f"{FOLDER}/logs/draw_choice.log",
        benchmark:
            f"{FOLDER}/benchmarks/draw_choice.tsv"
        conda:
            "../../envs/report.yaml"
        threads: 1
        resources:
            mem_mb=memory_mb(200, 4),
            runtime=minutes(10, 10),
        params:
            code=drawing_code("draw_choice", CHOICE),
            figures=drawn_by(DRAWN[CHOICE]),
        message:
            "Drawing the choice of training fields"
        script:
            "../../scripts/draw_choice.py"


rule draw_scores:
    """Loss curves of the networks, and the scores of all filters by tilt."""
    input:
        denoising=rules.gather_tables.output.denoising,
        lines=rules.gather_tables.output.lines,
        spectra=rules.gather_tables.output.spectra,
        losses=expand(f"{FOLDER}/models/{{denoiser}}/losses.csv", denoiser=SESSION.networks),
    output:
        figure_pictures(SCORE_FIGURES, category="Denoising"),
        figure_data(SCORE_FIGURES),
    log:
        f"{FOLDER}/logs/draw_scores.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_scores.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(280, 4),
        runtime=minutes(10, 10),
    params:
        code=drawing_code("draw_scores", SCORES),
        figures=drawn_by(SCORE_FIGURES),
        networks=SESSION.networks,
        training_frames=SINGLE_FIELD_FRAMES,
    message:
        "Drawing the scores of the filters"
    script:
        "../../scripts/draw_scores.py"


rule draw_variant:
    """Angles and shifts of one aligned series, its frames beside the binarised ones, and the resolution of its tomogram."""
    input:
        angles=rules.align_series.output.angles,
        series=rules.align_series.output.series,
        binary=rules.binarise_series.output.series,
        motion=rules.align_series.output.motion,
        resolution=rules.measure_resolution.output.resolution,
    output:
        figure_pictures(
            DRAWN[VARIANT],
            "{acquisition}/{variant}/",
            category="Tilt series",
            subcategory="{acquisition}",
            labels={"series": "{variant}"},
        ),
        figure_data(DRAWN[VARIANT], "{acquisition}/{variant}/"),
    log:
        f"{FOLDER}/logs/draw_variant/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_variant/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(200, 1.3),
        runtime=minutes(10, 30),
    params:
        code=drawing_code("draw_variant", VARIANT),
        figures=drawn_by(DRAWN[VARIANT]),
    message:
        "Drawing the series {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/draw_variant.py"


rule draw_lines:
    """Dislocation lines of one tomogram, their lengths and their slip planes."""
    input:
        lines=rules.fit_lines.output.lines,
        summary=rules.fit_lines.output.summary,
        density=rules.fit_lines.output.density,
    output:
        figure_pictures(
            DRAWN[LINES],
            "{acquisition}/{variant}/",
            category="Dislocation lines",
            subcategory="{acquisition}",
            labels={"series": "{variant}"},
        ),
        figure_data(DRAWN[LINES], "{acquisition}/{variant}/"),
    log:
        f"{FOLDER}/logs/draw_lines/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_lines/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(250, 8),
        runtime=minutes(10, 30),
    params:
        code=drawing_code("draw_lines", LINES),
        figures=drawn_by(DRAWN[LINES]),
    message:
        "Drawing the lines in {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/draw_lines.py"


rule draw_positions:
    """Rapid on slow reconstruction, their centres and the differences between them."""
    input:
        rapid=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
        slow=f"{FOLDER}/tomograms/{{acquisition}}/slow.mrc",
        rapid_centroids=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.centroids.csv",
        slow_centroids=f"{FOLDER}/dislocations/{{acquisition}}/slow.centroids.csv",
        rapid_lines=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.csv",
        slow_lines=f"{FOLDER}/dislocations/{{acquisition}}/slow.lines.csv",
        line_pairs=rules.score_lines.output.pairs,
        pairs=rules.measure_positions.output.pairs,
        errors=rules.measure_positions.output.errors,
    output:
        figure_pictures(
            DRAWN[POSITIONS],
            "{acquisition}/{variant}/",
            category="Positions",
            subcategory="{acquisition}",
            labels={"series": "{variant}"},
        ),
        figure_data(DRAWN[POSITIONS], "{acquisition}/{variant}/"),
    log:
        f"{FOLDER}/logs/draw_positions/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_positions/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(260, 2),
        runtime=minutes(10, 30),
    params:
        code=drawing_code("draw_positions", POSITIONS),
        figures=drawn_by(DRAWN[POSITIONS]),
        treatments=lambda wildcards: SESSION.treatments(SESSION.variant(wildcards.variant)),
    message:
        "Drawing the positions in {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/draw_positions.py"
