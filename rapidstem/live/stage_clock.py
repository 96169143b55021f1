"""How long each stage takes from the last frame on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class StageClock:
    """Seconds by stage.

    Attributes
    ----------
    passed_s, used_s
        By the clock, and of all processors, by the name of the stage.
    """

    passed_s: dict[str, float] = field(default_factory=dict)
    used_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done within for a stage.

        Parameters
        ----------
        name
            Of the stage; what is done in several parts is added.

        Yields
        ------
        None
        """
        passed, used = time.monotonic(), time.process_time()
        yield
        self.passed_s[name] = self.passed_s.get(name, 0.0) + time.monotonic() - passed
        self.used_s[name] = self.used_s.get(name, 0.0) + time.process_time() - used

    def words(self) -> str:
        """All stages in one line, as `alignment 4.1 s (6.0 s of a processor)`."""
        return ", ".join(f"{name} {self.passed_s[name]:.1f} s ({self.used_s[name]:.1f} s of a processor)" for name in self.passed_s)
