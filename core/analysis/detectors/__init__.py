# SPDX-License-Identifier: GPL-3.0-or-later
"""Face detectors, one network family a file."""
