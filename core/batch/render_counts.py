# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the frames of a movie."""

from dataclasses import dataclass, field
from fractions import Fraction

from ..export.frames import RenderedFrame
from ..reporting.layer_outcomes import pluralise
from ..reporting.spans import frame_spans


@dataclass
class RenderCounts:
    """What became of the frames so far."""

    written_count: int = 0
    changed_count: int = 0
    copied_count: int = 0
    """How many frames keep the clip's own packets."""
    still_count: int = 0
    """How many frames in a row, up to the last, showed the same image as the one before."""
    failed_frames: dict[str, list[int]] = field(default_factory=dict)
    early_warnings: list[str] = field(default_factory=list)
    """What was said before the first frame."""
    track_faults: list[str] = field(default_factory=list)
    """What was wrong with the clip's other tracks."""

    def add(self, frame: RenderedFrame) -> None:
        """Count a frame that was rendered."""
        self.add_file(frame.number, frame.fault, is_changed=frame.is_changed)
        self.still_count = self.still_count + 1 if frame.is_repeat else 0

    def add_file(self, number: int, fault: str, *, is_changed: bool) -> None:
        """Count a frame that was written as a file of its own."""
        self.written_count += 1
        self.changed_count += is_changed
        if fault:
            self.failed_frames.setdefault(fault, []).append(number)

    def add_copied(self, number: int, fault: str) -> None:
        """Count a frame whose packet stays as it is."""
        self.written_count += 1
        self.copied_count += 1
        if fault:
            self.failed_frames.setdefault(fault, []).append(number)

    @property
    def failure_count(self) -> int:
        """Frames that show the original, since they failed."""
        return sum(map(len, self.failed_frames.values()))

    def as_dict(self) -> dict[str, object]:
        """Return the counts as plain values, by their keys in a report."""
        return {
            "frames_written": self.written_count,
            "frames_changed": self.changed_count,
            "frames_copied": self.copied_count,
            "frames_failed": self.failure_count,
        }

    def summary(self, seconds: float, *, names_copies: bool) -> str:
        """Return the last line of a render that took so long."""
        copied = f", {self.copied_count} copied" if names_copies else ""
        frames = pluralise(self.written_count, "frame")
        return f"{frames}, {self.changed_count} of them changed{copied}, in {seconds:.1f} s"

    def warnings(self, fps: Fraction | None, min_height: float) -> list[str]:
        """Return a line for each reason, naming its frames, and for what else looks wrong.

        Faces that are lower than `min_height` pixels were not replaced.
        """
        lines = [
            f"{frame_spans(numbers)} the original: {' '.join(reason.split())}"
            for reason, numbers in self.failed_frames.items()
        ]
        if not self.changed_count and not self.failed_frames:
            lines.append(
                "no frame was changed: no face to replace was found, or the settings hide it; "
                f"faces lower than {min_height:g} pixels are not replaced: lower that with --set select.min_height"
            )
        # A movie file that was cut off still says its full length; decoders then go on showing what they have.
        if fps is not None and fps / 2 < self.still_count < self.written_count - 1:
            lines.append(
                f"the last {self.still_count + 1} frames show the same image: is the clip's file complete?"
            )
        return lines
