"""Dislocations in the tomograms: centres in sections, lines, how well both are resolved, and which lines are those of an earlier sweep."""


rule locate_centroids:
    """Centres of the dislocations in every yz and xz section of a tomogram, with their uncertainty from its two halves."""
    input:
        volume=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
        even=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.even.mrc",
        odd=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.odd.mrc",
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
        mem_mb=memory_mb(290, 1),
        runtime=minutes(20, 120),
    params:
        code=code("locate_centroids"),
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
    message:
        "Locating the dislocations in {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/locate_centroids.py"


rule trace_lines:
    """Dislocation lines traced in a tomogram: where the fitted lines start from."""
    input:
        volume=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.mrc",
        even=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.even.mrc",
        odd=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.odd.mrc",
    output:
        traced=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.traced.csv",
    log:
        f"{FOLDER}/logs/trace_lines/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/trace_lines/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(350, 4),
        runtime=minutes(30, 80),
    params:
        code=code("trace_lines"),
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
        thickness_nm=SESSION.config["tomography"]["thickness_nm"],
    message:
        "Tracing the dislocation lines in {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/trace_lines.py"


rule fit_lines:
    """Dislocation lines fitted to all frames, with their evidence, lengths, planes and density; files for ParaView and ParaDiS."""
    input:
        traced=rules.trace_lines.output.traced,
        series=rules.align_series.output.series,
        angles=rules.align_series.output.angles,
    output:
        lines=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.csv",
        summary=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.line_summary.csv",
        density=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.line_density.csv",
        polydata=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.vtp",
        paradis=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.data",
    log:
        f"{FOLDER}/logs/fit_lines/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/fit_lines/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(250, 20),
        runtime=minutes(30, 240),
    params:
        code=code("fit_lines"),
        thickness_nm=SESSION.config["tomography"]["thickness_nm"],
        margin_nm=SESSION.config["tomography"]["margin_nm"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
        crystal=SESSION.config["crystal"],
    message:
        "Fitting the dislocation lines of {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/fit_lines.py"


rule measure_resolution:
    """Fourier shell correlation of the tomograms from the even and from the odd frames."""
    input:
        even=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.even.mrc",
        odd=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.odd.mrc",
    output:
        resolution=f"{FOLDER}/tomograms/{{acquisition}}/{{variant}}.resolution.csv",
    log:
        f"{FOLDER}/logs/measure_resolution/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/measure_resolution/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(150, 5),
        runtime=minutes(15, 60),
    params:
        code=code("measure_resolution"),
    message:
        "Measuring the resolution of {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/measure_resolution.py"


rule match_sweeps:
    """The dislocation lines of a tilt series and those of an earlier one of the same field: which is which, and how far they have moved."""
    input:
        lines=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.lines.csv",
        centroids=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.centroids.csv",
        angles=f"{FOLDER}/tilt_series/{{acquisition}}/{{variant}}.angles.csv",
        earlier_lines=lambda wildcards: earlier_sweep(wildcards, "lines.csv"),
        earlier_summary=lambda wildcards: earlier_sweep(wildcards, "line_summary.csv"),
        earlier_centroids=lambda wildcards: earlier_sweep(wildcards, "centroids.csv"),
        earlier_angles=lambda wildcards: earlier_sweep(wildcards, "angles.csv", "tilt_series"),
        record=series_record,
        earlier_record=lambda wildcards: raw_path(*both_records(wildcards)[1]),
    output:
        matched=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.sweep.csv",
        motion=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.sweep_motion.csv",
    log:
        f"{FOLDER}/logs/match_sweeps/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/match_sweeps/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(220),
        runtime=minutes(15),
    params:
        code=code("match_sweeps"),
        reading=lambda wildcards: reading_of([name for name, _ in both_records(wildcards)]),
        contents=lambda wildcards: raw_contents(*both_records(wildcards)),
        started_s=lambda wildcards: [SESSION.started_s(name) for name, _ in reversed(both_records(wildcards))],
        crystal=SESSION.config["crystal"],
    message:
        "Matching the lines of {wildcards.variant} of {wildcards.acquisition} with those of the earlier sweep"
    script:
        "../../scripts/match_sweeps.py"


rule follow_sweep:
    """The dislocation lines of an earlier tilt series, followed through the frames of a later one, which they may move in."""
    input:
        series=rules.align_series.output.series,
        angles=rules.align_series.output.angles,
        lines=rules.fit_lines.output.lines,
        centroids=rules.locate_centroids.output.centroids,
        earlier_lines=lambda wildcards: earlier_sweep(wildcards, "lines.csv"),
        earlier_summary=lambda wildcards: earlier_sweep(wildcards, "line_summary.csv"),
        earlier_density=lambda wildcards: earlier_sweep(wildcards, "line_density.csv"),
        earlier_centroids=lambda wildcards: earlier_sweep(wildcards, "centroids.csv"),
    output:
        positions=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.positions.csv",
        flags=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.flags.csv",
        followed=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.followed.csv",
        series=f"{FOLDER}/dislocations/{{acquisition}}/{{variant}}.positions.pvd",
    log:
        f"{FOLDER}/logs/follow_sweep/{{acquisition}}/{{variant}}.log",
    benchmark:
        f"{FOLDER}/benchmarks/follow_sweep/{{acquisition}}/{{variant}}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(300, 8),
        runtime=minutes(15, 120),
    params:
        code=code("follow_sweep"),
        thickness_nm=SESSION.config["tomography"]["thickness_nm"],
        line_width_nm=SESSION.config["tomography"]["line_width_nm"],
        crystal=SESSION.config["crystal"],
    message:
        "Following the lines of the earlier sweep through {wildcards.variant} of {wildcards.acquisition}"
    script:
        "../../scripts/follow_sweep.py"
