# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Blender with a window, in a folder of its own, for tests and for the pictures of the documentation."""
