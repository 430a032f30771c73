# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers of a render: every frame's layers are current before Blender reads them."""
