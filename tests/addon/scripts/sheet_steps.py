# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for sheets: what operators make, what using a cell sets, what a worker runs for one."""

import time
from pathlib import Path

import bpy
from steps import _in_sequencer, _scene, op
from understudy.addon.layers.folders import cache_folder
from understudy.addon.lookups.people import source_range
from understudy.addon.properties.preferences import preferences
from understudy.addon.properties.sheet_state import sheet_state
from understudy.addon.sequencer.strips import source_of
from understudy.addon.sessions.open import run_settings
from understudy.addon.sessions.worker_process import WorkerProcess
from understudy.addon.sheets.cell_use import place_at, sheet_modifier, use_label
from understudy.addon.sheets.making import CELL_SIDE_PIXELS
from understudy.addon.sheets.sheet_image import sheet_image, sheets_folder
from understudy.addon.sheets.variants import people_rows, value_rows, visible_frame
from understudy.core.sheet.request import SheetRequest
from understudy.core.sheet.values import make_wedge


def sheet(name, active, **arguments):
    """Make a sheet by an operator; returns what it returned and what windows show of it."""
    with _in_sequencer():
        result = op(name, active=active, **arguments)
    state, image = sheet_state(), sheet_image()
    return {
        "result": result,
        "status": state.status,
        "running": state.is_running,
        "labels": [entry.label for entry in state.variants],
        "places": [[entry.variant, *entry.corner, *entry.size] for entry in state.places],
        "image": image and [bpy.path.abspath(image.filepath), list(image.size)],
        "page": Path(state.page).is_file(),
    }


def use_cell(index=None, at=None):
    """Use a variant's cell, or that at a point of the image; returns what the operator returned and the modifier's."""
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    area.type = "IMAGE_EDITOR"
    area.spaces.active.image = sheet_image()
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area):
        result = op("understudy.sheet_cell_use", index=place_at(*at) if at else index)
    return [result, *modifier_values()]


def sheet_faults():
    """Of each variant of the sheet, whether its page says that nobody consented, in their order."""
    page = Path(sheet_state().page).read_text(encoding="utf-8")
    rows = page.split('<tr id="row')[2:]
    return ["no consent of its source person is recorded" in row for row in rows]


def sheet_files():
    """The names of the sheets' files, and whether Blender still has the image of one."""
    folder = sheets_folder(_scene())
    files = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [files, any(image.name.startswith("Casting Sheet") for image in bpy.data.images)]


def use_labels():
    """What the buttons say that use the variants of the sheet."""
    _, modifier = sheet_modifier()
    return [use_label(modifier, entry) for entry in sheet_state().variants]


def consent_texts():
    """The use and the last day of the first modifier's consent."""
    identity = _scene().understudy.modifiers[0].identity
    return [identity.consent, identity.consent_record.until]


def modifier_values():
    """The first modifier's blend and color, its person and the names of its images."""
    modifier = _scene().understudy.modifiers[0]
    names = [Path(entry.filepath).name for entry in modifier.identity.pictures]
    fusion = modifier.fusion
    return [round(fusion.blend, 6), round(fusion.colour_match, 6), modifier.identity.name, names]


def sheet_by_worker(active, frame, files=(), wedges=(), columns=1):
    """Have a worker make a sheet of a strip's modifier; returns its messages, and its report."""
    scene = _scene()
    scene.frame_set(frame)
    strip, modifier = scene.sequence_editor.strips_all[active], scene.understudy.modifiers[0]
    made = tuple(make_wedge(path, values) for path, values in wedges)
    rows = value_rows(modifier, made) if made else people_rows(modifier, files)
    number = visible_frame(scene, strip)
    frames = (number, number) if made else source_range(scene, strip)
    path = Path(bpy.app.tempdir) / "worker_sheet.png"
    worker = WorkerProcess(run_settings(cache_folder(scene), preferences()))
    variants = tuple(row.variant for row in rows)
    worker.make_sheet(
        "clip", SheetRequest(source_of(strip), variants, made, *frames, columns, CELL_SIDE_PIXELS, path)
    )
    worker.finish()
    messages = []
    while not worker.has_ended:
        messages += worker.messages()
        time.sleep(0.01)
    report = dict(messages).get("report")
    return {
        "number": number,
        "kinds": sorted({kind for kind, _ in messages}),
        "faults": [value for kind, value in messages if kind in ("fault", "gone")],
        "cells": [value for kind, value in messages if kind == "cells"],
        "runs": {stage: counts["run"] for stage, counts in report["stages"].items() if counts["run"]},
        "decoded": report["frames_decoded"],
        "loaded": report["models_loaded"],
    }


def menu_entries(owner, name):
    """The operators that the context menu of a property offers, with the setting and the modifier each is for."""
    from understudy.addon.ui import sheet_panel

    scene = _scene()
    target = scene.understudy.modifiers[0]
    for part in filter(None, owner.split(".")):
        target = getattr(target, part)
    offered = []

    class Entry:
        pass

    class Layout:
        operator_context = ""

        def separator(self):
            pass

        def operator(self, identifier, **_shown):
            entry = Entry()
            offered.append((identifier, entry))
            return entry

    class Menu:
        layout = Layout()

    class Context:
        scene = bpy.context.scene
        button_pointer, button_prop = target, target.bl_rna.properties[name]

    sheet_panel._draw_menu_entry(Menu(), Context())
    in_menu = [entry.__name__ for entry in bpy.types.UI_MT_button_context_menu._dyn_ui_initialize()]
    return {
        "entries": [[name, entry.path, entry.index] for name, entry in offered],
        "is_in_menu": "_draw_menu_entry" in in_menu,
    }
