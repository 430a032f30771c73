# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the frames of a clip whose new faces are likely to look wrong, from what is kept of its analysis."""
