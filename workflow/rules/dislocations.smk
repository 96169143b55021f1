"""Dislocation positions."""


rule locate_centroids:
    """Centres of the dislocations in every yz and xz section of a tomogram."""
    input:
        volume=rules.reconstruct_volume.output.volume,
        modules=modules("locate_centroids"),
    output:
        centroids=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.centroids.csv",
    log:
        f"{FOLDER}/logs/locate_centroids/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/locate_centroids/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    message:
        "Locating the dislocations in {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/locate_centroids.py"
