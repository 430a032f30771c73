# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user writes to finished movies: one clip with its swaps, or the rows of a batch."""
