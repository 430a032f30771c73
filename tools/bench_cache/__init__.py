# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure our cache against five others, on the same records, in one run."""
