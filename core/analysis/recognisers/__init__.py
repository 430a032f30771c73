# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognisers: networks that describe whose face it is."""
