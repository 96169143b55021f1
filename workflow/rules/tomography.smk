"""Tilt angles, alignment, binarisation and reconstruction of the tilt series."""


rule align_series:
    """Refined tilt angles and shifts, and the aligned series."""
    input:
        images=series_images,
        record=series_record,
        modules=modules("align_series"),
    output:
        angles=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.angles.csv",
        series=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.mrc",
        summary=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.alignment.csv",
    log:
        f"{FOLDER}/logs/align_series/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/align_series/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/tomography.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=30,
    params:
        reading=READING,
        thickness_nm=SESSION.config["tomography"]["thickness_nm"],
        geometry=SESSION.config["tomography"]["geometry"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
        angle_sigma_deg=angle_sigma_deg,
    message:
        "Aligning the series {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/align_series.py"


rule binarise_series:
    """Dark lines of the aligned series, freed from the contrast that changes with tilt."""
    input:
        series=rules.align_series.output.series,
        modules=modules("binarise_series"),
    output:
        series=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.binary.mrc",
    log:
        f"{FOLDER}/logs/binarise_series/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/binarise_series/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=15,
    params:
        method=SESSION.config["tomography"]["binarisation"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
    message:
        "Binarising the series {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/binarise_series.py"


rule reconstruct_volume:
    """The tomogram of a binarised series by SIRT."""
    input:
        series=rules.binarise_series.output.series,
        angles=rules.align_series.output.angles,
        record=series_record,
        modules=modules("reconstruct_volume"),
    output:
        volume=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
    log:
        f"{FOLDER}/logs/reconstruct_volume/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/reconstruct_volume/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/tomography.yaml"
    threads: workflow.cores
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        reading=READING,
        thickness_nm=SESSION.config["tomography"]["thickness_nm"] + SESSION.config["tomography"]["margin_nm"],
        iterations=SESSION.config["tomography"]["iterations"],
        geometry=SESSION.config["tomography"]["geometry"],
    message:
        "Reconstructing the volume {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/reconstruct_volume.py"
