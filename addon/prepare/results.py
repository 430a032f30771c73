# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preparation made, image by image: the state that it reports, and what failed of which strip."""

from pathlib import Path

from ...core.layers.job import LayerJob
from ...core.reporting.layer_outcomes import FAILED, SWAPPED
from ...core.reporting.strip_state import FrameCounts, StripFacts, StripState, strip_state


class PrepareResults:
    """What became of each image. What the preview shows otherwise than the render is made twice, the render's last."""

    def __init__(self) -> None:
        self._shown: dict[Path, str] = {}
        self._reasons: dict[Path, str] = {}
        self._owner_ids: dict[Path, str] = {}
        self._strip_ids: dict[str, None] = {}

    def add(self, job: LayerJob, shown: str, reason: str) -> None:
        """Note what the image of a job shows, "swapped", "original" or "failed", and why no new face."""
        self._shown[job.layer_path], self._reasons[job.layer_path] = shown, reason
        self._strip_ids[job.owner_id] = None
        self._owner_ids[job.layer_path] = job.owner_id

    def __len__(self) -> int:
        """Return how many images were made or could not be."""
        return len(self._shown)

    @property
    def strip_ids(self) -> frozenset[str]:
        """The ids of the strips that images were made for."""
        return frozenset(self._strip_ids)

    @property
    def counts(self) -> FrameCounts:
        """What the images show; those that could not be made are missing."""
        shown = list(self._shown.values())
        swapped, failed = shown.count(SWAPPED), shown.count(FAILED)
        return FrameCounts(len(shown), swapped, len(shown) - swapped - failed)

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """By strip id how many of its images could not be made, 0 too, and why the last of them could not."""
        failures = dict.fromkeys(self._strip_ids, (0, ""))
        for path, shown in self._shown.items():
            if shown == FAILED:
                count, _ = failures[self._owner_ids[path]]
                failures[self._owner_ids[path]] = count + 1, self._reasons[path].partition("; ")[0]
        return failures

    def state(self, fault: str = "") -> StripState:
        """Return the state of what was prepared; `fault` is what kept all of it from being made."""
        failures = [entry for entry in self.failures.values() if entry[0]]
        failed = sum(count for count, _ in failures)
        failure = failures[-1][1] if failures else ""
        return strip_state(StripFacts(fault=fault, counts=self.counts, failed=failed, failure=failure))
