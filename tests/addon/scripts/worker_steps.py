# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what a Blender with a window does beside drawing: worker processes."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import bpy
from understudy.addon.layers.folders import cache_folder
from understudy.addon.prepare import request_check
from understudy.addon.prepare.preparation import Preparation, finish_preparation
from understudy.addon.properties.preferences import preferences
from understudy.addon.properties.scene_properties import request_of
from understudy.addon.properties.status import add_prepare_request, take_prepare_request, window_state
from understudy.addon.sequencer.strips import stack_id
from understudy.addon.sessions.worker_query import active_queries


def _facts(run):
    return {
        "done": len(run.results),
        "written": run.written_count,
        "report": run.report,
        "faults": run.faults,
        "warnings": run.warnings,
        "progress": run.progress,
        "state": run.results.state().as_dict(),
        "pid": run.worker.pid,
    }


def _begin(strip=None):
    scene = bpy.context.scene
    if strip is None:
        return Preparation(scene, scene.frame_start, scene.frame_end)
    clip = scene.sequence_editor.strips_all[strip]
    return Preparation(scene, clip.frame_final_start, clip.frame_final_end - 1, stack_id(clip))


def _begin_to_stop():
    """Begin what is stopped before its end, however busy the machine: the worker has no more jobs than two."""
    scene = bpy.context.scene
    return Preparation(scene, scene.frame_start, scene.frame_end, max_pending_jobs=2)


def _tick_until(run, until=lambda: False):
    while run.tick() and not until():
        time.sleep(0.005)


def work(strip=None):
    """Prepare with a worker."""
    run = _begin(strip)
    _tick_until(run)
    return _facts(run)


def work_and_edit(after, edit):
    """Edit once some layers are done: another setting, a scene and a folder with other names, or no strip any more."""
    run, scene = _begin_to_stop(), bpy.context.scene
    _tick_until(run, lambda: len(run.results) >= after)
    if edit == "settings":
        (Path(bpy.data.filepath).parent / "again").mkdir()
        scene.understudy.modifiers[0].swap.mirror = 0.4
        scene.name = "Another name"
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(bpy.data.filepath).parent / "again" / "p.blend"))
    else:
        editor = scene.sequence_editor
        editor.strips.remove(editor.strips_all[edit])
    _tick_until(run)
    return finish_preparation(run, run.scene)[1]


def work_and_kill(after, again=()):
    """Kill the worker with no warning once some layers are done; the next one once others are, and so on."""
    run = _begin_to_stop()
    for count in (after, *again):
        _tick_until(run, lambda count=count: len(run.results) >= count)
        os.kill(run.worker.pid, signal.SIGKILL)
    _tick_until(run)
    return _facts(run)


def work_and_kill_in_hand(strip, times):
    """Kill the worker whenever it begins with a strip, a number of times."""
    run, killed = _begin(), []

    def at_it():
        waiting = run.worker.pending_jobs
        return waiting and waiting[0].strip == strip and run.worker.pid not in killed

    for _ in range(times):
        _tick_until(run, at_it)
        killed.append(run.worker.pid)
        os.kill(killed[-1], signal.SIGKILL)
    _tick_until(run)
    return _facts(run)


def work_until_killed(seconds):
    """Prepare round after round, each worker killed some seconds after it was ready; tells what each wrote."""
    progress = []
    for pause in seconds:
        run, until = _begin(), []

        def over(run=run, until=until, pause=pause):
            if not until and run.has_begun:
                until.append(time.monotonic() + pause)
            return until and time.monotonic() >= until[0]

        _tick_until(run, over)
        if not run.worker.has_ended:
            killed = run.worker.pid
            os.kill(killed, signal.SIGKILL)
            # What it told before it was killed counts, and is there once another is started in its place.
            _tick_until(run, lambda run=run, killed=killed: run.worker.pid != killed)
        run.cancel()
        progress.append({"written": run.written_count, "over": run.report is not None})
    return progress


def work_and_cancel(after):
    """Stop once some layers are done; also tells whether the process is still there."""
    run = _begin_to_stop()
    _tick_until(run, lambda: len(run.results) >= after)
    run.cancel()
    try:
        os.kill(run.worker.pid, 0)
    except ProcessLookupError:
        return {**_facts(run), "alive": False}
    return {**_facts(run), "alive": True}


def work_and_die(pid_file):
    """Begin to prepare, write the worker's id to a file once it works, and be killed."""
    run = _begin_to_stop()
    _tick_until(run, lambda: len(run.results) >= 1)
    Path(pid_file).write_text(str(run.worker.pid))
    os.kill(os.getpid(), signal.SIGKILL)


def check_beside():
    """Ask a worker whether the first modifier can be played; what is wrong, and what of it the whole panel shows."""
    faults = []
    scene = bpy.context.scene
    modifier = scene.understudy.modifiers[0]
    request_check.check_request_in_background(
        modifier.name, request_of(modifier), cache_folder(scene), preferences()
    )
    for question in active_queries("picture"):  # without a window no timer ticks
        while question.tick() is not None:
            time.sleep(0.01)
        faults += question._faults
        question.cancel()  # takes its timer out
    return {"faults": faults, "trouble": window_state().trouble}


def work_queue(strips):
    """Queue strips and prepare one after the other; tells each run, by label, and how many still waited."""
    scene = bpy.context.scene
    for name in [*strips, strips[0]]:
        clip = scene.sequence_editor.strips_all[name]
        add_prepare_request(scene, name, clip.frame_final_start, clip.frame_final_end - 1, stack_id(clip))
    requests = []
    while (request := take_prepare_request()) is not None:
        waiting = len(window_state().queue)
        run = Preparation(request.scene, request.first, request.last, request.strip_id)
        _tick_until(run)
        requests.append({"label": request.label, "waiting": waiting, **_facts(run)})
    return requests


def frame_now():
    return bpy.context.scene.frame_current


def viewed(out, frame):
    """Save what the sequencer shows at a frame, with no handler of ours at work."""
    scene = bpy.context.scene
    before = {name: list(getattr(bpy.app.handlers, name)) for name in ("render_init", "render_pre")}
    for name in before:
        getattr(bpy.app.handlers, name).clear()
    scene.frame_set(frame)
    scene.render.filepath = f"{out}{frame:04d}.png"
    bpy.ops.render.render(write_still=True)
    for name, handlers in before.items():
        getattr(bpy.app.handlers, name).extend(handlers)


def forget_cache(keep):
    """Take the kept results away, but not the layers, nor what says that the folder is a cache."""
    cache = cache_folder(bpy.context.scene)
    Path(keep).mkdir()
    for entry in cache.iterdir():
        if entry.name not in ("layers", "CACHEDIR.TAG", "format"):
            shutil.move(str(entry), keep)


def touch(path):
    """Give a file another time."""
    os.utime(path, (1, 1))


def threads():
    """Our threads that run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("understudy")]
