"""Results once more, in formats that others open: OME-Zarr."""

ZARR = ".ome.zarr/zarr.json"
ZARR_VOLUMES = (
    series_files("tomograms", ZARR[1:], SESSION.variants)
    if "ome-zarr" in SESSION.config["results"]["volumes"]
    else []
)
ZARR_SERIES = (
    expand(
        f"{FOLDER}/denoised/{{denoiser}}/{{acquisition}}{ZARR}",
        denoiser=SESSION.config["tomography"]["denoisers"],
        acquisition=SERIES,
    )
    if "ome-zarr" in SESSION.config["results"]["series"]
    else []
)


rule export_volume:
    """A volume as OME-Zarr. The file that tells what the store holds stands for all of it: the whole folder appears at once."""
    input:
        volume=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
    output:
        store=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}{ZARR}",
    log:
        f"{FOLDER}/logs/export_volume/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/export_volume/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/ome-zarr.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(1500, 1),
        runtime=minutes(15, 20),
    params:
        code=code("export_volume"),
    message:
        "Writing the volume {wildcards.variant} of {wildcards.acquisition} as OME-Zarr"
    script:
        "../../scripts/export_volume.py"


rule export_series:
    """The denoised frames of a tilt series as OME-Zarr."""
    input:
        images=f"{FOLDER}/denoised/{{denoiser}}/{{acquisition}}.ome.tif",
    output:
        store=f"{FOLDER}/denoised/{{denoiser}}/{{acquisition}}{ZARR}",
    log:
        f"{FOLDER}/logs/export_series/{{denoiser}}/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/export_series/{{denoiser}}/{{acquisition}}.tsv"
    conda:
        "../../envs/ome-zarr.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(1500, 1),
        runtime=minutes(15, 20),
    params:
        code=code("export_series"),
    message:
        "Writing the frames of {wildcards.acquisition} through {wildcards.denoiser} as OME-Zarr"
    script:
        "../../scripts/export_series.py"
