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
    silent : tell nothing, for all but one of several processes.
    """

    def __init__(self, name: str, steps: int, done: int, silent: bool = False) -> None:
        self._name, self._steps, self._done, self._silent = name, steps, done, silent
        self._start = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(total=steps, initial=done, desc=name, unit="step", disable=silent or not self._terminal)

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
        self.tell(f"step {step} of {self._steps}, {losses}, {minutes:.1f} minutes left")

    def tell(self, message: str) -> None:
        """A line of its own."""
        if not self._silent:
            tqdm.write(f"{self._name}: {message}", file=sys.stderr)
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
