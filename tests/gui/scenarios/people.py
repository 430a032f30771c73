# SPDX-License-Identifier: GPL-3.0-or-later
"""Two people in a clip: found, chosen by their pictures for two modifiers; mask and colour; undo; another language."""

import bpy

LENGTH = 30
PROJECT = "/work/couple.blend"
FRAME = 12
FOLDED_PIXELS = 21.4
"""How far apart the headers of folded parts are, in pixels of the screen."""
_FIRST = 31.0


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from add_clip(window)
    yield from find(window)
    yield from choose(window)
    yield from prepare(window)
    yield from mask_and_colour(window)
    yield from undo(window)
    yield from load_again(window)
    yield from choose_source_face(window)
    yield from in_another_language(window)


def add_clip(window):
    """A project with the clip, recast by a first modifier."""
    scene = bpy.context.scene
    sequencer = window.area("SEQUENCE_EDITOR")
    window.add_movie("/given/couple.mp4", LENGTH)
    scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath=PROJECT)
    yield from window.exact_preview()
    properties = window.area("PROPERTIES")
    properties.spaces.active.context = "STRIP_MODIFIER"
    yield 1.0
    window.shot("people_plain")
    with window.within(sequencer):
        bpy.ops.understudy.modifier_add()
        bpy.ops.understudy.picture_add(filepath="/given/face.png")
    modifiers()[0].identity.name = "Tiger"
    yield from window.until(lambda: modifiers()[0].identity.pictures)
    yield 4.0


def find(window):
    """Fold Who, open Which Face, press Find People, all by the pointer."""
    yield from unfold(window, 0)
    yield from unfold(window, 1)
    window.facts["folds"] = [modifiers()[0].show_who, modifiers()[0].show_which_face]
    controls = yield from window.buttons(window.area("PROPERTIES"))
    window.facts["searched_before"] = list(strip().understudy_searched)
    yield from window.click(controls["understudy.people_find"])
    yield from window.until(lambda: strip().understudy_searched[0] >= 0)
    yield 1.5
    window.facts["searched"] = list(strip().understudy_searched)
    window.facts["trouble"] = state().trouble
    window.point(40, 600)
    yield
    window.shot("12_find_people")


def choose(window):
    """Press Replace below the person on the right; add a second modifier, and press it below the one on the left."""
    properties = window.area("PROPERTIES")
    controls = yield from window.buttons(properties)
    yield from window.click(controls["understudy.person_choose"])
    yield 0.5
    window.facts["first"] = selection(0)
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.modifier_add()
        bpy.ops.understudy.picture_add(filepath="/given/harlequin.png")
    modifiers()[0].show_expanded = False
    second = modifiers()[1]
    second.identity.name, second.show_who, second.show_which_face = "Harlequin", False, True
    window.push_undo()
    yield from wake(window)
    controls = yield from window.buttons(properties, across=0.3)
    yield from window.click(controls["understudy.person_choose"])
    yield 0.5
    window.point(40, 600)
    yield
    window.facts["second"] = selection(1)
    window.shot("13_two_people")


def prepare(window):
    """Press Prepare and wait for it."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.35)
    yield from window.click(controls["understudy.prepare_clip"])
    yield 1.0
    yield from window.until(lambda: not state().running, 400)
    window.point(40, 600)
    yield 2.5
    window.facts["prepared"] = state().trouble, state().notice
    window.shot("14_both_recast")


def mask_and_colour(window):
    """Switch the mouth out of the mask and draw the mask in; then let light and colour be the source's."""
    properties = window.area("PROPERTIES")
    modifiers()[0].show_expanded = True
    modifiers()[0].show_which_face, modifiers()[0].show_mask = False, True
    modifiers()[1].show_expanded = False
    yield from wake(window)
    controls = yield from window.buttons(properties, across=0.55)
    yield from window.click(controls["mask_mouth"])
    controls = yield from window.buttons(properties)
    x, y = controls["mask_blur"]
    yield from window.drag((x, y), (x - 60, y))
    window.point(40, 600)
    yield 1.5
    window.facts["mask"] = recipe("fusion", "mask_mouth", "mask_blur")
    window.shot("15_mask")
    modifiers()[0].show_mask, modifiers()[0].show_colour = False, True
    yield from wake(window)
    controls = yield from window.buttons(properties)
    x, y = controls["colour_match"]
    yield from window.drag((x, y), (x - 120, y))
    window.point(40, 600)
    yield 1.5
    window.facts["colour"] = recipe("fusion", "colour_match")
    window.shot("16_colour")


