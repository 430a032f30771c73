# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a source person can be used: a worker process checks, so that the window does not wait for the models."""

from pathlib import Path

from ...core.errors import ModelError
from ...core.recipe.request import SwapRequest
from ..lookups.gallery import refresh_lookups
from ..properties.preferences import Preferences
from ..properties.status import set_window_state
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery


def check_request_in_background(
    name: str, request: SwapRequest, cache_folder: Path, preferences: Preferences
) -> None:
    """Check a request beside the editor; what is wrong and what its images show is in the panel once it is known."""
    names = [image.path.name for image in request.identity.images]

    def on_end(faults: list[str]) -> None:
        # What is wrong with an image stands beside it, and goes with it.
        others = [fault for fault in faults if not any(image in fault for image in names)]
        set_window_state("trouble", others[0] if others else "")
        refresh_lookups()

    try:
        worker = WorkerProcess(run_settings(cache_folder, preferences))
    except ModelError as error:
        set_window_state("trouble", str(error))
        return
    worker.inspect_source_images(name, (request,))
    worker.check(name, (request,))
    WorkerQuery("picture", worker, on_end).start()
