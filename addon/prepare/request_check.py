# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a source person can be used: a worker process checks, so that the window does not wait for the models."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import ModelError
from ...core.recipe.request import FaceImage, SwapRequest
from ..layers.folders import cache_folder
from ..lookups.gallery import lookup_cache, refresh_lookups
from ..lookups.lookups import Lookup
from ..modifiers.takes import takes_of
from ..properties.preferences import Preferences
from ..properties.preferences import preferences as current_preferences
from ..properties.scene_properties import recipe_of, request_of
from ..properties.source_image_files import source_image_path
from ..properties.status import set_window_state
from ..properties.take_properties import identity_of_take
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from .strip_facts import neutral_face_lookup, other_person_lookup, source_image_lookup

_TOPIC = "picture"


def check_unknown_images(scene: bpy.types.Scene, modifier: Any) -> None:
    """Have what is not known of a modifier's images looked at and drawn, once for the same files.

    For a panel, which may not start anything while it draws: it is started as soon as that is over.
    """
    request = request_of(modifier)
    lookups = lookup_cache()
    images = [source_image_lookup(scene, image, request.recipe.detect) for image in request.identity.images]
    others = other_person_lookup(scene, request), neutral_face_lookup(scene, request)
    wanted: tuple[Lookup, ...] = tuple(lookup for lookup in (*images, *others) if lookup is not None)
    if bpy.app.background or active_queries(_TOPIC) or not any(map(lookups.is_unknown, wanted)):
        return
    check = partial(
        check_request_in_background, modifier.name, request, cache_folder(scene), current_preferences()
    )
    lookups.get_or_compute(("image check", wanted), lambda: _start_soon(check))


def check_unknown_takes(scene: bpy.types.Scene, modifier: Any) -> None:
    """Have the images of a modifier's takes looked at whose faces are not known, so that a list can show them.

    For a panel, as `check_unknown_images`.
    """
    detect = recipe_of(modifier).detect
    people = [identity_of_take(modifier, place).pictures for place in range(len(modifier.takes))]
    firsts = [next((image for image in images if image.filepath), None) for images in people]
    lookups = lookup_cache()
    wanted = tuple(
        source_image_lookup(scene, FaceImage(source_image_path(image), image.face_number), detect)
        for image in firsts
        if image is not None
    )
    known = [lookup for lookup in wanted if lookup is not None]
    if bpy.app.background or active_queries(_TOPIC) or not any(map(lookups.is_unknown, known)):
        return
    requests = tuple(request for _, request in takes_of(modifier) if request.identity.images)
    inspect = partial(_inspect_in_background, requests, cache_folder(scene), current_preferences())
    lookups.get_or_compute(("takes check", wanted), lambda: _start_soon(inspect))


def _inspect_in_background(requests: tuple[SwapRequest, ...], folder: Path, preferences: Preferences) -> None:
    """Look at the images of people beside the editor; what is wrong with them is said once their take is shown."""
    try:
        worker = WorkerProcess(run_settings(folder, preferences))
    except ModelError:
        return  # said where the modifier's own images are checked
    worker.inspect_source_images("", requests)
    WorkerQuery(_TOPIC, worker, lambda _faults: refresh_lookups()).start()


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
    WorkerQuery(_TOPIC, worker, on_end).start()