def undo(window):
    """Undo the last drag, then everything back to before the second person was chosen; then do it again."""
    take_back(window, bpy.ops.ed.undo)
    yield 1.5
    window.facts["undone"] = recipe("fusion", "colour_match")
    window.shot("people_undone")
    for _ in range(30):
        take_back(window, bpy.ops.ed.undo)
        if len(modifiers()) == 2 and selection(1)["which"] == "largest":
            break
    yield 1.0
    window.facts["undone_choice"] = [
        selection(0)["which"],
        selection(1)["which"],
        list(strip().understudy_searched),
    ]
    for _ in range(30):
        take_back(window, bpy.ops.ed.redo)
        if recipe("fusion", "colour_match") == window.facts["colour"]:
            break
    yield 1.5
    window.facts["redone"] = [selection(0), selection(1), recipe("fusion", "colour_match")]


def take_back(window, operator):
    """Undo or redo a step; the areas are looked up anew each time, since that replaces them."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        operator()


def load_again(window):
    """Save, load: who was found is known, and who plays whom."""
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=PROJECT)
    yield 2.0
    modifiers()[0].show_colour, modifiers()[0].show_which_face = False, True
    yield from wake(window)
    yield 1.0
    window.point(40, 600)
    yield
    controls = yield from window.buttons(window.area("PROPERTIES"))
    window.facts["loaded"] = ["understudy.person_choose" in controls, selection(0), selection(1)]
    window.shot("people_loaded")


def choose_source_face(window):
    """Give the first modifier a picture of two people; click one of them; go back to the picture before."""
    first = modifiers()[0]
    before = first.identity.pictures[0].filepath
    first.identity.pictures[0].filepath = "/given/couple.png"
    first.show_who, first.show_which_face = True, False
    yield from wake(window)
    controls = yield from window.buttons(window.area("PROPERTIES"))
    for _ in range(20):
        if "understudy.picture_face_choose" in controls:
            break
        yield 0.7
        controls = yield from window.buttons(window.area("PROPERTIES"))
    window.point(40, 600)
    yield 0.5
    window.shot("people_source_faces")
    window.facts["source_face"] = [first.identity.pictures[0].face_number]
    yield from window.click(controls["understudy.picture_face_choose"])
    window.point(40, 600)
    yield 1.5
    window.facts["source_face"].append(modifiers()[0].identity.pictures[0].face_number)
    window.shot("people_source_face")
    take_back(window, bpy.ops.ed.undo)
    yield 0.5
    window.facts["source_face"].append(modifiers()[0].identity.pictures[0].face_number)
    first = modifiers()[0]
    first.identity.pictures[0].filepath = before
    first.show_who, first.show_which_face = False, True


def in_another_language(window):
    """A toy translation of a few words, with the interface in German."""
    words = {"Which Face": "Welches Gesicht", "Replace": "Ersetzen"}
    table = {"de_DE": {("*", text): word for text, word in words.items()}}
    table["de_DE"]["Understudy", "Smallest Face"] = "Kleinstes Gesicht"
    table["de_DE"]["Understudy", "Faces"] = "Gesichter"
    table["de_DE"]["Operator", "Find People Again"] = "Leute noch einmal suchen"
    bpy.app.translations.register("toy", table)
    view = bpy.context.preferences.view
    view.language = "de_DE"
    view.use_translate_interface = view.use_translate_tooltips = True
    yield 1.5
    window.facts["words"] = {text: bpy.app.translations.pgettext_iface(text) for text in words}
    smallest = modifiers()[0].select.bl_rna.properties["min_height"]
    window.facts["label"] = bpy.app.translations.pgettext_iface(smallest.name, smallest.translation_context)
    yield from wake(window)
    window.shot("people_german")
    view.language = "en_US"
    bpy.app.translations.unregister("toy")


def unfold(window, number):
    """Click on the header of a part of the first modifier: 0 is Who, all others folded."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.35)
    x, y = controls["name"]
    yield from window.click((x, y - _FIRST - FOLDED_PIXELS * number))
    yield 0.5


def wake(window):
    """Have the Properties editor drawn anew after a script changed what it shows."""
    for area in window.window.screen.areas:
        area.tag_redraw()
    yield 0.7


def modifiers():
    return bpy.context.scene.understudy.modifiers


def selection(index):
    select = modifiers()[index].select
    return {name: getattr(select, name) for name in ("which", "reference_frame", "reference_face", "others")}


def recipe(group, *names):
    return [getattr(getattr(modifiers()[0], group), name) for name in names]


def strip():
    return bpy.context.scene.sequence_editor.strips_all["couple.mp4"]


def state():
    return bpy.context.window_manager.understudy
