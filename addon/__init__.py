# SPDX-License-Identifier: GPL-3.0-or-later
"""All of Understudy that touches Blender. It holds no image maths: that is `core`."""


def register() -> None:
    """Add the properties, preferences and handlers; the parts that others need first."""
    for part in _parts():
        part.register()


def unregister() -> None:
    """Take everything out again, in the opposite order."""
    for part in reversed(_parts()):
        part.unregister()


def _parts() -> tuple:
    from . import preferences, properties, render

    return (preferences, properties, render)
