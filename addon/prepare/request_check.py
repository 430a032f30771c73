# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a source person can be used: a worker process checks, so that the window does not wait for the models."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import ModelError
from ...core.recipe.request import SwapRequest
from ..layers.folders import cache_folder
from ..lookups.gallery import lookup_cache, refresh_lookups
from ..lookups.lookups import Lookup
from ..properties.preferences import Preferences
from ..properties.preferences import preferences as current_preferences
from ..properties.scene_properties import request_of
from ..properties.status import set_window_state
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from .strip_facts import neutral_face_lookup, other_person_lookup, source_image_lookup


def check_unknown_images(scene: bpy.types.Scene, modifier: Any) -> None:
    """Have what is not known of a modifier's images looked at and drawn, once for the same files.

    For a panel, which may not start anything while it draws: it is started as soon as that is over.
    """
    request = request_of(modifier)
    lookups = lookup_cache()
    images = [source_image_lookup(scene, image, request.recipe.detect) for image in request.identity.images]
    others = other_person_lookup(scene, request), neutral_face_lookup(scene, request)
    wanted: tuple[Lookup, ...] = tuple(lookup for lookup in (*images, *others) if lookup is not None)
    if bpy.app.background or active_queries("picture") or not any(map(lookups.is_unknown, wanted)):
        return
    check = partial(
        check_request_in_background, modifier.name, request, cache_folder(scene), current_preferences()
    )
    lookups.get_or_compute(("image check", wanted), lambda: _start_soon(check))


def _start_soon(check: Callable[[], None]) -> bool:
    bpy.app.timers.register(check)
    return True


def check_request_in_background(
    name: str, request: SwapRequest, folder: Path, preferences: Preferences
) -> None:
    """Check a request beside the editor; what is wrong and what its images show is in the panel once it is known."""
    names = [image.path.name for image in request.identity.images]

    def on_end(faults: list[str]) -> None:
        # What is wrong with an image stands beside it, and goes with it.
        others = [fault for fault in faults if not any(image in fault for image in names)]
        set_window_state("trouble", others[0] if others else "")
        refresh_lookups()

    try:
        worker = WorkerProcess(run_settings(folder, preferences))
    except ModelError as error:
        set_window_state("trouble", str(error))
        return
    worker.inspect_source_images(name, (request,))
    worker.check(name, (request,))
    WorkerQuery("picture", worker, on_end).start()
