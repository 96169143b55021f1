"""A look at all raw files before anything is made of them: `snakemake look`."""


rule look_at_frames:
    """What the raw frames of an acquisition are like, and whether they will do."""
    input:
        rapid=raw_file("rapid"),
        slow=raw_file("slow"),
        series=lambda wildcards: [raw_path(*file) for file in series_beside(wildcards)],
    output:
        look=f"{FOLDER}/look/{{acquisition}}.csv",
        picture=f"{FOLDER}/look/{{acquisition}}.png",
    log:
        f"{FOLDER}/logs/look_at_frames/{{acquisition}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/look_at_frames/{{acquisition}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(600, 2),
        runtime=minutes(5, 2),
    params:
        code=code("look_at_frames"),
        reading=lambda wildcards: reading_of([name for name, _ in looked_at(wildcards)]),
        contents=lambda wildcards: raw_contents(*looked_at(wildcards)),
        kind=lambda wildcards: SESSION.kind(wildcards.acquisition),
        tilt_deg=lambda wildcards: SESSION.tilt_deg(wildcards.acquisition),
        largest_distance=SESSION.config["training"]["largest_histogram_distance"],
    message:
        "Looking at {wildcards.acquisition}"
    script:
        "../../scripts/look_at_frames.py"


rule write_look:
    """One page with a verdict on every acquisition."""
    input:
        looks=expand(rules.look_at_frames.output.look, acquisition=SESSION.acquisitions()),
        pictures=expand(rules.look_at_frames.output.picture, acquisition=SESSION.acquisitions()),
    output:
        page=f"{FOLDER}/look.html",
        table=f"{FOLDER}/look.csv",
    log:
        f"{FOLDER}/logs/write_look.log",
    benchmark:
        f"{FOLDER}/benchmarks/write_look.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(500, 4),
        runtime=minutes(5),
    params:
        code=code("write_look"),
        session=SESSION.name,
    message:
        "Writing the first look"
    script:
        "../../scripts/write_look.py"


rule look:
    input:
        rules.write_look.output.page,
