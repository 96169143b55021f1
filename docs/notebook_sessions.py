"""Run the two small sessions that the notebooks look at, in a folder: `python -m docs.notebook_sessions build/notebooks`.

The second one takes the raw files of the first and gives every frame one tilt. What has been run already is not run again, be it there or
by the tests before (`RAPIDSTEM_FINISHED_SESSION`, see `tests/workflow/conftest.py`).
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.workflow.tiny_session import FIELDS, configuration, finished_folder, sheet_text, snakemake, write_session


def compared_configuration() -> dict[str, Any]:
    """The configuration of the second session."""
    config = {key: value for key, value in configuration().items() if key != "simulate"}
    tomography = config["tomography"] | {"geometry": "per-frame"}
    return config | {"session": "tiny-per-frame", "acquisitions": "config/per-frame.tsv", "tomography": tomography}


def run_sessions(folder: Path) -> None:
    """Run both sessions, the results below `folder/results`."""
    finished = finished_folder(Path(os.environ.get("RAPIDSTEM_FINISHED_SESSION", ""))) / "results"
    if finished.is_dir():
        shutil.copytree(finished, folder / "results", dirs_exist_ok=True)
    write_session(folder)
    (folder / "config/per-frame.tsv").write_text(sheet_text(FIELDS), encoding="utf-8")
    second = folder / "config/per-frame.yaml"
    second.write_text(yaml.safe_dump(compared_configuration()), encoding="utf-8")
    for config in (folder / "config/config.yaml", second):
        run = snakemake(folder, "--quiet", config=config)
        if run.returncode:
            sys.exit(run.stdout + run.stderr)


if __name__ == "__main__":
    run_sessions(Path(sys.argv[1]).resolve())
