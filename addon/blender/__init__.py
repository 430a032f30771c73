# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wrappers of Blender's own: handlers, text in panels, reports, .blend files."""
