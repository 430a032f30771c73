# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for where results are kept: preferences, environment, and trouble in the middle of a render."""

import io
import os
import signal
import socket
import subprocess
import time
from contextlib import redirect_stderr
from pathlib import Path

import bpy
import numpy as np
from understudy.addon import cli_command
from understudy.addon.layers.fallback_folder import fallback_folder
from understudy.addon.layers.folders import cache_folder
from understudy.addon.preview.live_preview import LivePreview
from understudy.addon.properties.encryption_summary import encryption_summary
from understudy.addon.properties.preferences import PACKAGE, preferences
from understudy.addon.sessions.open import run_settings
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.stores.local import PackStore


def environment(**variables):
    """Set environment variables, as a farm does before it starts Blender."""
    os.environ.update(variables)


def prefer(**values):
    """Set preferences as the page of an installed extension does."""
    addons = bpy.context.preferences.addons
    if PACKAGE not in addons:
        addons.new().module = PACKAGE
    page = addons[PACKAGE].preferences
    for name, value in values.items():
        setattr(page, name, value)


def preferred(name):
    """A preference as it is shown."""
    return getattr(bpy.context.preferences.addons[PACKAGE].preferences, name)


def command(words):
    """What `blender --command understudy` does with these words: the exit code and what is said."""
    said = io.StringIO()
    with redirect_stderr(said):
        code = cli_command.run(words)
    return [code, said.getvalue()]


def go_online(allowed):
    bpy.context.preferences.system.use_online_access = allowed
    return bpy.app.online_access


def settings_now():
    """What a run would use now, as text: with nothing in it that is secret."""
    settings = run_settings(cache_folder(bpy.context.scene), preferences())
    cache = settings.cache
    return {
        "shown": f"{preferences()!r} {settings!r}",
        "settings": repr(settings),
        "redis": cache.redis_url,
        "memory": cache.memory_bytes,
        "max_age": cache.max_age,
        "group": cache.shared_with_group,
        "cap": cache.cap_bytes,
        "threads": settings.threads,
        "provider": settings.provider,
        "left_out": settings.ignored,
        "encryption": encryption_summary(os.environ, key_in_keyring=preferences().key_in_keyring),
    }


class _RecordingLayout:
    """Takes the place of the page's layout, which is only there with a window."""

    def __init__(self, items):
        self._items = items

    def __getattr__(self, name):
        return lambda *_, **__: _RecordingLayout(self._items)

    def prop(self, owner, name, **_):
        assert owner.bl_rna.properties[name].description
        self._items.append(name)

    def label(self, text="", **_):
        self._items.append(text)


def page_drawn():
    """What the page shows: properties and labels."""
    page = bpy.context.preferences.addons[PACKAGE].preferences
    shown = []
    page_type = type(page)
    stand_in = type(
        "Page",
        (),
        {"layout": _RecordingLayout(shown), "notes": lambda _, title: page_type.notes(page, title)},
    )()
    stand_in.bl_rna = page.bl_rna
    page_type.draw(stand_in, bpy.context)
    return shown


def at_frame(frame, then):
    """In the middle of the next render, at a frame, before anything else is done for it: do the steps of `then`."""

    def handler(scene, *_):
        if scene.frame_current == frame:
            for name, arguments in then:
                globals()[name](**arguments)

    handler.of_a_test = True
    bpy.app.handlers.render_pre.insert(0, handler)


def at_no_frame():
    """Forget these steps: with a handler that is left, `bpy` hangs when it leaves."""
    handlers = bpy.app.handlers.render_pre
    for handler in [entry for entry in handlers if hasattr(entry, "of_a_test")]:
        handlers.remove(handler)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def start_server(port, command, pid_file):
    """Start a server and wait until it answers."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    Path(pid_file).write_text(str(process.pid))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


def let_rest_pass(seconds):
    """Wait until a place that failed is asked again."""
    time.sleep(seconds)


def fill_disk(folder):
    """Leave no byte free on the disk of a folder."""
    with (Path(folder) / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def free_disk(folder):
    (Path(folder) / "filler").unlink()


def live_once(frame):
    """Look at a frame as a window does; the notice it gets."""
    live = LivePreview(lambda: None)
    bpy.context.scene.frame_set(frame)
    live.on_frame_change(bpy.context.scene, wait_seconds=60)
    facts = live.report
    live.close()
    return facts


def fallback_images():
    """What is left of the layer images that could not be where they belong."""
    folder = fallback_folder()
    return sorted(str(path) for path in folder.rglob("*.tif")) if folder.is_dir() else []


def block_fallback_folder():
    """Leave no place even for them."""
    fallback_folder().write_text("not a folder")


def fill_cache(folder, megabytes):
    """Keep results that no run of the test's project asks for, and that were used long ago."""
    store = PackStore(Path(folder), pack_bytes=1 << 18)
    for number in range(10 * megabytes):
        store.put(stage_key("other", 1, {"number": number}), {"a": np.full(100_000, number, np.uint8)})
    store.close()
    for pack in Path(folder).glob("*.pack"):
        os.utime(pack, (time.time() - 1e6, time.time() - 1e6))


def text_lines(name):
    """The lines of a text of the project."""
    return [line.body for line in bpy.data.texts[name].lines]
