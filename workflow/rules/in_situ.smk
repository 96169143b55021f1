"""In-situ series: drift, denoised frames in one geometry, a movie, and the last frames against the final slow image."""

# The last frames, raw and denoised, and padded spectra in double precision: with one denoiser 244 and 559 MB for 20 frames of 512 and of
# 1024 px, 219 and 477 MB for 5.
SCORED_TIMES = 175 + 1.5 * SESSION.config["in_situ"]["last_frames"] * (1 + len(SESSION.in_situ_denoisers))


rule align_in_situ:
    """Drift, time and temperature of the frames of an in-situ series."""
    input:
        rapid=raw_file("rapid"),
        temperature=temperature_log,
    output:
        frames=f"{FOLDER}/in_situ/{{acquisition}}/frames.csv",
    log:
        f"{FOLDER}/logs/align_in_situ/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/align_in_situ/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(250, 1.5),
        runtime=minutes(10, 30),
    params:
        code=code("align_in_situ"),
        reading=reading,
        contents=own_contents("rapid"),
        temperature=lambda wildcards: SESSION.temperature(wildcards.acquisition),
    message:
        "Finding the drift of {wildcards.acquisition}"
    script:
        "../../scripts/align_in_situ.py"


rule denoise_in_situ:
    """The frames of an in-situ series through a trained network, without drift and scan distortion; the memory holds a few frames."""
    input:
        rapid=raw_file("rapid"),
        frames=rules.align_in_situ.output.frames,
        weights=rules.train_denoiser.output.weights,
        card=rules.train_denoiser.output.card,
        map=DISTORTION_MAP,
    output:
        images=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.ome.tif",
    log:
        f"{FOLDER}/logs/denoise_in_situ/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/denoise_in_situ/{{denoiser}}/{{acquisition}}.tsv"
    wildcard_constraints:
        denoiser=r"(?!slow\.)[A-Za-z0-9_-]+",
    conda:
        "../../envs/learning.yaml"
    threads: 2
    resources:
        # The features of a frame, or of a tile of 1448 px: 592 and 1351 MB for 512 and 1024 px.
        mem_mb=frame_memory_mb(350, 580, largest_mb=4),
        runtime=minutes(30, 240),
    params:
        code=code("denoise_in_situ"),
        reading=reading,
        contents=own_contents("rapid"),
    message:
        "Denoising {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/denoise_in_situ.py"


rule film_in_situ:
    """A movie of an in-situ series, raw and denoised side by side, with scale bar, time and temperature."""
    input:
        rapid=raw_file("rapid"),
        frames=rules.align_in_situ.output.frames,
        denoised=rules.denoise_in_situ.output.images,
        map=DISTORTION_MAP,
    output:
        movie=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.mp4",
    log:
        f"{FOLDER}/logs/film_in_situ/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/film_in_situ/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        # 275 and 396 MB for 512 and 1024 px.
        mem_mb=frame_memory_mb(270, 95),
        runtime=minutes(10, 60),
    params:
        code=code("film_in_situ"),
        reading=reading,
        contents=own_contents("rapid"),
    message:
        "Filming {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/film_in_situ.py"


rule score_in_situ:
    """The last frames of an in-situ series, raw and denoised, against its final slow image."""
    input:
        rapid=raw_file("rapid"),
        slow=raw_file("slow"),
        frames=rules.align_in_situ.output.frames,
        denoised=lambda wildcards: expand(
            f"{FOLDER}/in_situ/{wildcards.acquisition}/{{denoiser}}.ome.tif",
            denoiser=SESSION.in_situ_denoisers,
        ),
        map=DISTORTION_MAP,
    output:
        scores=f"{FOLDER}/evaluation/in_situ/{{acquisition}}.csv",
        slow=f"{FOLDER}/in_situ/{{acquisition}}/slow.ome.tif",
    log:
        f"{FOLDER}/logs/score_in_situ/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/score_in_situ/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=frame_memory_mb(160, SCORED_TIMES),
        runtime=minutes(15),
    params:
        code=code("score_in_situ"),
        reading=reading,
        contents=own_contents("rapid", "slow"),
        denoisers=SESSION.in_situ_denoisers,
        last_frames=SESSION.config["in_situ"]["last_frames"],
        feature_width_nm=SESSION.config["distortion"]["feature_width_nm"],
    message:
        "Scoring the last frames of {wildcards.acquisition}"
    script:
        "../../scripts/score_in_situ.py"


