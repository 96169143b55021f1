"""Tells how far training has come."""

import sys
import time
from typing import Self

from tqdm import tqdm


class TrainingProgress:
    """A bar on a terminal; in a log a plain line at every validation.

    Parameters
    ----------
    name : of what is trained.
    steps : in all.
    done : already taken in an earlier run.
    """

    def __init__(self, name: str, steps: int, done: int) -> None:
        self._name, self._steps, self._done = name, steps, done
        self._start = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(total=steps, initial=done, desc=name, unit="step", disable=not self._terminal)

    def advance(self) -> None:
        """One more step is taken."""
        self._bar.update()

    def report(self, step: int, training_loss: float, validation_loss: float) -> None:
        """Tell the losses after `step`."""
        losses = f"loss {training_loss:.4f}, validation {validation_loss:.4f}"
        if self._terminal:
            self._bar.set_postfix_str(losses)
            return
        minutes = (time.monotonic() - self._start) / 60 * (self._steps - step) / max(step - self._done, 1)
        print(f"{self._name}: step {step} of {self._steps}, {losses}, {minutes:.1f} minutes left", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
