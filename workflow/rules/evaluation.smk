"""Numbers that compare: filters with references, tomograms with each other and with the truth."""


rule score_images:
    """Image quality and line profiles of every filter on one test field."""
    input:
        rapid=raw_file("rapid"),
        slow=raw_file("slow"),
        dcfi=rules.integrate_frames.output.image,
        drift=rules.integrate_frames.output.drift,
        field=rules.align_references.output.field,
        references=rules.align_references.output.references,
        map=DISTORTION_MAP,
        denoised=lambda wildcards: expand(
            f"{FOLDER}/denoised/{{denoiser}}/{wildcards.acquisition}.ome.tif",
            denoiser=SESSION.field_denoisers,
        ),
        intervals=expand(f"{FOLDER}/models/{{denoiser}}/intervals.json", denoiser=SESSION.stating_intervals),
    output:
        images=f"{FOLDER}/evaluation/fields/{{acquisition}}.denoising.csv",
        lines=f"{FOLDER}/evaluation/fields/{{acquisition}}.lines.csv",
        spectra=f"{FOLDER}/evaluation/fields/{{acquisition}}.spectra.csv",
        intervals=f"{FOLDER}/evaluation/fields/{{acquisition}}.intervals.csv",
    log:
        f"{FOLDER}/logs/score_images/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/score_images/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(230, 3),
        runtime=minutes(15, 120),
    params:
        code=code("score_images"),
        reading=reading,
        contents=own_contents("rapid", "slow"),
        tilt_deg=lambda wildcards: SESSION.tilt_deg(wildcards.acquisition),
        denoisers=SESSION.field_denoisers,
        stating_intervals=SESSION.stating_intervals,
        frames=SESSION.config["evaluation"]["frames"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
    message:
        "Scoring the filters on {wildcards.acquisition}"
    script:
        "../../scripts/score_images.py"


rule measure_positions:
    """Errors of the dislocation positions: rapid against slow, and both against the truth where it is known."""
    input:
        centroids=variant_files("dislocations", "centroids.csv", SESSION.variants),
        volume=first_variant_file("tomograms", "mrc"),
        truth=lambda wildcards: truth(wildcards.acquisition),
    output:
        errors=f"{FOLDER}/evaluation/series/{{acquisition}}.positional_error.csv",
        pairs=f"{FOLDER}/evaluation/series/{{acquisition}}.pairs.csv",
    log:
        f"{FOLDER}/logs/measure_positions/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/measure_positions/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(220, 1),
        runtime=minutes(15, 30),
    params:
        code=code("measure_positions"),
        variants=lambda wildcards: names(SESSION.variants(wildcards.acquisition)),
        against_slow=lambda wildcards: SESSION.compared_with_slow(SESSION.variants(wildcards.acquisition)),
        calibrated=lambda wildcards: {
            variant.name: variant.calibrated_name
            for variant in SESSION.variants(wildcards.acquisition)
            if variant.has_time_lag
        },
        radius_nm=SESSION.config["evaluation"]["pairing_radius_nm"],
    message:
        "Measuring the positions of {wildcards.acquisition}"
    script:
        "../../scripts/measure_positions.py"


rule score_lines:
    """Dislocation lines, rapid against slow and both against the truth where it is known: what is found, what is real, which is which."""
    input:
        lines=variant_files("dislocations", "lines.csv", SESSION.shown_variants),
        centroids=variant_files("dislocations", "centroids.csv", SESSION.shown_variants),
        volume=first_variant_file("tomograms", "mrc"),
        truth=lambda wildcards: truth(wildcards.acquisition),
    output:
        detection=f"{FOLDER}/evaluation/series/{{acquisition}}.line_detection.csv",
        identity=f"{FOLDER}/evaluation/series/{{acquisition}}.line_identity.csv",
        pairs=f"{FOLDER}/dislocations/{{acquisition}}/line_pairs.csv",
    log:
        f"{FOLDER}/logs/score_lines/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/score_lines/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(220, 1),
        runtime=minutes(15, 30),
    params:
        code=code("score_lines"),
        variants=lambda wildcards: names(SESSION.shown_variants(wildcards.acquisition)),
        against_slow=lambda wildcards: SESSION.compared_with_slow(
            SESSION.shown_variants(wildcards.acquisition)
        ),
    message:
        "Scoring the lines of {wildcards.acquisition}"
    script:
        "../../scripts/score_lines.py"


if SESSION.simulated:

    rule measure_bound:
        """How near to the truth a filtered rapid series could come, and how far its angles are off. Nobody asks for it but a sweep."""
        input:
            rapid=raw_file("rapid"),
            truth=lambda wildcards: truth(wildcards.acquisition),
            weights=f"{FOLDER}/models/{{denoiser}}/weights.safetensors",
            card=f"{FOLDER}/models/{{denoiser}}/model.json",
            angles=f"{FOLDER}/tilt_series/{{acquisition}}/rapid-{{denoiser}}.angles.csv",
        output:
            bound=f"{FOLDER}/evaluation/series/{{acquisition}}.rapid-{{denoiser}}.bound.csv",
        log:
            f"{FOLDER}/logs/measure_bound/{{acquisition}}/rapid-{{denoiser}}.log",
        benchmark:
            f"{FOLDER}/benchmarks/measure_bound/{{acquisition}}/rapid-{{denoiser}}.tsv"
        wildcard_constraints:
            denoiser=one_of(SESSION.networks),
        conda:
            "../../envs/tomography.yaml"
        threads: 1
        resources:
            mem_mb=memory_mb(3000, 20),
            runtime=minutes(60, 240),
        params:
            code=code("measure_bound"),
            reading=reading,
            depth_nm=SESSION.config["tomography"]["thickness_nm"] + SESSION.config["tomography"]["margin_nm"],
            line_width_nm=SESSION.config["tomography"]["line_width_nm"],
            radius_nm=SESSION.config["evaluation"]["pairing_radius_nm"],
        message:
            "Measuring how near to the truth rapid-{wildcards.denoiser} of {wildcards.acquisition} could come"
        script:
            "../../scripts/measure_bound.py"


rule score_sweep:
    """Lines that were followed through a tilt series, and those of its static fit, against their true motion."""
    input:
        positions=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.positions.csv",
        lines=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.csv",
        angles=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.angles.csv",
        centroids=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.centroids.csv",
        volume=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
        truth=lambda wildcards: truth(wildcards.acquisition),
    output:
        scores=f"{FOLDER}/evaluation/sweeps/{{acquisition}}/{{variant}}.csv",
    log:
        f"{FOLDER}/logs/score_sweep/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/score_sweep/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(280, 5),
        runtime=minutes(15, 60),
    params:
        code=code("score_sweep"),
    message:
        "Scoring the lines followed through {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/score_sweep.py"


rule gather_tables:
    """The tables of all fields and of all series, each in one."""
    input:
        denoising=expand(f"{FOLDER}/evaluation/fields/{{acquisition}}.denoising.csv", acquisition=TEST_FIELDS),
        lines=expand(f"{FOLDER}/evaluation/fields/{{acquisition}}.lines.csv", acquisition=TEST_FIELDS),
        spectra=expand(f"{FOLDER}/evaluation/fields/{{acquisition}}.spectra.csv", acquisition=TEST_FIELDS),
        intervals=expand(f"{FOLDER}/evaluation/fields/{{acquisition}}.intervals.csv", acquisition=TEST_FIELDS),
        positional_error=expand(
            f"{FOLDER}/evaluation/series/{{acquisition}}.positional_error.csv", acquisition=SERIES
        ),
        line_detection=expand(
            f"{FOLDER}/evaluation/series/{{acquisition}}.line_detection.csv", acquisition=SERIES
        ),
        line_identity=expand(
            f"{FOLDER}/evaluation/series/{{acquisition}}.line_identity.csv", acquisition=SERIES
        ),
        in_situ=expand(
            f"{FOLDER}/evaluation/in_situ/{{acquisition}}.csv", acquisition=SESSION.paired("in_situ")
        ),
    output:
        denoising=f"{FOLDER}/evaluation/denoising.csv",
        lines=f"{FOLDER}/evaluation/lines.csv",
        spectra=f"{FOLDER}/evaluation/spectra.csv",
        intervals=f"{FOLDER}/evaluation/intervals.csv",
        positional_error=f"{FOLDER}/evaluation/positional_error.csv",
        line_detection=f"{FOLDER}/evaluation/line_detection.csv",
        line_identity=f"{FOLDER}/evaluation/line_identity.csv",
        in_situ=f"{FOLDER}/evaluation/in_situ.csv",
    log:
        f"{FOLDER}/logs/gather_tables.log",
    benchmark:
        f"{FOLDER}/benchmarks/gather_tables.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(200, 2),
        runtime=minutes(5, 10),
    params:
        code=code("gather_tables"),
    message:
        "Gathering the tables"
    script:
        "../../scripts/gather_tables.py"
