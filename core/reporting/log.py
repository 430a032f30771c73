# SPDX-License-Identifier: GPL-3.0-or-later
"""The loggers, named by room: `understudy.cache`, `understudy.models`, `understudy.addon.render`.

`__name__` would not do: within Blender's extensions a module's begins with the repository's name, and in the worker
with `core`. docs/logging.md says what is logged at which level. A log holds no image of a face, nothing computed from
one, no name of an image of a person, no key and no password.
"""

import logging

ROOT = "understudy"


def room_logger(room: str) -> logging.Logger:
    """Return the logger of a room, a package of `core`; one of the add-on's is "addon." and its package.

    No output is set up here: what is logged goes where the program that uses us sends it, by default nowhere.
    """
    root = logging.getLogger(ROOT)
    if not root.handlers:  # else Python would print warnings on stderr
        root.addHandler(logging.NullHandler())
    return root.getChild(room)
