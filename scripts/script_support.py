"""What every script shares: the package on the path, and a log of the job."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rapidstem.files import job_log


def logged(job: Any) -> AbstractContextManager[None]:
    """The log of a job, the `snakemake` object of the script: `rapidstem.files.job_log`."""
    wildcards = ", ".join(f"{name} {value}" for name, value in job.wildcards.items())
    return job_log(Path(job.log[0]), f"{job.rule} ({wildcards})" if wildcards else job.rule)
