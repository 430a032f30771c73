# SPDX-License-Identifier: GPL-3.0-or-later
"""What farms need of Blender: the facts of a project, and preparing frames without rendering them."""
