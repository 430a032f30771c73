# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of tests of turnovers, see drive.py."""

import time
from pathlib import Path

from steps import _scene, _strip
from understudy.addon.layers.folders import cache_folder
from understudy.addon.properties.preferences import preferences
from understudy.addon.properties.scene_properties import recipe_of
from understudy.addon.sessions.open import run_settings
from understudy.addon.sessions.worker_process import WorkerProcess
from understudy.addon.turnover.strip_request import turnover_request
from understudy.core.cli.main import main
from understudy.core.export.provenance import changed_settings


def turnover_frames(name):
    """What a turnover of a strip asks for: its first frame and last, and the blend of each frame between."""
    request, _ = turnover_request(_scene(), _strip(name), Path("unused"))
    frames = range(request.first, request.last + 1)
    return [request.first, request.last, [_blend(request, number) for number in frames]]


def _blend(request, number):
    (swap,) = request.swaps
    return round(swap.request_at(number).recipe.fusion.blend, 3)


def turnover_by_command(arguments):
    """Run the command line with the first modifier's settings, in this Blender, with its libraries; its exit status."""
    settings = changed_settings(recipe_of(_scene().understudy.modifiers[0]))
    return main(["turnover", *arguments, *(f"--set={name}={value}" for name, value in settings.items())])


def turnover_by_worker(name, folder):
    """Have a worker write a turnover of a strip; returns its messages but the report."""
    scene = _scene()
    request, _ = turnover_request(scene, _strip(name), Path(folder))
    worker = WorkerProcess(run_settings(cache_folder(scene), preferences()))
    worker.make_turnover(name, request)
    worker.finish()
    messages = []
    while not worker.has_ended:
        messages += worker.messages()
        time.sleep(0.01)
    return [[kind, value] for kind, value in messages if kind not in ("ready", "report")]
