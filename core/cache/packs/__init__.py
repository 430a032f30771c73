# SPDX-License-Identifier: GPL-3.0-or-later
"""The file format: append-only packs of records, their sidecars and their index."""
