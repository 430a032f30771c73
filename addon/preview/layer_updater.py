# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preview's thread works on: the layers of one frame, in a session that stays open between frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ...core.layers.job import LayerJob
from ...core.layers.label import layer_label
from ...core.sessions.request_faults import has_source
from ..properties.preferences import Preferences
from ..sessions.open import open_preview

if TYPE_CHECKING:
    from ...core.sessions.preview_session import Preview, PreviewSession


SessionArguments: TypeAlias = "tuple[Path, Preferences, Path | None]"


@dataclass(frozen=True)
class PreviewRequest:
    """What the visible frame needs."""

    folder: Path
    preferences: Preferences
    jobs: tuple[LayerJob, ...]
    may_blank: bool
    consent_file: Path | None = None
    compared: tuple[LayerJob, ...] = ()
    """Those that the jobs' images are compared with."""

    @property
    def session_arguments(self) -> SessionArguments:
        """What a run for it is opened with."""
        return self.folder, self.preferences, self.consent_file

    @property
    def can_show_faces(self) -> bool:
        """Whether anything asks for a new face and has a source person for it."""
        return any(has_source((request,)) for job in self.jobs for request in job.requests)


PreviewResults: TypeAlias = "list[tuple[LayerJob, Preview, str]]"


@dataclass(frozen=True)
class PreviewOutcome:
    """What came of a request: of each job's image, and why one that these are compared with can't be shown."""

    results: PreviewResults
    compare_fault: str = ""


def shows_original(job: LayerJob, how: str) -> bool:
    """Tell whether a frame shows the original though a new face is asked for.

    An image that is left as it was may be there all the same, made on another machine.
    """
    if not job.requests or how in ("current", "fused"):
        return False
    label = layer_label(job.layer_path)
    return how in ("incomplete", "blanked") or label is None or label.is_incomplete


class LayerUpdater:
    """The work of the thread: a session that stays open while the cache folder stays the same."""

    def __init__(self) -> None:
        """Begin without a session: the first request opens it."""
        self.session: PreviewSession | None = None
        self._session_arguments: SessionArguments | None = None

    def update_layers(self, request: PreviewRequest) -> PreviewOutcome:
        """Bring the images of a frame up to date as far as that needs fusing alone."""
        place = request.session_arguments
        if self.session is None or self._session_arguments != place:
            self.close()
            self.session, self._session_arguments = open_preview(*place), place
        results = [(job, *self.session.preview(job, may_blank=request.may_blank)) for job in request.jobs]
        compared = [self.session.preview(job, may_blank=False) for job in request.compared]
        faults = [reason for how, reason in compared if how == "unprepared"]
        return PreviewOutcome(results, faults[0] if faults else "")

    def close(self) -> None:
        """Let go of the session."""
        if self.session is not None:
            self.session.close()
            self.session = None
