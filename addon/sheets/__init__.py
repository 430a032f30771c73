# SPDX-License-Identifier: GPL-3.0-or-later
"""Casting sheets of a modifier: what they compare, how they are made beside the editor, and what a cell changes."""
