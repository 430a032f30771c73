# SPDX-License-Identifier: GPL-3.0-or-later
"""The face mesh: its topology, its canonical shape and flat layout, and drawing it."""
