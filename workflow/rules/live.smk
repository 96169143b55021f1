"""A tilt series that is still being written: `snakemake live`."""

LIVE_SETTINGS = ["margin_nm", "binarisation", "reconstruction", "iterations", "device"]

if LIVE["source"] and LIVE_DENOISERS:

    rule run_live:
        """Frames are denoised as they come; from the last one to lines and a picture in one process."""
        input:
            weights=f"{FOLDER}/models/{LIVE_DENOISERS[0]}/weights.safetensors",
            card=f"{FOLDER}/models/{LIVE_DENOISERS[0]}/model.json",
            map=DISTORTION_MAP,
        output:
            lines=f"{LIVE_FOLDER}/lines.csv",
            summary=f"{LIVE_FOLDER}/line_summary.csv",
            density=f"{LIVE_FOLDER}/line_density.csv",
            polydata=f"{LIVE_FOLDER}/lines.vtp",
            paradis=f"{LIVE_FOLDER}/lines.data",
            angles=f"{LIVE_FOLDER}/angles.csv",
            aligned=f"{LIVE_FOLDER}/aligned.mrc",
            tomogram=f"{LIVE_FOLDER}/tomogram.mrc",
            traced=f"{LIVE_FOLDER}/traced.csv",
            picture=f"{LIVE_FOLDER}/figures/lines.png",
        log:
            f"{FOLDER}/logs/run_live.log",
        benchmark:
            f"{FOLDER}/benchmarks/run_live.tsv"
        conda:
            "../../envs/live.yaml"
        threads: ALL_CORES
        resources:
            mem_mb=memory_mb(4000),
            runtime=minutes(240),
        params:
            code=code("run_live"),
            source=LIVE["source"],
            frames=LIVE["frames"],
            patience_s=LIVE["patience_s"],
            reading=READING,
            tilt_axis=SESSION.config["tomography"]["tilt_axis"],
            geometry=SESSION.config["tomography"]["geometry"][0],
            alignment=SESSION.live_alignment,
            lines={name: SESSION.config["tomography"][name] for name in LIVE_SETTINGS},
            crystal=SESSION.config["crystal"],
            figures=drawn_by(["lines"]),
        message:
            "Following {params.source}"
        script:
            "../../scripts/run_live.py"


rule live:
    input:
        live_picture,
