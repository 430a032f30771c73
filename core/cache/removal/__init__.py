# SPDX-License-Identifier: GPL-3.0-or-later
"""Evict and purge: which results go, and proof that they are gone."""
