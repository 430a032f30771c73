# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench: what neural swaps cost on each provider, beside the bare networks."""
