# SPDX-License-Identifier: GPL-3.0-or-later
"""Crops, alignment, the face mesh and head pose: where a face is, in numbers."""
