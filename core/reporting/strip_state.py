# SPDX-License-Identifier: GPL-3.0-or-later
"""The one line of state of a strip: what will be rendered of it, computed from results, and how that is worded.

Panel, status bar, preview overlay, the reports of Prepare and of a render, and the JSON report all word the same
`StripState`, so no two of them can disagree.
"""

from dataclasses import dataclass, replace
from enum import Enum

from .layer_outcomes import NO_FACE as NO_FACE_REASON
from .layer_outcomes import Outcomes
from .quoting import quote
from .render_action import RenderAction

NO_FACE = "no face found"
FAILED = "failed"
_MINUTE_SECONDS = 60
_MAX_REASON_CHARACTERS = 160


class StripStateKind(Enum):
    """What there is to say of a strip. The values are those of the JSON report."""

    NO_SOURCE = "no_source"
    """A modifier has no image of the source person yet."""
    BLOCKED = "blocked"
    """No frame of it can be swapped: the originals will be rendered, or nothing, see `RenderAction`."""
    PREPARING = "preparing"
    HIDDEN = "hidden"
    """The strip itself is not rendered."""
    CHECKING = "checking"
    """The layers are not counted yet."""
    STOPPED = "stopped"
    """Preparing was stopped before its end."""
    PARTLY_READY = "partly_ready"
    ORIGINALS = "originals"
    """Every frame is made, but some show the original."""
    READY = "ready"
    """A new face is in every frame."""


@dataclass(frozen=True)
class FrameCounts:
    """How many layer images a strip has, by what they show now."""

    total: int
    swapped: int = 0
    no_face: int = 0
    """Made, and the original by right: no face to replace is in the frame."""
    outdated: int = 0
    """Made, but for other settings, images or models than there are now."""

    @property
    def missing(self) -> int:
        """How many are not made."""
        return self.total - self.swapped - self.no_face - self.outdated


@dataclass(frozen=True)
class PrepareProgress:
    """How far a preparation is."""

    done: int
    total: int
    seconds_left: float | None = None
    """None while that is not known."""


@dataclass(frozen=True)
class StripFacts:
    """What is known of a strip, from which its state follows."""

    has_source: bool = True
    """Whether every modifier that is rendered has an image of the source person."""
    sourceless_modifier: str = ""
    """The name of one that has none, where the strip has several."""
    fault: str = ""
    """Why no frame of it can be swapped; empty where nothing is in the way."""
    render_action: RenderAction = RenderAction.RENDER
    """What a render does about that: it asks or refuses only where no other strip can be swapped either."""
    hidden: str = ""
    """Why the strip itself is not rendered; empty where it is."""
    counts: FrameCounts | None = None
    """None while they are not known."""
    progress: PrepareProgress | None = None
    """None where nothing prepares the strip."""
    was_stopped: bool = False
    """Whether the last preparation was stopped."""
    failed: int = 0
    """How many frames the last preparation or render could not make."""
    failure: str = ""
    """Why, of the last of them."""
    has_warnings: bool = False
    """Whether anything else is wrong with the strip, which is said beside the state."""


@dataclass(frozen=True)
class StripState:
    """What will be rendered of a strip."""

    kind: StripStateKind
    counts: FrameCounts = FrameCounts(0)
    failed: int = 0
    """How many of the missing frames could not be made."""
    reason: str = ""
    modifier: str = ""
    """The one of several that has no image of the source person."""
    progress: PrepareProgress | None = None
    has_warnings: bool = False
    render_action: RenderAction = RenderAction.RENDER
    """What a render does of a strip in which no frame can be swapped."""
    can_prepare: bool = True
    """Whether preparing it can make new faces, as far as that is known before."""

    @property
    def is_good(self) -> bool:
        """Whether a tick may stand beside it: every frame has its new face, and nothing else is wrong."""
        return self.kind is StripStateKind.READY and not self.has_warnings

    @property
    def is_bad(self) -> bool:
        """Whether originals will be rendered, or nothing, unless somebody does something."""
        return self.kind in (StripStateKind.BLOCKED, StripStateKind.ORIGINALS) or bool(self.failed)

    @property
    def originals(self) -> int:
        """How many frames are made, or could not be, and show the original."""
        return self.counts.no_face + self.failed

    def as_dict(self) -> dict[str, object]:
        """Return the state as plain values for a JSON report."""
        return {
            "state": self.kind.value,
            "text": state_text(self),
            "frames": self.counts.total,
            "swapped": self.counts.swapped,
            "original": self.originals,
            "outdated": self.counts.outdated,
            "reason": self.reason,
            "frame": None,  # where preparing was stopped, when it went from the first frame to the last
        }


def strip_state(facts: StripFacts) -> StripState:
    """Return the state that follows from what is known of a strip."""
    counts = facts.counts or FrameCounts(0)
    failed = min(facts.failed, counts.missing)
    kind = _kind(facts, counts, failed)
    state = StripState(
        kind,
        counts,
        failed,
        quote(facts.fault or facts.failure, _MAX_REASON_CHARACTERS),
        has_warnings=facts.has_warnings,
        render_action=facts.render_action,
        can_prepare=facts.has_source and not (facts.fault or facts.hidden),
    )
    match kind:
        case StripStateKind.PREPARING:
            return replace(state, progress=facts.progress)
        case StripStateKind.NO_SOURCE:
            return replace(state, modifier=quote(facts.sourceless_modifier))
        case StripStateKind.HIDDEN:
            return replace(state, reason=quote(facts.hidden, _MAX_REASON_CHARACTERS))
        case StripStateKind.BLOCKED if not facts.fault:
            return replace(state, reason=_originals_reason(state))
    return state


