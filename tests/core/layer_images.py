# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer images of the rendered clip, made as Blender has them made: by a session of their own for each request."""

from typing import NamedTuple

from report_stages import stage_runs
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

from tests.core.rendered_clip import FRAMES


class LayerUpdate(NamedTuple):
    """Which frames' images were written, which stages ran, what shows the original and why, and each image's path."""

    written: list
    stages: dict
    originals: dict
    paths: dict


def update_layers(folder, home, request, frames=range(FRAMES)):
    """Bring the images of frames of clip.mp4 in `folder` up to date, in a cache in `home`; nothing is warned of."""
    source, layers = ClipSource(True, (folder / "clip.mp4",)), home / "cache" / "layers" / ("a" * 16)
    session = LayerSession(RunSettings(CacheSettings(home / "cache")))
    jobs = [
        LayerJob("clip", number, source, number, layers / f"{number:06d}.tif", (request,))
        for number in frames
    ]
    written = [job.number for job in jobs if session.update_layer(job)]
    stages, originals = stage_runs(session.as_dict()), session.outcomes.as_dict()["original"]
    assert session.warnings == ()
    session.close()
    return LayerUpdate(written, stages, originals, {job.number: job.layer_path for job in jobs})
