# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker says of the pictures of who plays the part."""

import os
from pathlib import Path

import numpy as np
from footage.portrait import make_up_portrait, portrait, write_picture
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.layers.job import request_values
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.settings import RunSettings, settings_values
from understudy.core.worker.__main__ import WorkerRun


def faults_of(cache: Path, casting: SwapRequest, ask: str) -> list[str]:
    """Ask a worker something about a casting; return the faults that it tells."""
    messages: list[tuple[str, object]] = []
    run = WorkerRun(settings_values(RunSettings(CacheSettings(cache))), lambda *said: messages.append(said))
    run.handle("cast", {"id": 1, "castings": [request_values(casting)]})
    run.handle(ask, {"strip": "clip", "cast": 1})
    run.end()
    return [str(value) for kind, value in messages if kind == "fault"]


def test_an_image_that_was_destroyed_keeps_no_other_from_being_looked_at(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    broken = write_picture(tmp_path / "plain.png", portrait())
    good = write_picture(tmp_path / "green.png", make_up_portrait())
    casting = SwapRequest(Identity((FaceImage(broken), FaceImage(good))), Recipe())
    assert faults_of(cache, casting, "check") == []
    # Of the same size and time: its face is known by now, but not taken for that of this file.
    status = broken.stat()
    broken.write_bytes(bytes(status.st_size))
    os.utime(broken, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert faults_of(cache, casting, "note") == []
    assert ["plain.png" in fault for fault in faults_of(cache, casting, "check")] == [True]
    kept = [entry.text for entry in PackStore(cache).entries()]
    assert sum("stage=note\n" in text for text in kept) == 1


def test_shape_draws_the_neutral_face(tmp_path: Path) -> None:
    person = Identity((FaceImage(write_picture(tmp_path / "plain.png", portrait())),))

    def drawn_count(cache: Path, *settings: str, identity: Identity = person) -> int:
        assert faults_of(cache, SwapRequest(identity, with_settings(Recipe(), settings)), "note") == []
        return sum("stage=neutral_face\n" in entry.text for entry in PackStore(cache).entries())

    assert drawn_count(tmp_path / "without") == 0
    assert drawn_count(tmp_path / "neural", "swap.shape=1", "swap.swapper=inswapper") == 0
    assert drawn_count(tmp_path / "with", "swap.shape=1") == 1
    assert drawn_count(tmp_path / "with", "swap.shape=0.5", "fusion.blend=0.5") == 1
    # An image that shows nobody says so beside itself: it is no fault of the strip.
    nobody = FaceImage(write_picture(tmp_path / "none.png", np.full((200, 200, 3), 90, np.uint8)))
    both = Identity((*person.images, nobody))
    assert drawn_count(tmp_path / "nobody", "swap.shape=1", identity=both) == 0
