# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a project before a farm renders it, and the plan made of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Asset:
    """A file or folder that a worker needs."""

    kind: str
    """`project`, `clip`, `image` (of a source person), `media` (what else it shows), `layers`, `cache`,
    `consent` (the file of records, where a render requires them) or `model`."""
    stored_path: str
    """As the project holds it, such as `//footage/clip.mp4`."""
    path: Path
    """Where that is on this machine; absolute."""
    byte_count: int | None
    """None where it is missing."""
    travels: bool
    """Whether a farm that copies the project finds it: its path is relative to the project, or it is packed."""
    advice: str = ""
    """What to do where it is missing or stays behind; empty where nothing is to do."""


@dataclass(frozen=True)
class StripFacts:
    """A strip with face swaps, in the frames of the timeline."""

    name: str
    first_frame: int
    last_frame: int
    frame_size: tuple[int, int]
    """Width and height of the clip in pixels."""
    ready_frame_count: int
    """Frames whose layer is current."""
    faults: tuple[str, ...] = ()
    """Why its faces can't be replaced, each with the fix."""
    ready_ranges: tuple["Chunk", ...] = ()
    """Where these frames lie on the timeline, in order and without overlap."""
    outdated_frame_count: int = 0
    """Frames whose layer was made for other settings, images or models."""
    modifier_count: int = 1
    """How many faces it replaces at most."""


@dataclass(frozen=True)
class ProjectFacts:
    """What Blender says of a project."""

    project: Path
    scene: str
    first_frame: int
    last_frame: int
    frame_step: int
    output: str
    """The scene's output path, absolute, with its `#`; as Blender will write it."""
    writes_movie: bool
    """Whether the output is one movie, which tasks can't share."""
    file_extension: str
    """Of the images or of the movie, with its dot."""
    cache_folder: Path
    layers_folder: Path
    assets: tuple[Asset, ...]
    strips: tuple[StripFacts, ...]
    blender_version: str
    extension_version: str
    render_size: tuple[int, int] = (1920, 1080)
    """Width and height of the rendered images in pixels."""
    stored_output: str = ""
    """The output path as the project holds it, such as `//render/shot_####`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The places that this Blender's preferences and environment name, as variables for tasks; nothing secret."""
    faults: tuple[str, ...] = ()
    """What else would make a render fail, each with the fix."""
    warnings: tuple[str, ...] = ()
    """What else is otherwise than expected."""


@dataclass(frozen=True)
class Chunk:
    """A contiguous range of the timeline for one task; both ends are rendered."""

    first_frame: int
    last_frame: int

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self.last_frame - self.first_frame + 1


@dataclass(frozen=True)
class Estimate:
    """What the job will cost."""

    frames_to_compute: int
    frames_ready: int
    cpu_seconds: float
    cache_bytes: int
    """What the cache and the layers will grow by."""
    share_bytes: int
    """What is read from and written to the shared folder, by all tasks together."""
    basis: str
    """What the figures were measured on, or learned from, in a few words."""


@dataclass(frozen=True)
class FarmPlan:
    """A job: what is rendered, in which chunks, with what, and what stands against it."""

    facts: ProjectFacts
    chunks: tuple[Chunk, ...]
    chunk_size: int
    prepares_first: bool
    """Whether one task a chunk fills the cache before the first frame is rendered."""
    is_strict: bool
    """Whether a frame that can't be made fails, in place of showing the original."""
    environment: Mapping[str, str]
    """The variables that every task needs, such as `UNDERSTUDY_TRUST`."""
    estimate: Estimate
    faults: tuple[str, ...]
    """Why the job would fail; each names the thing and the fix."""
    warnings: tuple[str, ...]
    """What the job would do otherwise than expected."""
