# SPDX-License-Identifier: GPL-3.0-or-later
"""Turnovers: the new faces of a clip in layers for a compositor, a multi-layer OpenEXR file for each frame."""
