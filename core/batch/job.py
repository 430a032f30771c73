# SPDX-License-Identifier: GPL-3.0-or-later
"""One movie to be made of a clip, as it was asked for and as it was found to be possible."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from ..errors import ClipError
from ..export.inputs import follow_link, frame_range, frame_rate, open_named_clip, output_kind
from ..export.options import EncodingChoice
from ..media.clip import Clip
from ..media.prefetching_clip import PrefetchingClip
from ..recipe.clip_swap import ClipSwap, RequestRange
from ..recipe.request import SwapRequest
from ..reporting.quoting import quote


@dataclass(frozen=True)
class ClipJob:
    """Something to be made of a clip.

    Attributes
    ----------
    clip : pathlib.Path
        A movie, an image, a folder of images or a pattern.
    swaps : tuple of ClipSwap
        Who replaces whom.
    """

    clip: Path
    swaps: tuple[ClipSwap, ...]

    @property
    def requests(self) -> tuple[SwapRequest, ...]:
        """All that is asked for in any frame, each once."""
        return tuple(dict.fromkeys(request for swap in self.swaps for request in swap.requests))

    @property
    def sources(self) -> tuple[Path, ...]:
        """What is read: the clip and the images of people."""
        images = (
            image.path
            for request in self.requests
            for image in (*request.identity.images, *request.target_references)
        )
        return (self.clip, *dict.fromkeys(images))

    @property
    def min_height(self) -> float:
        """How many pixels high a face has to be at least to be replaced."""
        return min(request.recipe.select.min_height for request in self.requests)


@dataclass(frozen=True)
class MovieJob(ClipJob):
    """One movie to be made of a clip.

    Attributes
    ----------
    output : pathlib.Path
        The movie, or a pattern for images.
    start, end : int or None
        The first frame and the last, itself included; None for the clip's.
    fps : str or None
        The frame rate of images, as it was written.
    choice : EncodingChoice
        How the video is coded.
    sound : str
        What becomes of the sound, see `options.SOUND`.
    copy_untouched : bool
        Whether the clip's own packets are kept where no face is replaced.
    colorspace : str
        What the clip's numbers mean, see `open_named_clip`; empty for what its files say.
    """

    output: Path
    start: int | None = None
    end: int | None = None
    fps: str | None = None
    choice: EncodingChoice = field(default_factory=EncodingChoice)
    sound: str = "copy"
    copy_untouched: bool = False
    colorspace: str = ""

    def with_files(self, clip: Path, swaps: tuple[ClipSwap, ...], output: Path) -> "MovieJob":
        """Return the same for another clip, other people and another output."""
        return replace(self, clip=clip, swaps=swaps, output=output)


@dataclass(frozen=True, eq=False)
class OpenJob:
    """A job whose clip is open."""

    job: MovieJob
    clip: Clip
    fps: Fraction
    numbers: range
    """The frames of the clip that the movie has."""
    output: Path
    """The file that the movie becomes, where `MovieJob.output` may be a link to it."""
    warnings: tuple[str, ...]
    """What should be said of how the clip is read."""


def open_job(stack: ExitStack, job: MovieJob) -> OpenJob:
    """Open a job's clip, which `stack` closes. ClipError says what is wrong with it, or with the frames."""
    opened = open_named_clip(job.clip, job.colorspace)
    clip = stack.enter_context(PrefetchingClip(opened.clip, keep_images=True))
    return describe_job(job, clip, (*opened.warnings, *correction_warnings(clip, job.requests)))


def describe_job(job: MovieJob, clip: Clip, warnings: tuple[str, ...] = ()) -> OpenJob:
    """Return a job with its clip, which is open. Raises ClipError, OutputError."""
    fps = frame_rate(job.clip, clip, job.fps)
    numbers = frame_range(clip, job.start, job.end)
    require_swap_frames(clip, job.swaps)
    return OpenJob(job, clip, fps, numbers, follow_link(job.output, output_kind(job.output)), warnings)


def correction_warnings(clip: Clip, requests: Iterable[SwapRequest]) -> tuple[str, ...]:
    """Return what should be said of corrections, ranges and keys outside of these after the last frame of a clip."""
    count, named = clip.image_count, list[int]()
    for request in requests:
        edits = request.landmark_edits
        ranges = (*request.exclusions, *request.holds, *request.redetections, *request.dismissals, *edits)
        named += [entry.first for entry in ranges]
        named += [key.frame for edit in edits for key in edit.keys if key.frame not in edit]
    beyond = [frame for frame in named if frame >= count]
    if not beyond:
        return ()
    info = clip.info
    name = quote(info.title if info.first_frame_text else info.path.name)
    fault = f"{name} does not have frame {min(beyond)}, which is corrected: its frames are 0 to {count - 1}"
    return (fault + quote(info.first_frame_text),)


def require_swap_frames(clip: Clip, swaps: Iterable[ClipSwap]) -> None:
    """Raise ClipError where a swap names frames that a clip does not have."""
    for swap in swaps:
        for span in (swap.span, *swap.ranges):
            _require_frames(clip, span)


def _require_frames(clip: Clip, span: RequestRange) -> None:
    try:
        frame_range(clip, span.first, span.last)
    except ClipError as error:
        raise ClipError(f"{error}; check start and end of the swaps") from error
