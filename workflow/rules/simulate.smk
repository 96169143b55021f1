"""The virtual microscope: raw files of a session that nobody measured, and their truth."""

if SESSION.simulated:

    rule simulate_acquisition:
        """Raw frames, slow images and the truth of one acquisition."""
        input:
            network=network_file(SESSION.config["simulate"]),
        output:
            rapid=f"{FOLDER}/raw/{{acquisition}}.rapid.emd",
            slow=f"{FOLDER}/raw/{{acquisition}}.slow.emd",
            truth=f"{FOLDER}/truth/{{acquisition}}.h5",
        log:
            f"{FOLDER}/logs/simulate_acquisition/{{acquisition}}.log",
        benchmark:
            f"{FOLDER}/benchmarks/simulate_acquisition/{{acquisition}}.tsv"
        conda:
            "../../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=simulated_mb,
            runtime=minutes(20),
        params:
            code=code("simulate_acquisition"),
            settings=SIMULATED,
            network=network_mark(SESSION.config["simulate"]),
            kind=lambda wildcards: SESSION.kind(wildcards.acquisition),
            tilt_deg=lambda wildcards: SESSION.tilt_deg(wildcards.acquisition),
            temperature=lambda wildcards: SESSION.temperature(wildcards.acquisition),
            specimen=lambda wildcards: SESSION.tomogram(wildcards.acquisition),
        message:
            "Simulating the raw files of {wildcards.acquisition}"
        script:
            "../../scripts/simulate_acquisition.py"
