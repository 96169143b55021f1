"""Snakemake's scheduler waits with one timer instead of one for each job that has ended."""

from threading import Timer
from typing import Any

from snakemake.scheduling.job_scheduler import JobScheduler

# The method's name is spelled like this in Snakemake.
_METHOD = "_schedule_reevalutation"


def keep_one_timer() -> None:
    """Let the scheduler start a timer only if none is running, and not wait for it at the end of a run.

    In Snakemake 9.27 every round of the scheduler that finds ready jobs starts a timer, and every timer starts a round, in which all ready
    jobs are looked at. A job's end adds a round, so that there are as many timers as jobs have ended, for as long as jobs wait for a
    processor; and a long time span (`max-jobs-per-timespan`) keeps the finished run from ending. `docs/upstream/` tells it in full.
    Nothing happens where Snakemake has no such method.
    """
    if hasattr(JobScheduler, _METHOD):
        setattr(JobScheduler, _METHOD, _wake_later)


def _wake_later(scheduler: Any, delay: float) -> None:
    """Wake the scheduler after so many seconds, unless a timer of that length is running already."""
    running = vars(scheduler).setdefault("running_delays", set())
    if delay in running:
        return
    running.add(delay)
    timer = Timer(delay, _wake, (scheduler, delay))
    timer.daemon = True
    timer.start()


def _wake(scheduler: Any, delay: float) -> None:
    scheduler.running_delays.discard(delay)
    scheduler._open_jobs.release()
