# SPDX-License-Identifier: GPL-3.0-or-later
"""A project prepared in part: its bar in the timeline, the state that is drawn, and renders that could swap nothing."""

import sys
from pathlib import Path

import bpy

PROJECT = "/work/state.blend"
MODULE = "bl_ext.user_default.understudy.addon."


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath=PROJECT)
    yield 1.0
    yield from window.show_sequencer()
    yield from window.make_room(400)
    properties = window.area("PROPERTIES")
    properties.spaces.active.context = "STRIP_MODIFIER"
    timeline = window.area("SEQUENCE_EDITOR")
    with window.within(timeline):
        bpy.ops.sequencer.view_all()
    yield 0.5
    yield from bars(window, timeline)
    yield from drawn_states(window)
    yield from questions(window)


def bars(window, timeline):
    """Look at the timeline with a part prepared, then changed, then all prepared."""
    scene = bpy.context.scene
    region = window.region(timeline)
    clip = scene.sequence_editor.strips_all["Clip"]
    places = [
        region.view2d.view_to_region(frame, clip.channel, clip=False)
        for frame in (clip.frame_final_start, clip.frame_final_end)
    ]
    window.facts["bar"] = {
        "first": region.x + places[0][0],
        "end": region.x + places[1][0],
        "bottom": window.window.height - 1 - (region.y + places[0][1]),
        "frames": clip.frame_final_duration,
    }
    yield 1.5
    window.shot("bar_part")
    before = shown_layer(scene)
    scene.understudy.modifiers[0].swap.crop_size = 1024
    scene.update_tag()
    yield 0.5
    kept = shown_layer(scene)
    updating = bpy.context.window_manager.understudy.updating
    preview = window.area("PREVIEW")
    window.facts["preview"] = [
        preview.x,
        window.window.height - preview.y - preview.height,
        preview.width,
        preview.height,
    ]
    is_dimmed = False
    for _ in range(100):
        if shown_layer(scene) != before:
            break
        if bpy.context.window_manager.understudy.dimmed and not is_dimmed:
            yield 0.1
            window.shot("preview_dimmed")
            # The new face may have been made meanwhile: such a picture shows nothing of it.
            is_dimmed = bpy.context.window_manager.understudy.dimmed and shown_layer(scene) == before
        yield 0.1
    made = shown_layer(scene)
    window.facts["remade"] = {
        "changed": made != before,
        "is_dimmed": is_dimmed,
        "kept": kept in (before, made),
        "said": updating or kept == made,
        "is_face": min(len(made), len(before)) > 1000,
    }
    yield 3.0
    window.shot("bar_changed")
    scene.understudy.modifiers[0].swap.property_unset("crop_size")
    scene.update_tag()
    yield 3.0
    window.shot("bar_back")


def shown_layer(scene):
    """Return the bytes of the layer of the visible frame."""
    layer = next(strip for strip in scene.sequence_editor.strips_all if strip.understudy_layer_of)
    name = layer.strip_elem_from_frame(scene.frame_current).filename
    return (Path(bpy.path.abspath(layer.directory)) / name).read_bytes()


def drawn_states(window):
    """Note, at each redraw of the timeline, the state that is drawn and the state that is true then."""
    facts = sys.modules[MODULE + "prepare.strip_facts"]
    drawn = sys.modules[MODULE + "prepare.drawn_state"]
    scene = bpy.context.scene
    clip = scene.sequence_editor.strips_all["Clip"]
    pairs, counted = [], []
    original = drawn.state_of

    def counting(*arguments):
        counted.append(len(pairs))
        return original(*arguments)

    def note():
        shown = {str(drawn.drawn_state(scene, clip)) for _ in range(4)}
        pairs.append([sorted(shown), str(facts.state_of(scene, clip))])

    drawn.state_of = counting
    handle = bpy.types.SpaceSequenceEditor.draw_handler_add(note, (), "WINDOW", "POST_PIXEL")
    modifier = scene.understudy.modifiers[0]
    for step in range(6):
        # Set by a script, nothing of it is told to any handler in 5.2.
        modifier.enabled = modifier.show_render = bool(step % 2)
        clip.mute = step == 3
        for area in window.window.screen.areas:
            area.tag_redraw()
        yield 0.6
    bpy.types.SpaceSequenceEditor.draw_handler_remove(handle, "WINDOW")
    drawn.state_of = original
    modifier.enabled = modifier.show_render = True
    window.facts["drawn"] = {"pairs": pairs, "computed": len(counted)}
    yield 0.5


def questions(window):
    """Render what can swap no face, by the keys: cancelled, and then wanted."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 3
    image = scene.understudy.modifiers[0].identity.pictures[0]
    image.filepath = "/work/none.png"
    scene.render.filepath = "/work/asked_"
    earlier = Path("/work/asked_0001.png")
    earlier.write_bytes(b"an earlier image")
    window.point(500, 650)
    yield 1.0
    yield from render(window)
    window.shot("question")
    window.hand("key", "Escape")
    yield from ended()
    window.shot("refused")
    window.facts["refused"] = {
        "files": sorted(path.name for path in Path("/work").glob("asked_*")),
        "earlier": earlier.read_bytes().decode("latin-1"),
        "path": scene.render.filepath,
        "percentage": scene.render.resolution_percentage,
    }
    plain = bpy.data.images.new("nobody", 320, 240)
    plain.filepath_raw, plain.file_format = "/work/nobody.png", "PNG"
    plain.save()
    image.filepath = plain.filepath_raw
    yield from render(window, animation=False)
    yield 5.0  # a face is looked for in it first
    window.facts["asks_of_nobody"] = bpy.app.is_job_running("RENDER")
    window.shot("question_of_nobody")
    image.filepath = "/work/none.png"
    window.hand("key", "Escape")
    yield from ended()
    window.facts["refused_still"] = list(bpy.data.images["Render Result"].size)
    scene.render.image_settings.media_type = "VIDEO"
    yield from render(window)
    window.hand("key", "Escape")
    yield from ended()
    window.facts["refused_movie"] = [
        scene.render.filepath,
        *(path.name for path in Path("/work").glob("asked_*")),
    ]
    scene.render.image_settings.media_type = "IMAGE"
    yield from render(window)
    window.shot("question_again")
    for height in (
        343,
        352,
        361,
        370,
    ):  # the button lies where the dialog's text, of one line or more, has it
        yield from window.click((435, height))
        yield 1.0
        if Path("/work/asked_0002.png").exists():
            break
    yield from ended()
    window.shot("rendered")
    window.facts["asked"] = sorted(path.name for path in Path("/work").glob("asked_*"))
    window.facts["result"] = bpy.context.window_manager.understudy.rendered


def render(window, *, animation=True):
    """Render as F12 does, and wait for the dialog."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=animation, use_sequencer_scene=True)
    yield 2.5


def ended():
    """Wait for the render's end, and for what is shown then."""
    for _ in range(100):
        if not bpy.app.is_job_running("RENDER"):
            break
        yield 0.1
    yield 1.5
