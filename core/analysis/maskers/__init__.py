# SPDX-License-Identifier: GPL-3.0-or-later
"""Maskers: networks that tell a face from what covers it."""
