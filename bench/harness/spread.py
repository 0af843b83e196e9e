"""Medians and how sure they are."""

import random
import statistics
from dataclasses import asdict, dataclass

RESAMPLES = 2000
WIDTH_LIMIT = 0.10  # an interval wider than this share of its median resolves nothing


@dataclass(frozen=True)
class Interval:
    median: float
    low: float
    high: float
    rounds: int

    @property
    def resolved(self):
        return self.median > 0 and (self.high - self.low) <= WIDTH_LIMIT * self.median

    def text(self):
        body = f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"
        return body if self.resolved else body + " (not resolved)"

    def as_json(self):
        return {**asdict(self), "resolved": self.resolved}


def interval_of_median(values):
    """The median with its 95 % percentile-bootstrap interval. Seeded: the same samples always give
    the same interval."""
    values = list(values)
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values)))
                     for _ in range(RESAMPLES))
    low = medians[int(0.025 * RESAMPLES)]
    high = medians[int(0.975 * RESAMPLES) - 1]
    return Interval(statistics.median(values), low, high, len(values))
