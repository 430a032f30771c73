# SPDX-License-Identifier: GPL-3.0-or-later
"""Turnovers of strips: what a strip asks for, and who writes it."""
