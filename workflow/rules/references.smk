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
    """The drift and the average of every field beside the instrument's own, where it gives any: one job, as each field takes less than a start."""
    input:
        rapid=lambda wildcards: [raw_path(name, "rapid") for name in COMPARED_FIELDS],
        dcfi=lambda wildcards: [raw_path(name, "dcfi") for name in INSTRUMENT_IMAGES],
        images=expand(rules.integrate_frames.output.image, acquisition=COMPARED_FIELDS),
        drift=expand(rules.integrate_frames.output.drift, acquisition=COMPARED_FIELDS),
    output:
        comparison=f"{FOLDER}/dcfi/instrument.csv",
    log:
        f"{FOLDER}/logs/compare_integrations.log",
    benchmark:
        f"{FOLDER}/benchmarks/compare_integrations.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(200),
        runtime=minutes(10, 60),
    params:
        code=code("compare_integrations"),
        reading=reading_of(COMPARED_FIELDS),
        fields=COMPARED_FIELDS,
        with_image=INSTRUMENT_IMAGES,
        contents=lambda wildcards: raw_contents(
            *product(COMPARED_FIELDS, ["rapid"]), *product(INSTRUMENT_IMAGES, ["dcfi"])
        ),
    message:
        "Comparing the integrations with the instrument's"
    script:
        "../../scripts/compare_integrations.py"
