# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project in the window: rendered from the viewport, seen through proxies, strictly; then disabled."""

import gc
import os
import time
from pathlib import Path

import addon_utils
import bpy

PROJECT = "/work/modes.blend"
FRAMES = (1, 2, 3)
MODULE = "bl_ext.user_default.understudy"


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    # A render that can swap nothing is to go on without a question.
    os.environ["UNDERSTUDY_ORIGINALS"] = "render"
    window.hand("key", "Escape")
    yield
    bpy.context.preferences.view.smooth_view = 0
    bpy.context.preferences.view.render_display_type = "NONE"  # no window over the preview
    bpy.ops.wm.open_mainfile(filepath=PROJECT)
    yield 2.0
    arrange(window)
    yield 1.0
    yield from viewport(window)
    yield from animations(window)
    yield from proxies(window)
    yield from strictly(window)
    yield from playing(window)
    yield from disabled(window)


def arrange(window):
    """Make the largest area a preview and the next one the timeline."""
    areas = sorted(window.window.screen.areas, key=lambda area: area.width * area.height)
    for area, view in ((areas[-1], "PREVIEW"), (areas[-2], "SEQUENCER")):
        area.type = "SEQUENCE_EDITOR"
        area.spaces.active.view_type = view
    # What is compared is the preview alone.
    area.spaces.active.show_overlays = False


def viewport(window):
    """Render from the viewport, as it is and after a tweak that no layer image has yet."""
    scene = bpy.context.scene
    for name, blend in (("viewport", 1.0), ("tweaked", 0.4)):
        scene.understudy.modifiers[0].fusion.blend = blend
        scene.render.filepath = f"/work/{name}_"
        scene.frame_set(FRAMES[-1])
        with window.within(window.area("PREVIEW")):
            bpy.ops.render.opengl("INVOKE_DEFAULT", animation=True, sequencer=True)
        yield from wait_until(lambda name=name: Path(f"/work/{name}_{FRAMES[-1]:04d}.png").is_file())
        yield 1.0
    window.facts["notice"] = bpy.context.window_manager.understudy.notice
    scene.understudy.modifiers[0].fusion.blend = 1.0
    yield 1.0


def proxies(window):
    """Look at a frame through proxies of the clip, with its layer and without."""
    clip, _ = strips()
    modifier = bpy.context.scene.understudy.modifiers[0]
    # With shape the hair around the face is seen at full size over a small proxy, and differs all over.
    modifier.swap.shape = 0.0
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.prepare("INVOKE_DEFAULT", what="TIMELINE")
    yield 1.0
    yield from wait_until(lambda: not bpy.context.window_manager.understudy.running)
    yield 1.0
    clip.use_proxy = True
    proxy = clip.proxy
    proxy.build_25 = proxy.build_50 = True
    proxy.build_100 = False
    with window.within(window.area("SEQUENCE_EDITOR")):
        for strip in bpy.context.scene.sequence_editor.strips:
            strip.select = strip == clip
        bpy.ops.sequencer.rebuild_proxy("INVOKE_DEFAULT")
    yield from wait_until(lambda: len(list(Path("/work").rglob("proxy_*"))) == 2)
    yield 3.0
    built = sorted(path.name for path in Path("/work").rglob("proxy_*"))
    window.facts["proxies"] = built
    bpy.context.scene.frame_set(FRAMES[1])
    space = window.area("PREVIEW").spaces.active
    for size in ("FULL", "PROXY_50", "PROXY_25"):
        if size == "FULL":
            space.use_proxies, space.proxy_render_size = False, "SCENE"
        else:
            space.use_proxies, space.proxy_render_size = True, size
        for name, hidden in (("with", False), ("without", True)):
            modifier.enabled = not hidden
            bpy.context.scene.update_tag()
            yield 2.5
            window.shot(f"{size.lower()}_{name}")
    modifier.enabled = True
    space.use_proxies, space.proxy_render_size = False, "SCENE"
    yield 1.0


def animations(window):
    """Render images and a movie in the window, on the render's own thread."""
    render, ended = bpy.context.scene.render, []
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    for name in ("window", "film"):
        if name == "film":
            if hasattr(render.image_settings, "media_type"):
                render.image_settings.media_type = "VIDEO"
            render.image_settings.file_format = "FFMPEG"
            render.ffmpeg.format = "MPEG4"
        render.filepath = f"/work/{name}_"
        with window.within(window.area("SEQUENCE_EDITOR")):
            bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
        yield from wait_until(lambda: ended)
        yield 1.5
        ended.clear()
    bpy.app.handlers.render_complete.pop()
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "PNG"
    yield from window.wake()


