# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip to a movie with its faces replaced."""
