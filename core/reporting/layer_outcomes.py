# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layer images of a run show: new faces, or the original and why. Said in a line when it ends."""

import re
from collections import Counter
from dataclasses import dataclass, field

from .quoting import quote

_MAX_REASONS = 3
_NUMBER = re.compile(r"\bframe \d+")

NO_FACE = "no face to replace"
NO_MODIFIER = "no modifier is enabled"
NO_LAYER = "no layer strip"
EXCLUDED = "excluded"

SWAPPED, ORIGINAL, FAILED = "swapped", "original", "failed"
"""What an image shows: new faces; the original by right; the original, since it could not be made."""


@dataclass
class Outcomes:
    """Counts layer images by what they show."""

    swapped_count: int = 0
    original: Counter[str] = field(default_factory=Counter)
    """How many show the original, by the reason."""
    failures: list[str] = field(default_factory=list)
    """What is not as it was asked for, a line for each image, in order."""
    last_reason: str = ""
    """Why the last image that shows the original does."""

    def record_shown(self, face_count: int, request_count: int, all_count: int | None = None) -> None:
        """An image is what it should be: it replaces a number of faces, as a number of requests ask.

        `all_count` counts the requests that exclude the frame as well; None where none does.
        """
        if face_count:
            self.swapped_count += 1
        else:
            self.last_reason = NO_FACE if request_count else EXCLUDED if all_count else NO_MODIFIER
            self.original[self.last_reason] += 1

    def record_failure(self, reason: str, text: str) -> None:
        """An image could not be made, so the original is shown. `text` names strip and frame too.

        Both may hold names from a project: what is kept is safe to show.
        """
        # The same fault in another frame is the same reason.
        self.last_reason = _NUMBER.sub("frame", quote(reason))
        self.original[self.last_reason] += 1
        self.failures.append(quote(text))

    def shown_since(self, before: tuple[int, int]) -> str:
        """Return what the one image shows that was counted since `position` was taken."""
        swapped, failures = self.position
        if failures > before[1]:
            return FAILED
        return SWAPPED if swapped > before[0] else ORIGINAL

    @property
    def position(self) -> tuple[int, int]:
        """How many images show new faces and how many failed so far; for `shown_since`."""
        return self.swapped_count, len(self.failures)

    def add(self, others: "Outcomes") -> None:
        """Count what was counted apart."""
        self.swapped_count += others.swapped_count
        self.original.update(others.original)
        self.failures.extend(others.failures)
        self.last_reason = others.last_reason or self.last_reason

    def summary(self, faces: int) -> str:
        """Say how many layers show new faces, `face_count` of them, how many the original, and why."""
        total = self.original.total()
        layers = pluralise(self.swapped_count, "layer")
        text = f"{pluralise(faces, 'face')} swapped in {layers}, {total} shown as the original"
        reasons = [f"{reason}: {count}" for reason, count in self.original.most_common(_MAX_REASONS)]
        left = total - sum(count for _, count in self.original.most_common(_MAX_REASONS))
        if left:
            reasons.append(f"other reasons: {left}")
        return f"{text} ({'; '.join(reasons)})" if reasons else text

    def as_dict(self) -> dict[str, object]:
        """Return the counts as plain values."""
        return {
            "swapped": self.swapped_count,
            "original": dict(self.original),
            "failures": list(self.failures),
        }


def pluralise(count: int, thing: str) -> str:
    """Return such as "1 face" and "2 faces"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
