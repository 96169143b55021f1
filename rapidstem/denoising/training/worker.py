"""A further process of a training that several do together: `python -m rapidstem.denoising.training.worker FOLDER RANK SIZE`."""

import sys
from pathlib import Path

from rapidstem.denoising.training.denoiser_training import train_in_group
from rapidstem.denoising.training.distributed import ProcessGroup, joined_group, read_job
from rapidstem.errors import InputError


def _work(folder: Path, rank: int, size: int) -> None:
    """Do one process's part of the job that lies in `folder`; what is wrong with it the first process says."""
    job = read_job(folder)
    try:
        with joined_group(folder, ProcessGroup(rank, size)) as group:
            train_in_group(group, *job)
    except InputError:
        raise SystemExit(1) from None


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
