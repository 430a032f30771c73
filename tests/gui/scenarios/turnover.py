# SPDX-License-Identifier: GPL-3.0-or-later
"""A turnover in the window: begun by a script as by the menu, stopped, then written to its end."""

from pathlib import Path

import bpy
from bl_ext.user_default.understudy.addon.sessions.worker_query import active_queries

LENGTH = 30


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    window.add_movie("/given/clip.mp4", LENGTH)
    bpy.ops.wm.save_as_mainfile(filepath="/work/turnover.blend")
    yield from window.recast()
    yield from open_menu(window)
    yield from open_dialog(window)
    for name in ("stopped", "whole", "left"):
        yield from write_turnover(window, name)


def open_menu(window):
    """Look at the modifier's menu."""
    properties = window.area("PROPERTIES")
    window.point(properties.x + 100, properties.y + 500)
    yield 0.5
    with window.within(properties):
        bpy.ops.wm.call_menu(name="UNDERSTUDY_MT_modifier")
    yield 1.0
    window.shot("turnover_menu")
    window.hand("key", "Escape")
    yield 0.5


def open_dialog(window):
    """Begin as from the menu: what the file browser proposes, and what is written where that is accepted."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.turnover_write("INVOKE_DEFAULT")
    yield 2.0
    screen = bpy.context.window_manager.windows[-1].screen
    area = max((a for a in screen.areas if a.type == "FILE_BROWSER"), key=lambda a: a.width)
    params = area.spaces.active.params
    window.facts["proposed"] = [params.directory.decode(), params.filename]
    window.shot("turnover_dialog")
    with bpy.context.temp_override(
        window=bpy.context.window_manager.windows[-1], area=area, region=window.region(area)
    ):
        bpy.ops.file.execute()
    yield from window.until(lambda: state().turnover_progress > 0, 1200)
    bpy.ops.understudy.turnover_stop()
    yield from window.until(lambda: not state().turnover_strip, 1200)
    window.facts["accepted"] = count_files(Path("/work/clip_mp4_turnover"))


def write_turnover(window, name):
    """Have a turnover written into a folder, or stop that once the panel shows progress; tell what there is then."""
    folder = Path("/work") / name
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.turnover_write(directory=str(folder))
    yield from window.until(lambda: state().turnover_progress > 0, 1200)
    window.facts[f"{name}_status"] = state().turnover_status
    window.shot(f"turnover_{name}")
    if name == "stopped":
        window.facts["second"] = second_turnover(window, folder)
        bpy.ops.understudy.turnover_stop()
    if name == "left":
        (pid,) = [query._worker.pid for query in active_queries("turnover")]
        bpy.ops.wm.open_mainfile(filepath="/work/turnover.blend")
        window.facts["left_process"] = Path(f"/proc/{pid}").exists()
    yield from window.until(lambda: not state().turnover_strip, 1200)
    yield 1.0
    window.shot(f"turnover_{name}_end")
    window.facts[name] = [count_files(folder), (folder / "manifest.json").exists(), state().trouble]


def second_turnover(window, folder):
    """Begin another while one is written; what it says."""
    try:
        with window.within(window.area("SEQUENCE_EDITOR")):
            bpy.ops.understudy.turnover_write(directory=str(folder))
    except RuntimeError as error:
        return str(error)
    return ""


def count_files(folder):
    """How many files there are of frames."""
    return len(list(folder.glob("*.exr")))


def state():
    """What the panels show."""
    return bpy.context.window_manager.understudy
