# SPDX-License-Identifier: GPL-3.0-or-later
"""Try one reader, in this process: for a time with spoilt inputs, or with the kept seeds."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisException

from .guard import HANG_SECONDS, Finding, Guard
from .mutation import spoilt
from .reader import Reader
from .sample import Sample

_BATCH = 1000
_MAX_SHRINKS = 300
"""After so many inputs with a fault that was met, it has been made small enough."""


@dataclass
class Result:
    """What came of a trial: how many inputs, and the smallest input of each finding."""

    inputs: int = 0
    seconds: float = 0.0
    findings: dict[Finding, Sample] = field(default_factory=dict)


class Trial:
    """Runs inputs through a reader."""

    def __init__(self, reader: Reader, base: Path, hang_seconds: float = HANG_SECONDS) -> None:
        """`base` is a folder for this trial alone; an input may take `hang_seconds`."""
        self._reader = reader
        self._guard = Guard(base, hang_seconds)
        self._note = base / "input.json"
        self.result = Result()
        self._met: dict[Finding, int] = {}

    def search(self, seconds: float, start: int) -> None:
        """Try spoilt inputs for a time; `start` decides which."""
        began = time.monotonic()
        end = began + seconds
        samples = [*self._reader.samples(), *seed_samples(self._reader.name)]

        def attempt(sample: Sample) -> None:
            if time.monotonic() > end:
                return
            finding = self._try_sample(sample)
            if finding is not None and self._is_worth_shrinking(finding):
                raise AssertionError(str(finding))

        number = 0
        while time.monotonic() < end:
            batch = seed(start + number)(
                settings(
                    max_examples=_BATCH,
                    database=None,
                    deadline=None,
                    phases=(Phase.generate, Phase.shrink),
                    suppress_health_check=list(HealthCheck),
                    print_blob=False,
                    report_multiple_bugs=False,
                )(given(spoilt(samples, self._reader.mend))(attempt))
            )
            with suppress(AssertionError, HypothesisException):  # it is among the findings
                batch()
            number += 1
        self.result.seconds = time.monotonic() - began

    def replay(self, samples: Iterable[Sample]) -> None:
        """Try inputs as they are."""
        began = time.monotonic()
        for sample in samples:
            self._try_sample(sample)
        self.result.seconds = time.monotonic() - began

    def _try_sample(self, sample: Sample) -> Finding | None:
        # For whoever finds this process dead.
        self._note.write_text(sample.to_json(), encoding="utf-8")
        finding = self._guard.try_reader(sample, self._reader.read)
        self.result.inputs += 1
        if finding is not None:
            known = self.result.findings.get(finding)
            if known is None or len(sample.to_json()) < len(known.to_json()):
                self.result.findings[finding] = sample
        return finding

    def _is_worth_shrinking(self, finding: Finding) -> bool:
        """Tell whether to have Hypothesis make the input smaller; a hang takes too long for that."""
        self._met[finding] = self._met.get(finding, 0) + 1
        return self._met[finding] < _MAX_SHRINKS and "hang" not in finding.kind


def seed_folder(name: str) -> Path:
    """Return where the seeds of a reader are kept."""
    return Path(__file__).resolve().parents[2] / "tests" / "fuzz" / "seeds" / name


def seed_samples(name: str) -> list[Sample]:
    """Return the kept seeds of a reader."""
    paths = sorted(seed_folder(name).glob("*.json"))
    return [Sample.from_json(path.read_text(encoding="utf-8")) for path in paths]
