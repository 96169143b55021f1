"""The scan distortion of the rapid frames."""


rule measure_distortion:
    """One map from columns of the rapid frames to columns of the slow images, from all calibration fields."""
    input:
        references=expand(f"{FOLDER}/dcfi/{{acquisition}}.ome.tif", acquisition=CALIBRATION_FIELDS),
        slow=[raw_path(name, "slow") for name in CALIBRATION_FIELDS],
        rapid=[raw_path(name, "rapid") for name in CALIBRATION_FIELDS[:1]],
    output:
        map=f"{FOLDER}/distortion/map.csv",
        residual=f"{FOLDER}/distortion/residual.csv",
        strips=f"{FOLDER}/distortion/strips.csv",
    log:
        f"{FOLDER}/logs/measure_distortion.log",
    benchmark:
        f"{FOLDER}/benchmarks/measure_distortion.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(250, 3),
        runtime=minutes(15, 60),
    params:
        code=code("measure_distortion"),
        reading=reading_of(CALIBRATION_FIELDS),
        contents=lambda wildcards: raw_contents(*[(name, "slow") for name in CALIBRATION_FIELDS]),
        method=SESSION.config["distortion"]["method"],
        feature_width_nm=SESSION.config["distortion"]["feature_width_nm"],
    message:
        "Measuring the scan distortion"
    script:
        "../../scripts/measure_distortion.py"
