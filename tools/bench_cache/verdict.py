# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether our store is as fast as it has to be, rival by rival."""

from collections.abc import Sequence
from dataclasses import dataclass

from .measure import Run

TIMES_FASTER = 5.0
"""How much faster than each of `SLOW` ours has to be."""
WITHIN = 1.25
"""How much slower than the better of `QUICK` ours may be."""
SLOW = ("json_npy", "joblib", "diskcache")
QUICK = ("sqlite", "lmdb")


@dataclass(frozen=True)
class Verdict:
    """One comparison: `ratio` is the rival's time divided by ours, and `least` what it has to be."""

    payload_bytes: int
    entries: int
    action: str
    rival: str
    ratio: float
    least: float

    @property
    def ok(self) -> bool:
        """Whether ours is as fast as it has to be."""
        return self.ratio >= self.least


def judge(runs: Sequence[Run]) -> list[Verdict]:
    """Compare our puts and gets with each slow store's, and with those of the better one of the quick."""
    sets: dict[tuple[int, int], dict[str, Run]] = {}
    for run in runs:
        sets.setdefault((run.payload_bytes, run.entries), {})[run.store] = run
    verdicts = []
    for (payload_bytes, entries), stores in sets.items():
        for action in ("put", "get"):
            taken = {name: float(getattr(run, f"{action}_us")) for name, run in stores.items()}
            ours = taken["understudy"]
            better = min(QUICK, key=taken.__getitem__)
            for rival, least in [*((name, TIMES_FASTER) for name in SLOW), (better, 1 / WITHIN)]:
                verdicts.append(Verdict(payload_bytes, entries, action, rival, taken[rival] / ours, least))
    return verdicts
