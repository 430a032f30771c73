# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer image files: the TIFF, its label, its folder, its placeholder."""
