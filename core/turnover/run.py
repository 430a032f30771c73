# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a turnover: its files, the file that says what was done, and the manifest, which is there last."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..batch.observer import RenderObserver
from ..batch.render_counts import RenderCounts
from ..batch.shot_check import check_shots
from ..errors import ClipError, FaceImageError, OutputError, os_error_reason
from ..export.exr_channels import encode_exr_channels
from ..export.exr_file import space_chromaticities
from ..export.frames import NO_MEMORY
from ..export.image_names import image_path
from ..export.image_writer import write_output
from ..export.provenance import COMMENT, provenance_of, sidecar
from ..export.source_video import describe_clip
from ..filesystem import Folder
from ..media.light_space import light_space
from ..pipeline.layer_parts import LayerParts
from ..pipeline.pipeline import Pipeline
from ..provenance.marker import FileMarker
from ..provenance.settings import MarkSettings
from ..provenance.sidecar import content_entries
from ..recipe.clip_swap import requests_at
from ..sessions.composite_facts import CompositeFactsFinder
from .frame_layers import frame_layers
from .job import MANIFEST_NAME, OpenTurnover, make_turnover_folder
from .manifest import manifest


def write_turnover(
    pipeline: Pipeline, opened: OpenTurnover, observer: RenderObserver, marks: MarkSettings
) -> RenderCounts:
    """Write the files of a turnover. What the cache has is not computed again; a frame of which it has all is not read.

    Parameters
    ----------
    pipeline : Pipeline
        What computes; it has checked the job's requests.
    opened : OpenTurnover
        The job, and its clip.
    observer : RenderObserver
        Hears how far it is; what its `check_stop` raises ends it.
    marks : MarkSettings
        How the files are marked.

    Returns
    -------
    RenderCounts
        What became of the frames.

    Raises
    ------
    UnderstudyError
        The turnover can't be made; files that are written stay, without a manifest.
    """
    clip, pattern = opened.clip, opened.job.pattern
    space = light_space(clip.source.reading)
    space_name = "" if space is None else space.name
    source = describe_clip(clip.info)
    finder = CompositeFactsFinder(pipeline.library)
    marker = FileMarker(marks, partial(finder.find, opened.job.requests, [clip.source]))
    check_shots(pipeline, clip, opened.numbers, opened.job.swaps, observer)
    pipeline.check_content(clip)
    make_turnover_folder(opened.job)
    _remove_manifest(opened.job.folder)
    outcome, first = RenderCounts(), None
    observer.on_frame(0, len(opened.numbers))
    for number in opened.numbers:
        observer.check_stop()
        parts, fault = _frame_parts(pipeline, opened, number)
        layers = frame_layers(parts, (clip.info.width, clip.info.height), opened.ids(number))
        data = encode_exr_channels(
            (clip.info.width, clip.info.height),
            layers.planes,
            layers.corner,
            chromaticities=space_chromaticities(space_name),
            pixel_aspect=source.upright_aspect,
            comment=COMMENT,
        )
        path = image_path(pattern, number)
        # The swapped face is in a file even where the layer shows nothing of it.
        write_output(path, marker.image(data, path.name) if parts is not None and parts.faces else data)
        first = first or path
        outcome.add_file(number, fault, is_changed=layers.is_changed)
        observer.on_frame(outcome.written_count, len(opened.numbers))
    facts = marker.known_facts() if outcome.changed_count else None
    provenance = provenance_of(opened.job.clip, opened.job.swaps, outcome.changed_count)
    entries = {} if facts is None or first is None else content_entries(pattern.name, first, facts)
    name, text = sidecar(pattern, provenance, entries)
    write_output(pattern.with_name(name), text)
    values = manifest(opened, source.tags, space, outcome, facts)
    write_output(pattern.with_name(MANIFEST_NAME), (json.dumps(values, indent=2) + "\n").encode("ascii"))
    for warning in marker.warnings:
        pipeline.counter.warn(warning)
    return outcome


def _remove_manifest(path: Path) -> None:
    """Take the manifest of an earlier turnover away, which does not hold for the files that are written now."""
    try:
        with suppress(FileNotFoundError), Folder(path) as folder:
            folder.remove_file(MANIFEST_NAME)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write {path / MANIFEST_NAME}: {reason}; check the folder") from error


def _frame_parts(pipeline: Pipeline, opened: OpenTurnover, number: int) -> tuple[LayerParts | None, str]:
    """Return what a frame's layer is made from, or why it shows the original."""
    try:
        plan = pipeline.plan(opened.clip, number, requests_at(opened.job.swaps, number))
        return pipeline.take_apart(plan), ""
    except (ClipError, FaceImageError) as error:
        return None, str(error)
    except MemoryError:
        return None, NO_MEMORY
