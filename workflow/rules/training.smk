"""Aligned pairs of frames and references, and the filters that learn from them."""


rule align_references:
    """A field's references in the geometry of its rapid frames."""
    input:
        slow=raw_file("slow"),
        dcfi=rules.integrate_frames.output.image,
        drift=rules.integrate_frames.output.drift,
        map=DISTORTION_MAP,
    output:
        references=f"{FOLDER}/pairs/{{acquisition}}/references.ome.tif",
        field=f"{FOLDER}/pairs/{{acquisition}}/field.csv",
    log:
        f"{FOLDER}/logs/align_references/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/align_references/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        # Spectra of twice the width and height in double precision: 48 MB a MB of input from 256 to 1024 px.
        mem_mb=memory_mb(220, 50),
        runtime=minutes(10, 60),
    params:
        code=code("align_references"),
        reading=reading,
        contents=own_contents("slow"),
        feature_width_nm=SESSION.config["distortion"]["feature_width_nm"],
    message:
        "Aligning the references of {wildcards.acquisition}"
    script:
        "../../scripts/align_references.py"


if FIELD_CHOICE:

    rule choose_fields:
        """Training fields whose intensities are distributed as those of the tilt series at their tilt."""
        input:
            rapid=training_stacks,
            series=raw_path(SESSION.model_series, "rapid"),
        output:
            choice=FIELD_CHOICE,
            histograms=f"{FOLDER}/pairs/histograms.csv",
        log:
            f"{FOLDER}/logs/choose_fields.log",
        benchmark:
            f"{FOLDER}/benchmarks/choose_fields.tsv"
        conda:
            "../../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=memory_mb(160, 0.5),
            runtime=minutes(15, 10),
        params:
            code=code("choose_fields"),
            reading=reading_of([*TRAINING_FIELDS, SESSION.model_series]),
            contents=lambda wildcards: training_contents(wildcards)
            + raw_contents((SESSION.model_series, "rapid")),
            series=SESSION.model_series,
            tilts_deg={name: SESSION.tilt_deg(name) for name in TRAINING_FIELDS},
            largest_distance=SESSION.config["training"]["largest_histogram_distance"],
        message:
            "Choosing the training fields"
        script:
            "../../scripts/choose_fields.py"


rule train_denoiser:
    """A network trained on every frame of the chosen training fields; goes on from its last checkpoint."""
    input:
        rapid=training_stacks,
        pairs=training_pairs,
        drift=TRAINING_DRIFT,
        choice=FIELD_CHOICE,
        start=lambda wildcards: given_model(wildcards.denoiser, "start_from"),
    output:
        weights=f"{FOLDER}/models/{{denoiser}}/weights.safetensors",
        last=f"{FOLDER}/models/{{denoiser}}/last.safetensors",
        card=f"{FOLDER}/models/{{denoiser}}/model.json",
        losses=f"{FOLDER}/models/{{denoiser}}/losses.csv",
    log:
        f"{FOLDER}/logs/train_denoiser/{{denoiser}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/train_denoiser/{{denoiser}}.tsv"
    wildcard_constraints:
        denoiser=one_of(SESSION.trained),
    conda:
        "../../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        # Beside all fields that are learned from two copies of the one that is being read: 1511 MB for two fields of 300 MB.
        mem_mb=field_memory_mb(750, 2, of_all=1.1),
        runtime=minutes(240),
    params:
        code=code("train_denoiser"),
        settings=lambda wildcards: SESSION.denoiser_overrides(wildcards.denoiser),
        start=lambda wildcards: model_mark(wildcards.denoiser, "start_from"),
        reading=reading_of(TRAINING_FIELDS),
        contents=training_contents,
    message:
        "Training {wildcards.denoiser}"
    script:
        "../../scripts/train_denoiser.py"


rule calibrate_intervals:
    """How far the reference may lie from a denoiser's answer in every pixel, from its validation fields."""
    input:
        rapid=training_stacks,
        pairs=training_pairs,
        drift=TRAINING_DRIFT,
        slow=training_slow_images,
        map=DISTORTION_MAP,
        weights=rules.train_denoiser.output.weights,
        card=rules.train_denoiser.output.card,
    output:
        intervals=f"{FOLDER}/models/{{denoiser}}/intervals.json",
    log:
        f"{FOLDER}/logs/calibrate_intervals/{{denoiser}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/calibrate_intervals/{{denoiser}}.tsv"
    wildcard_constraints:
        denoiser=one_of(SESSION.stating_intervals),
    conda:
        "../../envs/learning.yaml"
    threads: 2
    resources:
        # One field and the next one that is being read, each in two copies: 619 and 1607 MB for fields of 50 and 300 MB.
        mem_mb=field_memory_mb(600, 4),
        runtime=minutes(30, 10),
    params:
        code=code("calibrate_intervals"),
        reading=reading_of(TRAINING_FIELDS),
        contents=lambda wildcards: training_contents(wildcards) + slow_contents(wildcards),
    message:
        "Calibrating the intervals of {wildcards.denoiser}"
    script:
        "../../scripts/calibrate_intervals.py"


rule adopt_model:
    """A network that was trained earlier, as it is."""
    input:
        given=lambda wildcards: given_model(wildcards.denoiser, "model"),
    output:
        weights=f"{FOLDER}/models/{{denoiser}}/weights.safetensors",
        card=f"{FOLDER}/models/{{denoiser}}/model.json",
        losses=f"{FOLDER}/models/{{denoiser}}/losses.csv",
    log:
        f"{FOLDER}/logs/adopt_model/{{denoiser}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/adopt_model/{{denoiser}}.tsv"
    wildcard_constraints:
        denoiser=one_of(SESSION.adopted),
    conda:
        "../../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(450),
        runtime=minutes(5),
    params:
        code=code("adopt_model"),
        model=lambda wildcards: SESSION.settings_of(wildcards.denoiser).model,
        contents=lambda wildcards: model_mark(wildcards.denoiser, "model"),
    message:
        "Taking the trained model of {wildcards.denoiser}"
    script:
        "../../scripts/adopt_model.py"


rule tune_block_matching:
    """The noise model with which BM3D does best on training fields."""
    input:
        rapid=training_stacks,
        pairs=training_pairs,
        drift=TRAINING_DRIFT,
        choice=FIELD_CHOICE,
    output:
        card=f"{FOLDER}/models/bm3d/model.json",
        spectrum=f"{FOLDER}/models/bm3d/spectrum.safetensors",
    log:
        f"{FOLDER}/logs/tune_block_matching.log",
    benchmark:
        f"{FOLDER}/benchmarks/tune_block_matching.tsv"
    conda:
        "../../envs/bm3d.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, input, attempt: memory_mb(550, 6 * tuned_share())(wildcards, input, attempt),
        runtime=minutes(60, 10),
    params:
        code=code("tune_block_matching"),
        settings=lambda wildcards: SESSION.denoiser_overrides("bm3d"),
        reading=reading_of(TRAINING_FIELDS),
        contents=training_contents,
    message:
        "Tuning BM3D"
    script:
        "../../scripts/tune_block_matching.py"
