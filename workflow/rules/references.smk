"""Drift-corrected frame integration."""


rule integrate_frames:
    """The drift of a field's rapid frames, and their average."""
    input:
        rapid=raw_file("rapid"),
    output:
        image=f"{FOLDER}/dcfi/{{acquisition}}.ome.tif",
        drift=f"{FOLDER}/dcfi/{{acquisition}}.drift.csv",
    log:
        f"{FOLDER}/logs/integrate_frames/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/integrate_frames/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(270, 1.5),
        runtime=minutes(10, 60),
    params:
        code=code("integrate_frames"),
        reading=reading,
        contents=own_contents("rapid"),
    message:
        "Integrating the frames of {wildcards.acquisition}"
    script:
        "../../scripts/integrate_frames.py"


rule compare_integrations:
    """The drift and the average of a field beside the instrument's own, where it gives any."""
    input:
        rapid=raw_file("rapid"),
        dcfi=raw_file("dcfi"),
        image=rules.integrate_frames.output.image,
        drift=rules.integrate_frames.output.drift,
    output:
        comparison=f"{FOLDER}/dcfi/{{acquisition}}.instrument.csv",
    log:
        f"{FOLDER}/logs/compare_integrations/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/compare_integrations/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(200, 1.5),
        runtime=minutes(10, 60),
    params:
        code=code("compare_integrations"),
        reading=reading,
        contents=own_contents("rapid", "dcfi"),
    message:
        "Comparing the integration of {wildcards.acquisition} with the instrument's"
    script:
        "../../scripts/compare_integrations.py"
