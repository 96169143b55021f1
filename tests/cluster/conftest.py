"""A Slurm for the tests of this folder, and the session run without it for comparison."""

from collections.abc import Iterator

import pytest

from tests.cluster.small_slurm import SmallSlurm, small_slurm
from tests.workflow.conftest import finished_session, session_copy

__all__ = ["finished_session", "session_copy", "slurm"]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSlurm]:
    """A running Slurm of two nodes; the test is skipped where none can be started."""
    with small_slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running
