# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips, frame-exact: movies, images and image sequences, and what is known of them."""