rule draw_in_situ:
    """Stills of an in-situ series from its beginning to its end, and its drift and temperature."""
    input:
        rapid=raw_file("rapid"),
        frames=rules.align_in_situ.output.frames,
        denoised=rules.denoise_in_situ.output.images,
        slow=lambda wildcards: (
            f"{FOLDER}/in_situ/{wildcards.acquisition}/slow.ome.tif"
            if wildcards.acquisition in IN_SITU_SCORED
            else []
        ),
        map=DISTORTION_MAP,
    output:
        figure_pictures(
            DRAWN[IN_SITU_SERIES],
            "{acquisition}/{denoiser}/",
            category="In-situ series",
            subcategory="{acquisition}",
            labels={"denoiser": "{denoiser}"},
        ),
        figure_data(DRAWN[IN_SITU_SERIES], "{acquisition}/{denoiser}/"),
        images=f"{FOLDER}/figures/{{acquisition}}/{{denoiser}}/images.ome.tif",
    log:
        f"{FOLDER}/logs/draw_in_situ/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/draw_in_situ/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        # 228 and 388 MB for 512 and 1024 px.
        mem_mb=frame_memory_mb(200, 130),
        runtime=minutes(10),
    params:
        code=drawing_code("draw_in_situ", IN_SITU_SERIES),
        figures=drawn_by(DRAWN[IN_SITU_SERIES]),
        reading=reading,
        contents=own_contents("rapid"),
    message:
        "Drawing {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/draw_in_situ.py"


rule follow_lines:
    """The dislocation lines of a tomogram, followed through an in-situ series of its field: places, velocities, and what happened."""
    input:
        rapid=raw_file("rapid"),
        frames=rules.align_in_situ.output.frames,
        denoised=rules.denoise_in_situ.output.images,
        lines=lambda wildcards: tomogram_file(wildcards, "lines.csv"),
        summary=lambda wildcards: tomogram_file(wildcards, "line_summary.csv"),
        density=lambda wildcards: tomogram_file(wildcards, "line_density.csv"),
    output:
        positions=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.positions.csv",
        flags=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.flags.csv",
        followed=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.followed.csv",
        match=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.match.csv",
        series=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.lines.pvd",
        paradis=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.paradis.csv",
    log:
        f"{FOLDER}/logs/follow_lines/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/follow_lines/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        # 236 MB for 12 frames of 256 px with eleven lines, 322 MB for 240; 134 MB more than its libraries at 512 px, and
        # where others rest, half of a frame for each line.
        mem_mb=followed_memory_mb(270, 150, lambda files: 3 * frame_rows(files) * size_mb([files.lines])),
        runtime=minutes(15, 120),
    params:
        code=code("follow_lines"),
        reading=reading,
        contents=own_contents("rapid"),
        tilt_deg=lambda wildcards: SESSION.tilt_deg(wildcards.acquisition),
        thickness_nm=SESSION.config["tomography"]["thickness_nm"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
        tilt_axis=SESSION.config["tomography"]["tilt_axis"],
        crystal=SESSION.config["crystal"],
    message:
        "Following the lines of {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/follow_lines.py"


rule film_lines:
    """A movie of followed lines: the frames with their projections drawn in, beside the lines in three dimensions."""
    input:
        frames=rules.align_in_situ.output.frames,
        denoised=rules.denoise_in_situ.output.images,
        positions=rules.follow_lines.output.positions,
        match=rules.follow_lines.output.match,
    output:
        movie=f"{FOLDER}/in_situ/{{acquisition}}/{{denoiser}}.lines.mp4",
    log:
        f"{FOLDER}/logs/film_lines/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/film_lines/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=followed_memory_mb(250, 95, lambda files: 20 * size_mb([files.positions])),
        runtime=minutes(10, 60),
    params:
        code=code("film_lines"),
        tilt_axis=SESSION.config["tomography"]["tilt_axis"],
    message:
        "Filming the lines of {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/film_lines.py"


rule score_motion:
    """Lines that were followed, against their true motion: errors, stated deviations, identity, the answer to jumps."""
    input:
        positions=rules.follow_lines.output.positions,
        followed=rules.follow_lines.output.followed,
        match=rules.follow_lines.output.match,
        centroids=lambda wildcards: tomogram_file(wildcards, "centroids.csv"),
        volume=lambda wildcards: tomogram_file(wildcards, "mrc", "tomograms"),
        truth=lambda wildcards: truth(wildcards.acquisition),
    output:
        scores=f"{FOLDER}/evaluation/motion/{{acquisition}}/{{denoiser}}.csv",
        responses=f"{FOLDER}/evaluation/motion/{{acquisition}}/{{denoiser}}.responses.csv",
    log:
        f"{FOLDER}/logs/score_motion/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/score_motion/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(220, 5),
        runtime=minutes(15, 60),
    params:
        code=code("score_motion"),
    message:
        "Scoring the followed lines of {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/score_motion.py"
