# SPDX-License-Identifier: GPL-3.0-or-later
"""Head pose estimators, one network family a file."""
