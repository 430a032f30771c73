# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layer pictures of a run show: new faces, or the original and why. Said in a line when it ends."""

import re
from collections import Counter
from dataclasses import dataclass, field

from .quoting import quote

_SAID = 3
_NUMBER = re.compile(r"\bframe \d+")

NO_FACE = "no face to replace"
NOBODY = "no modifier is enabled"
NO_LAYER = "no layer strip"


@dataclass
class Outcomes:
    """Counts layer pictures by what they show."""

    swapped: int = 0
    original: Counter[str] = field(default_factory=Counter)
    """How many show the original, by the reason."""
    failures: list[str] = field(default_factory=list)
    """What is not as it was asked for, a line for each picture, in order."""

    def shows(self, faces: int, castings: int) -> None:
        """A picture is what it should be: it replaces a number of faces, as a number of castings ask."""
        if faces:
            self.swapped += 1
        else:
            self.original[NO_FACE if castings else NOBODY] += 1

    def fails(self, reason: str, text: str) -> None:
        """A picture could not be made, so the original is shown. `text` names strip and frame too.

        Both may hold names from a project: what is kept is safe to show.
        """
        # The same fault in another frame is the same reason.
        self.original[_NUMBER.sub("frame", quote(reason))] += 1
        self.failures.append(quote(text))

    def add(self, others: "Outcomes") -> None:
        """Count what was counted apart."""
        self.swapped += others.swapped
        self.original.update(others.original)
        self.failures.extend(others.failures)

    def line(self, faces: int) -> str:
        """Say how many layers show new faces, `faces` of them, how many the original, and why."""
        total = self.original.total()
        text = f"{counted(faces, 'face')} swapped in {counted(self.swapped, 'layer')}, {total} shown as the original"
        reasons = [f"{reason}: {count}" for reason, count in self.original.most_common(_SAID)]
        left = total - sum(count for _, count in self.original.most_common(_SAID))
        if left:
            reasons.append(f"other reasons: {left}")
        return f"{text} ({'; '.join(reasons)})" if reasons else text

    def as_dict(self) -> dict[str, object]:
        """Return the counts as plain values."""
        return {"swapped": self.swapped, "original": dict(self.original), "failures": list(self.failures)}


def counted(count: int, thing: str) -> str:
    """Return such as "1 face" and "2 faces"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
