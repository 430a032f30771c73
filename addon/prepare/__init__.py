# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a range of layers ahead of a render."""
