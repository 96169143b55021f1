"""Several processes that train one network together, each on its share of every batch."""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn

from rapidstem.denoising.networks.compute_precision import best_device
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.errors import InputError

_LONGEST_WAIT = timedelta(minutes=20)
_JOB, _MEETING_POINT = "job.pickle", "meeting-point"
_WORKER = "rapidstem.denoising.training.worker"


@dataclass(frozen=True)
class ProcessGroup:
    """One process of a training and how it works with the others. Every process draws the same batches and takes its share of each.

    Attributes
    ----------
    rank
        Number of this process; the first one validates, writes and reports.
    size
        Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the first process."""
        return self.rank == 0

    def device(self) -> torch.device:
        """A graphics card for each process where there are any, else the processor.

        Raises
        ------
        InputError
            if there are cards, but fewer than processes.
        """
        device = best_device()
        if device.type == "cpu" or self.size == 1:
            return device
        if torch.cuda.device_count() < self.size:
            raise InputError(f"processes = {self.size}, but there are {torch.cuda.device_count()} graphics cards; lower processes")
        return torch.device("cuda", self.rank)

    def share(self, batch: PatchBatch) -> PatchBatch:
        """The patches of a batch that this process works on."""
        if self.size == 1:
            return batch
        parts = (batch.inputs, batch.targets, batch.weights, batch.counted)
        return PatchBatch(*(None if part is None else part[self.rank :: self.size] for part in parts))  # type: ignore[arg-type]

    def joined(self, network: nn.Module) -> nn.Module:
        """The network such that its gradients are the mean over all processes."""
        return network if self.size == 1 else nn.parallel.DistributedDataParallel(network)

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        """A number's mean over all processes."""
        if self.size > 1:
            distributed.all_reduce(value)
            value /= self.size
        return value

    def from_first(self, value: float, device: torch.device) -> float:
        """The first process's value of a number."""
        if self.size == 1:
            return value
        number = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(number, 0)
        return float(number)


@contextmanager
def process_group(size: int, job: Any) -> Iterator[ProcessGroup]:
    """Start `size - 1` further processes that do the same job as this one, and end them with it.

    Parameters
    ----------
    size
        Number of processes, this one included.
    job
        Arguments of `rapidstem.denoising.training.denoiser_training.train_in_group` behind the group; whatever can be pickled.

    Yields
    ------
    ProcessGroup
        As seen by this process, the first.
    """
    if size == 1:
        yield ProcessGroup()
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rapidstem-training-")))
        (folder / _JOB).write_bytes(pickle.dumps(job))
        for rank in range(1, size):
            worker = _start_worker(folder, rank, size)
            stack.callback(worker.wait)
            stack.callback(worker.terminate)
        with joined_group(folder, ProcessGroup(0, size)) as group:
            yield group


def _start_worker(folder: Path, rank: int, size: int) -> subprocess.Popen:
    package_root = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", _WORKER, str(folder), str(rank), str(size)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})


@contextmanager
def joined_group(folder: Path, group: ProcessGroup) -> Iterator[ProcessGroup]:
    """The group once all its processes have found each other in a folder that they share."""
    device = group.device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "gloo" if device.type == "cpu" else "nccl"
    meeting_point = f"file://{folder / _MEETING_POINT}"
    distributed.init_process_group(backend, meeting_point, _LONGEST_WAIT, group.size, group.rank)
    try:
        yield group
    finally:
        distributed.destroy_process_group()


def read_job(folder: Path) -> Any:
    """The job that `process_group` laid into a folder for its workers."""
    return pickle.loads((folder / _JOB).read_bytes())
