# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preparation made, image by image: the state that it reports, and what failed of which strip."""

from collections.abc import Collection

from ...core.layers.job import LayerJob
from ...core.reporting.layer_outcomes import EXCLUDED, FAILED, ORIGINAL, SWAPPED
from ...core.reporting.strip_state import FrameCounts, StripFacts, StripState, strip_state


class PrepareResults:
    """What became of each image. What the preview shows otherwise than the render is made twice, the render's last."""

    def __init__(self) -> None:
        # By folder and file name: saved in another place meanwhile, an image is the same one.
        self._shown: dict[tuple[str, str], str] = {}
        self._reasons: dict[tuple[str, str], str] = {}
        self._owner_ids: dict[tuple[str, str], str] = {}
        self._written: set[tuple[str, str]] = set()
        self._strip_ids: dict[str, None] = {}

    def add(self, job: LayerJob, shown: str, reason: str, *, is_written: bool = False) -> None:
        """Note what the image of a job shows, "swapped", "original" or "failed", and why no new face."""
        image = job.layer_path.parent.name, job.layer_path.name
        self._shown[image], self._reasons[image] = shown, reason
        self._strip_ids[job.owner_id] = None
        self._owner_ids[image] = job.owner_id
        if is_written:
            self._written.add(image)

    def forget_strips_but(self, strip_ids: Collection[str]) -> None:
        """Forget the images of all strips but some: the others are gone."""
        for image in [image for image, owner_id in self._owner_ids.items() if owner_id not in strip_ids]:
            del self._shown[image], self._reasons[image], self._owner_ids[image]
            self._written.discard(image)
        self._strip_ids = {name: None for name in self._strip_ids if name in strip_ids}

    @property
    def written_count(self) -> int:
        """How many images were written."""
        return len(self._written)

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
        excluded = sum(
            self._reasons[image] == EXCLUDED for image, content in self._shown.items() if content == ORIGINAL
        )
        return FrameCounts(len(shown), swapped, len(shown) - swapped - failed, excluded=excluded)

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """By strip id how many of its images could not be made, 0 too, and why the last of them could not."""
        failures = dict.fromkeys(self._strip_ids, (0, ""))
        for image, shown in self._shown.items():
            if shown == FAILED:
                count, _ = failures[self._owner_ids[image]]
                failures[self._owner_ids[image]] = count + 1, self._reasons[image].partition("; ")[0]
        return failures

    def state(self, fault: str = "") -> StripState:
        """Return the state of what was prepared; `fault` is what kept all of it from being made."""
        failures = [entry for entry in self.failures.values() if entry[0]]
        failed = sum(count for count, _ in failures)
        failure = failures[-1][1] if failures else ""
        return strip_state(StripFacts(fault=fault, counts=self.counts, failed=failed, failure=failure))
