# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run logs as it begins and ends, and of what went wrong."""

from ..errors import ClipError, FaceImageError, UnderstudyError
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from ..reporting.stage_counts import Report
from .settings import RunSettings

_LOGGER = room_logger("sessions")


def log_start(kind: str, settings: RunSettings) -> None:
    """Log that a run of this kind begins, and what of its settings is not used."""
    _LOGGER.info("%s begins: processor %s, threads %d", kind, settings.provider, settings.threads)
    for text in settings.ignored:
        _LOGGER.warning("%s", quote(text))


def log_end(kind: str, report: Report) -> None:
    """Log in one line what a run did. Its warnings are left out: they may name the images of people."""
    stages = [f"{stage} {counts['run']} run, {counts['hit']} hit" for stage, counts in report.stages.items()]
    _LOGGER.info(
        "%s ends: frames %d, faces %d, decoded %d, models loaded %d; %s",
        kind,
        report.frames,
        report.faces,
        report.frames_decoded,
        report.models_loaded,
        "; ".join(stages),
    )


def log_failed_frame(frame: int, error: UnderstudyError) -> None:
    """Log that a frame shows the original, and why."""
    # Either may name an image of a person.
    reason = type(error).__name__ if isinstance(error, ClipError | FaceImageError) else quote(error)
    _LOGGER.warning("frame %d shows the original: %s", frame, reason)