def _kind(facts: StripFacts, counts: FrameCounts, failed: int) -> StripStateKind:
    """Return the first kind that applies: what stands in the way comes before what is done."""
    complete = counts.total > 0 and counts.swapped + counts.no_face + failed == counts.total
    kinds = (
        (not facts.has_source, StripStateKind.NO_SOURCE),
        (bool(facts.hidden), StripStateKind.HIDDEN),
        (bool(facts.fault), StripStateKind.BLOCKED),
        (facts.progress is not None, StripStateKind.PREPARING),
        (facts.counts is None, StripStateKind.CHECKING),
        (complete and not counts.swapped, StripStateKind.BLOCKED),
        (facts.was_stopped and not complete, StripStateKind.STOPPED),
        (not complete, StripStateKind.PARTLY_READY),
        (counts.no_face + failed > 0, StripStateKind.ORIGINALS),
    )
    return next((kind for applies, kind in kinds if applies), StripStateKind.READY)


def state_of_outcomes(outcomes: Outcomes) -> StripState:
    """Return the state that a run left its layer images in."""
    no_face = outcomes.original[NO_FACE_REASON]
    others = [
        (reason, count) for reason, count in outcomes.original.most_common() if reason != NO_FACE_REASON
    ]
    total = outcomes.swapped_count + outcomes.original.total()
    counts = FrameCounts(total, outcomes.swapped_count, no_face)
    failure = others[0][0] if others else ""
    return strip_state(StripFacts(counts=counts, failed=sum(count for _, count in others), failure=failure))


def state_text(state: StripState) -> str:
    """Say a state in one line, as it stands in the panel."""
    counts = state.counts
    match state.kind:
        case StripStateKind.NO_SOURCE:
            text = "Choose a face image" + (f" for {state.modifier}" if state.modifier else "")
        case StripStateKind.BLOCKED:
            text = f"{state.render_action.text}: {state.reason}"
        case StripStateKind.PREPARING:
            text = _progress_text(state.progress or PrepareProgress(0, counts.total))
        case StripStateKind.HIDDEN:
            text = f"Not rendered: {state.reason}"
        case StripStateKind.CHECKING:
            text = "Checking the layers"
        case StripStateKind.STOPPED:
            text = f"Stopped: {_partly_ready_text(state)}"
        case StripStateKind.ORIGINALS:
            text = f"Ready, but {_originals_text(state, 'frame')}"
        case StripStateKind.READY:
            text = "Ready" if counts.total == 1 else f"All {counts.total} ready"
        case StripStateKind.PARTLY_READY:
            text = _partly_ready_text(state)
    return text


def _partly_ready_text(state: StripState) -> str:
    counts = state.counts
    parts = [f"{counts.swapped} of {counts.total} ready"]
    if counts.outdated:
        parts.append(f"{counts.outdated} outdated")
    if state.originals:
        parts.append(_originals_text(state))
    return ", ".join(parts)


def _originals_text(state: StripState, thing: str = "") -> str:
    """Return such as "4 frames show the original (no face found)", of a `thing` that may go unsaid."""
    count = state.originals
    counted = f"{count} {thing}" + ("s" if count != 1 else "") if thing else str(count)
    return f"{counted} {'shows' if count == 1 else 'show'} the original ({_originals_reason(state)})"


def status_text(strip: str, state: StripState) -> str:
    """Say a state as it stands in Blender's status bar, where the strip's name belongs to it."""
    text = f"{quote(strip)}: {state_text(state)}"
    return f"{text} (Esc stops)" if state.kind is StripStateKind.PREPARING else text


def overlay_text(state: StripState, *, shows_original: bool) -> str:
    """Say in the preview that the frame there shows the original, and how the strip stands; empty where it does not."""
    if not shows_original or state.kind is StripStateKind.HIDDEN:
        return ""
    if state.kind is StripStateKind.READY:
        return "Original shown: the layer is being read"
    return f"Original shown: {state.reason if state.kind is StripStateKind.BLOCKED else state_text(state)}"


def prepare_text(state: StripState, written: int, seconds: float | None) -> str:
    """Say what a preparation did, as it is reported: the state that it left behind, and what that took."""
    text = state_text(state) if state.counts.total else "No frame to prepare"
    return f"{text}, {written} new" + ("" if seconds is None else f", {seconds:.1f} s")


def render_text(frames: int, swapped: int, originals: int) -> str:
    """Say what a render did, as it is reported."""
    frame_text = "1 frame" if frames == 1 else f"{frames} frames"
    original_text = "1 original" if originals == 1 else f"{originals} originals"
    return f"{frame_text}, {swapped} swapped, {original_text}"


def _originals_reason(state: StripState) -> str:
    """Say why frames show the original; where there are two reasons, how many for each."""
    reasons = []
    failure = state.reason or FAILED
    if state.counts.no_face:
        reasons.append((NO_FACE, state.counts.no_face))
    if state.failed:
        reasons.append((failure, state.failed))
    if len(reasons) == 1:
        return reasons[0][0]
    return "; ".join(f"{reason}: {count}" for reason, count in reasons)


def _progress_text(progress: PrepareProgress) -> str:
    text = f"Preparing {progress.done} of {progress.total}"
    return text if progress.seconds_left is None else f"{text}, {_duration_text(progress.seconds_left)} left"


def _duration_text(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 0), _MINUTE_SECONDS)
    hours, minutes = divmod(minutes, _MINUTE_SECONDS)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
