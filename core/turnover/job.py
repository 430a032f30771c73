# SPDX-License-Identifier: GPL-3.0-or-later
"""One turnover to be made of a clip, as it was asked for and as it was found to be possible."""

from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..batch.job import ClipJob, correction_warnings, require_swap_frames
from ..errors import OutputError, os_error_reason
from ..export.image_names import is_image_pattern, matches
from ..export.inputs import frame_range, frame_rate, open_named_clip, require_output
from ..filesystem import make_folder
from ..media.clip import Clip
from ..media.prefetching_clip import PrefetchingClip
from ..recipe.request import SwapRequest

FILE_PATTERN = "frame_%05d.exr"
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True)
class TurnoverJob(ClipJob):
    """A turnover.

    Attributes
    ----------
    folder : pathlib.Path
        Where its files go.
    start, end : int or None
        The first frame and the last, itself included; None for the clip's.
    fps : str or None
        The frame rate of images, as it was written.
    colorspace : str
        What the numbers of OpenEXR images mean; empty for their view as display-coded images.
    """

    folder: Path
    start: int | None = None
    end: int | None = None
    fps: str | None = None
    colorspace: str = ""

    @property
    def pattern(self) -> Path:
        """The names of its files."""
        return self.folder / FILE_PATTERN


@dataclass(frozen=True, eq=False)
class OpenTurnover:
    """A turnover whose clip is open.

    Attributes
    ----------
    job : TurnoverJob
        What was asked for.
    clip : Clip
        The clip.
    numbers : range
        Its frames, counted from 0.
    fps : Fraction or None
        Its frame rate, where that is known.
    warnings : tuple of str
        What should be said of how the clip is read.
    """

    job: TurnoverJob
    clip: Clip
    numbers: range
    fps: Fraction | None
    warnings: tuple[str, ...]

    def ids(self, number: int) -> dict[SwapRequest, int]:
        """Return the numbers of the swaps, counted from 1, by what they ask for in a frame."""
        numbers: dict[SwapRequest, int] = {}
        for place, swap in enumerate(self.job.swaps, 1):
            request = swap.request_at(number)
            asked = None if request is None else request.in_frame(number)
            if asked is not None:
                numbers.setdefault(asked, place)
        return numbers


def open_turnover(stack: ExitStack, job: TurnoverJob) -> OpenTurnover:
    """Open a turnover's clip, which `stack` closes.

    Parameters
    ----------
    stack : contextlib.ExitStack
        Closes the clip.
    job : TurnoverJob
        What is asked for.

    Returns
    -------
    OpenTurnover
        The job and its clip.

    Raises
    ------
    ClipError
        The clip or the frames can't be used.
    OutputError
        The folder can't be used.
    """
    opened = open_named_clip(job.clip, job.colorspace)
    clip = stack.enter_context(PrefetchingClip(opened.clip))
    warnings = (*opened.warnings, *correction_warnings(clip, job.requests))
    turnover = describe_turnover(job, clip, warnings)
    require_swap_frames(clip, job.swaps)
    return turnover


def describe_turnover(job: TurnoverJob, clip: Clip, warnings: tuple[str, ...] = ()) -> OpenTurnover:
    """Return a turnover with its clip, which is open. Raises ClipError, OutputError."""
    require_folder(job.folder)
    numbers = frame_range(clip, job.start, job.end)
    fps = frame_rate(job.clip, clip, job.fps) if clip.info.fps or job.fps else None
    is_clip_folder = job.clip.is_dir() and job.folder.is_dir() and job.clip.samefile(job.folder)
    # The clip would have the turnover's images too, from the next time on that it is read.
    if is_clip_folder or any(matches(job.pattern, path) for path in clip.source.paths):
        raise OutputError(
            f"can't write the turnover into {job.folder}: it has the clip's images; give another"
        )
    return OpenTurnover(job, clip, numbers, fps, warnings)


def require_folder(folder: Path) -> None:
    """Raise OutputError unless a folder is there, or can be made beside others that are."""
    if is_image_pattern(folder):
        raise OutputError(
            f"can't write the turnover into {folder}: give a folder; its files are named {FILE_PATTERN}"
        )
    try:
        is_file, has_parent = folder.exists() and not folder.is_dir(), folder.parent.is_dir()
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(
            f"can't write the turnover into {folder}: {reason}; choose another place"
        ) from error
    if is_file:
        raise OutputError(f"can't write the turnover into {folder}: it is not a folder; give another name")
    if not has_parent:
        raise OutputError(
            f"can't write the turnover into {folder}: there is no folder {folder.parent}; make it first"
        )


def make_turnover_folder(job: TurnoverJob) -> None:
    """Make the folder of a turnover, where it is not there. OutputError where it can't be used."""
    try:
        make_folder(job.folder)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't make the folder {job.folder}: {reason}; choose another place") from error
    for name in (FILE_PATTERN, MANIFEST_NAME):
        require_output(job.folder / name, "turnover", job.sources)
