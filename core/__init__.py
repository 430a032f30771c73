# SPDX-License-Identifier: GPL-3.0-or-later
"""The host-agnostic part of Understudy: clips, faces, swap, fusion, layers and the stage cache."""
