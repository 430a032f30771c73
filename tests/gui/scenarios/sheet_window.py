# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that ask for a sheet, and for the window that shows it. Runs inside Blender, for scenarios."""

import subprocess

import bpy


def open_comparison(window, slider):
    """Right click on a slider and choose the entry that compares its values; the dialog opens. Generator."""
    controls = yield from window.buttons(window.area("PROPERTIES"))
    window.point(*controls[slider])
    yield
    window.hand("click", 3)
    yield 1.0
    window.hand("key", "Up")  # the entry is the menu's last: one step up from its first
    yield 0.5
    window.hand("key", "Return")
    yield 1.0


def image_area():
    """The window and the area that show the sheet."""
    return next(
        (window, area)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "IMAGE_EDITOR"
    )


def shot_of_sheet(window, name):
    """Keep a picture of the window that shows the sheet."""
    shown, _ = image_area()
    top = window.window.height - shown.y - shown.height
    part = f"{shown.width}x{shown.height}+{shown.x}+{top}"
    subprocess.run(["import", "-window", "root", "-crop", part, f"/work/{name}.png"], check=True)


def double_click_cell(window, index):
    """Double click a cell, by its number among the sheet's. Generator."""
    shown, area = image_area()
    region = window.region(area)
    place = bpy.context.window_manager.understudy_sheet.places[index]
    width, height = area.spaces.active.image.size
    x, y = place.corner[0] + place.size[0] / 2, place.corner[1] + place.size[1] / 2
    at = region.view2d.view_to_region(x / width, 1 - y / height, clip=False)
    point_in(window, shown, region.x + at[0], region.y + at[1])
    yield 0.5
    window.hand("click", "--repeat", 2, "--delay", 60, 1)
    yield 1.5


def point_in(window, shown, x, y):
    """Move the pointer to a place of a window, in its pixels from the lower left."""
    from_top = shown.height - 1 - y
    window.hand("mousemove", int(shown.x + x), int(window.window.height - shown.y - shown.height + from_top))
