"""The general filter: simulated fields of random microscopes, and the network that learns from their noise-free images."""

GENERAL_FIELDS = SESSION.config["general"]
FIELDS_A_FILE = 100
GENERAL_PARTS = range(0, GENERAL_FIELDS["fields"], FIELDS_A_FILE)
# What such a file holds: frames in 16 bits, and an image of each field in 32.
FIELDS_MB = min(FIELDS_A_FILE, GENERAL_FIELDS["fields"]) * GENERAL_FIELDS["size_px"] ** 2 / 2**20
FIELDS_MB *= 2 * GENERAL_FIELDS["frames_per_field"] + 4


rule simulate_fields:
    """Frames of random fields, with what they would be without noise."""
    output:
        fields=temp(f"{FOLDER}/raw/general/{{first}}.h5"),
    log:
        f"{FOLDER}/logs/simulate_fields/{{first}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/simulate_fields/{{first}}.tsv"
    wildcard_constraints:
        first="[0-9]+",
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        # 234, 241 and 293 MB for 100 fields of 128 px, 6 and 24 of 512 px.
        mem_mb=lambda wildcards, attempt: attempt * round(270 + 1.3 * FIELDS_MB),
        runtime=minutes(60),
    params:
        code=code("simulate_fields"),
        settings=GENERAL_FIELDS,
        most=FIELDS_A_FILE,
    message:
        "Simulating the random fields from number {wildcards.first} on"
    script:
        "../../scripts/simulate_fields.py"


rule train_general:
    """The general filter, trained on simulated fields alone; goes on from its last checkpoint."""
    input:
        fields=expand(rules.simulate_fields.output.fields, first=GENERAL_PARTS),
        start=lambda wildcards: given_model(wildcards.denoiser, "start_from"),
    output:
        weights=f"{FOLDER}/models/{{denoiser}}/weights.safetensors",
        last=f"{FOLDER}/models/{{denoiser}}/last.safetensors",
        card=f"{FOLDER}/models/{{denoiser}}/model.json",
        losses=f"{FOLDER}/models/{{denoiser}}/losses.csv",
    log:
        f"{FOLDER}/logs/train_general/{{denoiser}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/train_general/{{denoiser}}.tsv"
    wildcard_constraints:
        denoiser=one_of(SESSION.trained_on_simulation),
    conda:
        "../../envs/learning.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=memory_mb(2500, 8),
        runtime=minutes(1440),
    params:
        code=code("train_general"),
        settings=lambda wildcards: SESSION.denoiser_overrides(wildcards.denoiser),
        start=lambda wildcards: model_mark(wildcards.denoiser, "start_from"),
    message:
        "Training {wildcards.denoiser} on simulated fields"
    script:
        "../../scripts/train_general.py"
