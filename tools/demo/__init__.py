# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in real Blender: a clip, a source, five renders, a report and a contact sheet."""

LIGHT_SPACE = "ACEScg"
"""The color space of OpenEXR images in a project."""
