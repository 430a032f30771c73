# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a swapped crop into the layer image that Blender lays over the clip."""
