# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts, summaries and text that is safe to show."""
