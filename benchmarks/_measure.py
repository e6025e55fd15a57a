"""Interleaved measurement: A B A B …, so that what slows the machine down slows down both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Cost = Callable[[Any], float]


class Bar(NamedTuple):
    """What a row is held against: a sign ("≤" or "≥"), the floor, and the aim if there is one."""

    sign: str
    floor: float
    aim: float | None = None


class Side(NamedTuple):
    """One of the two things that a case compares: what it costs for an item."""

    label: str
    cost: Cost


def ratio(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How many times the second."""
    return first / second


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What the first costs beyond the second."""
    return first - second


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Parameters
    ----------
    key, title : str
        Its name for programs and for readers.
    bar : Bar or None
        What it should come to, if anything.
    first, second : Side
        What is compared; without a second, the first alone is the result.
    items : sequence
        What each side is run on in turn.
    rounds : int
        How often.
    combine : callable
        From the costs of both sides to the result.
    unit : str
        Of the costs; of the result too, unless it is a ratio.
    missing : str
        Why the row has to be left out, if it has to.
    """

    key: str
    title: str
    bar: Bar | None
    first: Side
    second: Side | None
    items: Sequence[Any]
    rounds: int = 1
    combine: Callable[[np.ndarray, np.ndarray], np.ndarray] = ratio
    unit: str = "ms"
    missing: str = ""

    @property
    def result_unit(self) -> str:
        """Unit of the result."""
        return "" if self.second and self.combine is ratio else self.unit

    @property
    def sides(self) -> list[Side]:
        """The sides there are."""
        return [side for side in (self.first, self.second) if side]


@dataclass(frozen=True)
class Result:
    """A case with its costs, one row a pair and one column a side; no rows if it was left out."""

    case: Case
    costs: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The result of each pair."""
        return self.case.combine(*self.costs.T) if self.case.second else self.costs[:, 0]

    @property
    def median(self) -> float:
        """The result."""
        return float(np.median(self.values))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Half of the pairs lie between these."""
        low, high = np.quantile(self.values, [0.25, 0.75])
        return float(low), float(high)

    @property
    def verdict(self) -> str:
        """Whether the floor and the aim are met."""
        if self.case.bar is None:
            return ""
        sign, floor, aim = self.case.bar
        direction = 1 if sign == "≤" else -1
        if direction * self.median > direction * floor:
            return "floor missed"
        if aim is None:
            return "met"
        return "aim met" if direction * self.median <= direction * aim else "floor met"


def measure(case: Case) -> Result:
    """Run both sides of a case in turn, after a run that is not counted."""
    if case.missing:
        return Result(case, np.empty((0, len(case.sides))))
    if case.rounds > 1:
        for side in case.sides:
            side.cost(case.items[0])
    costs = [
        [side.cost(item) for side in case.sides] for _ in range(case.rounds) for item in case.items
    ]
    return Result(case, np.array(costs))


def cpu(work: Callable[[Any], object]) -> Cost:
    """CPU time of all threads of this process, ms."""
    return _timed(work, time.process_time)


def wall(work: Callable[[Any], object]) -> Cost:
    """Time that passes, ms."""
    return _timed(work, time.perf_counter)


def _timed(work: Callable[[Any], object], clock: Callable[[], float]) -> Cost:
    """Milliseconds on a clock."""

    def cost(item: Any) -> float:
        start = clock()
        work(item)
        return 1e3 * (clock() - start)

    return cost
