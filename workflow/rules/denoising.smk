"""Filters applied: denoised frames, then corrected for the scan distortion."""


rule denoise_frames:
    """The frames of an acquisition through a trained network."""
    input:
        rapid=raw_file("rapid"),
        weights=rules.train_denoiser.output.weights,
        card=rules.train_denoiser.output.card,
        drift=field_drift,
        map=DISTORTION_MAP,
    output:
        images=f"{FOLDER}/denoised/{{denoiser}}/{{acquisition}}.ome.tif",
    log:
        f"{FOLDER}/logs/denoise_frames/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/denoise_frames/{{denoiser}}/{{acquisition}}.tsv"
    wildcard_constraints:
        denoiser=one_of(SESSION.networks),
    conda:
        "../../envs/learning.yaml"
    threads: 2
    resources:
        mem_mb=memory_mb(450, 6),
        runtime=minutes(30, 240),
    params:
        code=code("denoise_frames"),
        reading=reading,
        contents=own_contents("rapid"),
        frames=frame_limit,
    message:
        "Denoising {wildcards.acquisition} with {wildcards.denoiser}"
    script:
        "../../scripts/denoise_frames.py"


rule match_blocks:
    """The frames of an acquisition through BM3D."""
    input:
        rapid=raw_file("rapid"),
        card=rules.tune_block_matching.output.card,
        spectrum=rules.tune_block_matching.output.spectrum,
        drift=field_drift,
        map=DISTORTION_MAP,
    output:
        images=f"{FOLDER}/denoised/bm3d/{{acquisition}}.ome.tif",
    log:
        f"{FOLDER}/logs/match_blocks/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/match_blocks/{{acquisition}}.tsv"
    conda:
        "../../envs/bm3d.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(240, 5),
        runtime=minutes(60, 2000),
    params:
        code=code("match_blocks"),
        reading=reading,
        contents=own_contents("rapid"),
        frames=frame_limit,
    message:
        "Denoising {wildcards.acquisition} with BM3D"
    script:
        "../../scripts/match_blocks.py"


rule denoise_by_neighbours:
    """The frames of a tilt series through a network that learns from this series alone."""
    input:
        rapid=raw_file("rapid"),
        map=DISTORTION_MAP,
        start=lambda wildcards: given_model("neighbours", "start_from"),
    output:
        images=f"{FOLDER}/denoised/neighbours/{{acquisition}}.ome.tif",
        weights=f"{FOLDER}/models/neighbours/{{acquisition}}/weights.safetensors",
        card=f"{FOLDER}/models/neighbours/{{acquisition}}/model.json",
        losses=f"{FOLDER}/models/neighbours/{{acquisition}}/losses.csv",
    log:
        f"{FOLDER}/logs/denoise_by_neighbours/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/denoise_by_neighbours/{{acquisition}}.tsv"
    conda:
        "../../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        # Beside every frame its neighbours on both sides in single precision.
        mem_mb=lambda wildcards, input, attempt: attempt
        * round(1000 + (6 + 4 * SESSION.settings_of("neighbours").neighbour_frames) * size_mb(input)),
        runtime=minutes(60, 600),
    params:
        code=code("denoise_by_neighbours"),
        settings=lambda wildcards: SESSION.denoiser_overrides("neighbours"),
        start=lambda wildcards: model_mark("neighbours", "start_from"),
        reading=reading,
        contents=own_contents("rapid"),
    message:
        "Denoising {wildcards.acquisition} with a network that learns from it"
    script:
        "../../scripts/denoise_by_neighbours.py"
