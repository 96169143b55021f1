"""How many threads a training uses on a machine that others use as well: threads wait for each other after every layer."""

from statistics import median

# Steps whose median counts, by judgement; rounds of them until a trial that was in vain is repeated.
STEPS_A_ROUND = 8
_ROUNDS_OF_REST = 10
# Share of its threads' time in which a training computes: 0.9 and more alone on its cores, a half beside another of its size, where its
# numbers must stay those of its threads; where steps took ten times as long, it was an eighth.
_WAITING = 0.25
# What fewer or more threads must gain to be kept: less is chance.
_LEAST_GAIN = 0.2


class ThreadChoice:
    """Tries fewer threads where those that there are wait for a processor, and more again later; keeps what is faster.

    A training that gets at least a quarter of its threads' time keeps them, and with them its numbers to the last digit.

    Parameters
    ----------
    most : int
        Threads that the training may use.
    """

    def __init__(self, most: int) -> None:
        self.most = self.used = most
        self._walls: list[float] = []
        self._busy_s = 0.0
        self._before: tuple[int, float] | None = None
        self._rest = 0

    def after_step(self, wall_s: float, busy_s: float) -> str:
        """Take in the time of a step; `used` are the threads of the next one.

        Parameters
        ----------
        wall_s : float
            By the clock.
        busy_s : float
            Of the processor, all threads together.

        Returns
        -------
        str
            What a reader of the log should know, empty where nothing has been decided.
        """
        self._walls.append(wall_s)
        self._busy_s += busy_s
        if len(self._walls) < STEPS_A_ROUND:
            return ""
        pace, share = median(self._walls), self._busy_s / (sum(self._walls) * self.used)
        self._walls, self._busy_s = [], 0.0
        if self._before is not None:
            return self._decided(*self._before, pace)
        self._rest -= 1
        if self._rest < 0:
            self._try_another(pace, share)
        return ""

    def _try_another(self, pace: float, share: float) -> None:
        fewer = share < _WAITING and self.used > 1
        if fewer or self.used < self.most:
            self._before = self.used, pace
            self.used = self.used // 2 if fewer else min(2 * self.used, self.most)

    def _decided(self, before: int, pace_before: float, pace: float) -> str:
        self._before, self._rest = None, _ROUNDS_OF_REST
        if pace > (1 - _LEAST_GAIN) * pace_before:
            self.used = before
            return ""
        state = "busy" if self.used < before else "free again"
        return f"the machine is {state}: threads {self.used} in place of {before}, {pace:.2f} s a step in place of {pace_before:.2f} s"
