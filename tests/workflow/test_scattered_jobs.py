"""A volume divided over several jobs is the same as one from a single job."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from tests.workflow.session_changes import new_value
from tests.workflow.tiny_session import snakemake

VOLUME = "results/tiny/tomograms/series/slow.mrc"


@pytest.mark.parametrize("blocks", [2, 3])
def test_blocks_of_slices_give_the_same_volume(session_copy: Path, finished_session: Path, blocks: int) -> None:
    new_value("tomography", "slice_blocks", value=blocks)(session_copy)
    run = snakemake(session_copy, VOLUME, snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list((session_copy / VOLUME).with_suffix(".blocks").iterdir())) == blocks
    with mrcfile.open(session_copy / VOLUME) as scattered, mrcfile.open(finished_session / VOLUME) as whole:
        assert np.array_equal(scattered.data, whole.data)
        assert scattered.voxel_size == whole.voxel_size
        assert scattered.header.rms == pytest.approx(whole.header.rms, rel=1e-4)