def strictly(window):
    """Render strictly with a picture that is not there: no picture may stay, and the panel says why."""
    scene = bpy.context.scene
    modifier = scene.understudy.modifiers[0]
    picture = modifier.identity.pictures[0].filepath
    modifier.identity.pictures[0].filepath = "/work/not_there.png"
    scene.understudy.strict = True
    scene.render.filepath = "/work/strict_"
    ended = []
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from wait_until(lambda: ended)
    yield 1.5
    state = bpy.context.window_manager.understudy
    window.facts["strict"] = {"rendered": state.rendered, "trouble": state.trouble}
    scene.understudy.strict = False
    modifier.identity.pictures[0].filepath = picture
    yield from window.wake()


def playing(window):
    """Play prepared frames for a while; nothing is fused, written or loaded for it."""
    yield from prepare(window)
    folder = Path(bpy.path.abspath(strips()[1].directory))
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.tif")}
    began = time.process_time()
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.screen.animation_play()
    yield 3.0
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.screen.animation_cancel(restore_frame=False)
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.tif")}
    window.facts["playing"] = {
        "rewritten": sum(before[name] != after[name] for name in before),
        "processor": time.process_time() - began,
        "onnxruntime": "onnxruntime" in __import__("sys").modules,
    }


def prepare(window):
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.prepare("INVOKE_DEFAULT", what="TIMELINE")
    yield 1.0
    yield from wait_until(lambda: not bpy.context.window_manager.understudy.running, 400)


def disabled(window):
    """Disable the extension while a worker works, and enable it again: nothing of it may stay, and it works."""
    bpy.context.scene.understudy.modifiers[0].swap.mirror = 0.3
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.prepare("INVOKE_DEFAULT", what="TIMELINE")
    yield from wait_until(children, 100)
    window.facts["before"] = {"children": len(children()), **leftovers()}
    addon_utils.disable(MODULE)
    yield 2.5  # whatever still ticks would fail by now
    window.facts["disabled"] = {"children": len(children()), **leftovers()}
    addon_utils.enable(MODULE)
    yield 1.0
    window.facts["enabled"] = {"children": len(children()), **leftovers()}
    yield from prepare(window)
    window.facts["works"] = bpy.context.scene.understudy.last_run


def leftovers():
    """What of the extension is known to Blender: classes, handlers, properties, menu entries, and its threads."""
    import threading

    handlers = [getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)]
    ours = [entry for listed in handlers if isinstance(listed, list) for entry in listed if is_ours(entry)]
    bases = (
        bpy.types.PropertyGroup,
        bpy.types.Operator,
        bpy.types.Panel,
        bpy.types.UIList,
        bpy.types.AddonPreferences,
    )
    classes = [
        entry for base in bases for entry in base.__subclasses__() if is_ours(entry) and entry.is_registered
    ]
    timers = [
        entry
        for entry in gc.get_objects()
        if callable(entry) and is_ours(entry) and bpy.app.timers.is_registered(entry)
    ]
    menu = bpy.types.SEQUENCER_MT_modifier_add.draw
    drawn = [entry for entry in getattr(menu, "_draw_funcs", ()) if is_ours(entry)]
    owners = (bpy.types.Scene, bpy.types.Strip, bpy.types.WindowManager)
    return {
        "handlers": len(ours),
        "classes": len(classes),
        "timers": len(timers),
        "menus": len(drawn),
        "properties": sum(name.startswith("understudy") for owner in owners for name in dir(owner)),
        "threads": sum(thread.name.startswith("understudy") for thread in threading.enumerate()),
    }


def is_ours(entry):
    return str(getattr(entry, "__module__", "")).startswith(MODULE)


def strips():
    all_strips = bpy.context.scene.sequence_editor.strips
    layer = next(strip for strip in all_strips if strip.understudy_layer_of)
    return next(strip for strip in all_strips if strip.understudy_id == layer.understudy_layer_of), layer


def wait_until(reached, tries=150):
    for _ in range(tries):
        if reached():
            return
        yield 0.1


def children():
    """List the worker processes."""
    process_ids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"core.worker" in words:
                process_ids.append(int(folder.name))
    return process_ids
