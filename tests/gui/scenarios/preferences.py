# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences of the installed extension, opened and looked at; /given holds the extension's zip."""

import importlib
import os

import bpy


def steps(window):
    """Install, show the page, set what has a note; `window.facts` gets what the page and the packages are."""
    window.hand("key", "Escape")
    yield 1.0
    bpy.ops.extensions.package_install_files(
        filepath="/given/understudy.zip", repo="user_default", enable_on_install=True
    )
    yield 1.0
    (name,) = (
        addon.module for addon in bpy.context.preferences.addons if addon.module.endswith("understudy")
    )
    window.facts["packages"] = {
        package: importlib.import_module(package).__file__
        for package in ("redis", "cryptography", "onnxruntime")
    }
    page = bpy.context.preferences.addons[name].preferences
    page.redis_address = "redis://me:hidden@render-server:6379/0"
    window.facts["address"] = page.redis_address
    os.environ["UNDERSTUDY_THREADS"] = "4"
    bpy.ops.preferences.addon_show(module=name)
    yield 1.5
    yield from window.centre()
    yield 1.0
    window.shot("12_preferences")
    window.point(750, 400)
    for _ in range(40):
        window.hand("click", 5)  # the wheel
        yield 0.02
    yield 1.0
    window.shot("13_preferences_below")
    window.facts["online"] = bpy.app.online_access
