"""The report: what a person sees of a session, in one file."""

# The tables of followed lines that it reads.
MOVING = ("positions", "followed", "flags")


rule write_report:
    """Everything a person wants to see, in one file that opens without a network."""

    # Its inputs are named by paths: with one that is an output of `rules`, Snakemake compares each of ten thousand with all others.
    input:
        denoising=f"{FOLDER}/evaluation/denoising.csv",
        lines=f"{FOLDER}/evaluation/lines.csv",
        spectra=f"{FOLDER}/evaluation/spectra.csv",
        intervals=f"{FOLDER}/evaluation/intervals.csv",
        positional_error=f"{FOLDER}/evaluation/positional_error.csv",
        line_detection=f"{FOLDER}/evaluation/line_detection.csv",
        line_identity=f"{FOLDER}/evaluation/line_identity.csv",
        line_pairs=expand(f"{FOLDER}/dislocations/{{acquisition}}/line_pairs.csv", acquisition=SERIES),
        in_situ=f"{FOLDER}/evaluation/in_situ.csv",
        in_situ_images=expand(
            f"{FOLDER}/figures/{{acquisition}}/{{denoiser}}/images.ome.tif",
            acquisition=IN_SITU,
            denoiser=SESSION.in_situ_denoisers,
        ),
        in_situ_frames=expand(f"{FOLDER}/in_situ/{{acquisition}}/frames.csv", acquisition=IN_SITU),
        movies=expand(
            f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.mp4",
            acquisition=IN_SITU,
            denoiser=SESSION.in_situ_denoisers,
        ),
        line_movies=expand(
            f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.lines.mp4",
            acquisition=SESSION.followed,
            denoiser=SESSION.in_situ_denoisers,
        ),
        line_motion=expand(
            f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.{{table}}.csv",
            acquisition=SESSION.followed,
            denoiser=SESSION.in_situ_denoisers,
            table=MOVING,
        ),
        sweeps=[
            f"{FOLDER}/dislocations/{series}/{variant}.sweep.csv"
            for series, variant in SESSION.matched_sweeps
        ],
        moving=[
            f"{FOLDER}/dislocations/{series}/{variant}.{table}.csv"
            for series, variant in SESSION.followed_sweeps
            for table in MOVING
        ],
        moving_angles=[
            f"{FOLDER}/tilt_series/{series}/{variant}.angles.csv"
            for series, variant in SESSION.followed_sweeps
        ],
        sweep_scores=[
            f"{FOLDER}/evaluation/sweeps/{series}/{variant}.csv"
            for series, variant in SESSION.followed_sweeps
            if SESSION.simulated
        ],
        motion_scores=expand(
            f"{FOLDER}/evaluation/motion/{{acquisition}}/{{denoiser}}.csv",
            acquisition=SESSION.followed if SESSION.simulated else [],
            denoiser=SESSION.in_situ_denoisers,
        ),
        figures=shown_files(
            *DRAWN[DISTORTION],
            *DRAWN[CHOICE],
            *DRAWN[SCORES],
            *field_stems(),
            *variant_stems(),
            *in_situ_stems(),
        ),
        images=expand(f"{FOLDER}/figures/{{acquisition}}/images.ome.tif", acquisition=TEST_FIELDS),
        drift=expand(f"{FOLDER}/dcfi/{{acquisition}}.drift.csv", acquisition=FIELDS),
        instrument=f"{FOLDER}/dcfi/instrument.csv" if COMPARED_FIELDS else [],
        fields=expand(f"{FOLDER}/pairs/{{acquisition}}/field.csv", acquisition=PAIRED_FIELDS),
        choice=FIELD_CHOICE,
        residual=(
            f"{FOLDER}/distortion/residual.csv" if DRAWN[DISTORTION] and SESSION.measures_distortion else []
        ),
        alignments=series_files("tilt_series", "alignment.csv", SESSION.variants),
        motions=series_files("tilt_series", "motion.csv", SESSION.variants),
        alignment_warnings=series_files("tilt_series", "warnings.csv", SESSION.variants),
        centroids=series_files("dislocations", "centroids.csv", SESSION.variants),
        lines_traced=series_files("dislocations", "lines.csv", SESSION.shown_variants),
        densities=series_files("dislocations", "line_density.csv", SESSION.shown_variants),
        summaries=series_files("dislocations", "line_summary.csv", SESSION.shown_variants),
        resolutions=series_files("tomograms", "resolution.csv", SESSION.shown_variants),
        losses=f"{FOLDER}/figures/losses.csv" if "losses" in DRAWN[SCORES] else [],
    output:
        report=f"{FOLDER}/report.html",
        summary=f"{FOLDER}/report.json",
    log:
        f"{FOLDER}/logs/write_report.log",
    benchmark:
        f"{FOLDER}/benchmarks/write_report.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(260, 3),
        runtime=minutes(10, 10),
    params:
        code=code("write_report"),
        session=SESSION.name,
        left_out=SESSION.left_out,
        remarks=lambda wildcards: check_raw_files(SESSION) if REMARKS is None else REMARKS,
        fields=FIELDS,
        paired_fields=PAIRED_FIELDS,
        test_fields=TEST_FIELDS,
        compared_fields=COMPARED_FIELDS,
        series={series: names(SESSION.variants(series)) for series in SERIES},
        shown={series: names(SESSION.shown_variants(series)) for series in SERIES},
        against_slow={series: SESSION.compared_with_slow(SESSION.shown_variants(series)) for series in SERIES},
        in_situ={series: SESSION.in_situ_denoisers for series in IN_SITU},
        followed=SESSION.followed,
        matched_sweeps=by_series(SESSION.matched_sweeps),
        followed_sweeps=by_series(SESSION.followed_sweeps),
        figures=DRAWN,
        configuration={
            key: value
            for key, value in SESSION.config.items()
            if key not in ("session", "acquisitions", "leave_out")
        },
    message:
        "Writing the report"
    script:
        "../../scripts/write_report.py"
