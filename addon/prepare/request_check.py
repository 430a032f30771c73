# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this person play the part? Asked of a worker process, so that the window does not wait for the models."""

from pathlib import Path

from ...core.errors import ModelError
from ...core.recipe.request import Casting
from ..lookups.gallery import look_again
from ..properties.preferences import Preferences
from ..properties.status import put
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import Question


def check_beside(name: str, casting: Casting, cache_folder: Path, preferences: Preferences) -> None:
    """Check a casting beside the editor; what is wrong and what its pictures show is in the panel once it is known."""
    names = [picture.path.name for picture in casting.identity.pictures]

    def told(faults: list[str]) -> None:
        # What is wrong with a picture stands beside it, and goes with it.
        others = [fault for fault in faults if not any(picture in fault for picture in names)]
        put("trouble", others[0] if others else "")
        look_again()

    try:
        worker = WorkerProcess(run_settings(cache_folder, preferences))
    except ModelError as error:
        put("trouble", str(error))
        return
    worker.note(name, (casting,))
    worker.check(name, (casting,))
    Question("picture", worker, told).ask()
