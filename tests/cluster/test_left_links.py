"""What a killed test of the cluster leaves behind is known as such, and what is the machine's own is not."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.small_slurm import left_behind


def _linked(place: Path, configuration: Path) -> Path:
    place.symlink_to(configuration)
    return place


def test_a_link_to_a_slurm_that_no_longer_runs_is_left_behind(tmp_path: Path) -> None:
    assert left_behind(_linked(tmp_path / "slurm.conf", Path("/tmp/pytest-of-somebody/pytest-7/slurm0/slurm.conf")))


def test_the_link_of_a_slurm_that_runs_is_none(tmp_path: Path) -> None:
    configuration = Path("/tmp/pytest-of-somebody/pytest-8/slurm0/slurm.conf")
    running = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={**os.environ, "SLURM_CONF": str(configuration)}
    )
    try:
        assert not left_behind(_linked(tmp_path / "slurm.conf", configuration))
    finally:
        running.kill()
        running.communicate()


def test_what_a_machine_has_of_its_own_is_none(tmp_path: Path) -> None:
    (tmp_path / "own.conf").write_text("ClusterName=institute\n")
    assert not left_behind(tmp_path / "own.conf")
    assert not left_behind(_linked(tmp_path / "slurm.conf", Path("/opt/slurm/slurm.conf")))
    assert not left_behind(tmp_path / "missing.conf")
