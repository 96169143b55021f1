"""Tilt angles, alignment, binarisation and reconstruction of the tilt series."""

SLICE_BLOCKS = SESSION.config["tomography"]["slice_blocks"]
VOLUME_NAME = "{acquisition}/{variant}{half}"
# A part of the volume has the number of its block in its name, the volume of a single block its own name.
PART_NAME = VOLUME_NAME if SLICE_BLOCKS == 1 else f"{VOLUME_NAME}.blocks/{{block}}"


wildcard_constraints:
    half=r"|\.even|\.odd",
    block=r"\d+",


rule align_series:
    """Refined tilt angles and shifts, and the aligned series."""
    input:
        images=series_images,
        record=series_record,
    output:
        angles=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.angles.csv",
        series=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.mrc",
        tilts=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.rawtlt",
        summary=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.alignment.csv",
        warnings=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.warnings.csv",
        motion=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.motion.csv",
    log:
        f"{FOLDER}/logs/align_series/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/align_series/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/tomography.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(380, 7),
        runtime=minutes(60, 240),
    params:
        code=code("align_series"),
        reading=reading,
        contents=record_contents,
        denoised=lambda wildcards: not SESSION.variant(wildcards.variant).is_slow,
        geometry=lambda wildcards: SESSION.variant(wildcards.variant).geometry,
        tilt_axis=SESSION.config["tomography"]["tilt_axis"],
        settings=lambda wildcards: SESSION.alignment_settings(SESSION.variant(wildcards.variant)),
    message:
        "Aligning the series {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/align_series.py"


rule binarise_series:
    """Dark lines of the aligned series, freed from the contrast that changes with tilt."""
    input:
        series=rules.align_series.output.series,
        angles=rules.align_series.output.angles,
    output:
        series=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.binary.mrc",
        tilts=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.binary.rawtlt",
    log:
        f"{FOLDER}/logs/binarise_series/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/binarise_series/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(150, 3),
        runtime=minutes(15, 60),
    params:
        code=code("binarise_series"),
        method=SESSION.config["tomography"]["binarisation"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
    message:
        "Binarising the series {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/binarise_series.py"


rule reconstruct_volume:
    """The tomogram of a binarised series, of all its frames or of every second tilt; or a block of its slices."""
    input:
        series=rules.binarise_series.output.series,
        angles=rules.align_series.output.angles,
    output:
        volume=f"{FOLDER}/tomograms/{PART_NAME}.mrc",
    log:
        f"{FOLDER}/logs/reconstruct_volume/{PART_NAME}.log",
    benchmark:
        f"{FOLDER}/benchmarks/reconstruct_volume/{PART_NAME}.tsv"
    conda:
        "../../envs/tomography.yaml"
    threads: ALL_CORES
    resources:
        mem_mb=memory_mb(3000, 12),
        runtime=minutes(60, 240),
    params:
        code=code("reconstruct_volume"),
        thickness_nm=SESSION.config["tomography"]["thickness_nm"] + SESSION.config["tomography"]["margin_nm"],
        method=SESSION.config["tomography"]["reconstruction"],
        iterations=SESSION.config["tomography"]["iterations"],
        device=SESSION.config["tomography"]["device"],
        isolated=SESSION.config["tomography"]["alignment_features"] == "density",
        half=lambda wildcards: wildcards.half.removeprefix(".") or None,
        block=lambda wildcards: int(wildcards.get("block", 0)),
        blocks=SLICE_BLOCKS,
    message:
        "Reconstructing the volume {wildcards.variant}{wildcards.half} of {wildcards.acquisition}"
    script:
        "../../scripts/reconstruct_volume.py"


if SLICE_BLOCKS > 1:

    rule gather_volume:
        """The whole tomogram from its blocks of slices."""
        input:
            blocks=lambda wildcards: expand(
                f"{FOLDER}/tomograms/{PART_NAME}.mrc",
                acquisition=wildcards.acquisition,
                variant=wildcards.variant,
                half=wildcards.half,
                block=range(SLICE_BLOCKS),
            ),
        output:
            volume=f"{FOLDER}/tomograms/{VOLUME_NAME}.mrc",
        log:
            f"{FOLDER}/logs/gather_volume/{VOLUME_NAME}.log",
        benchmark:
            f"{FOLDER}/benchmarks/gather_volume/{VOLUME_NAME}.tsv"
        conda:
            "../../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=memory_mb(1000, 1),
            runtime=minutes(15, 10),
        params:
            code=code("gather_volume"),
        message:
            "Gathering the slices of {wildcards.variant}{wildcards.half} of {wildcards.acquisition}"
        script:
            "../../scripts/gather_volume.py"
