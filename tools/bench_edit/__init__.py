# SPDX-License-Identifier: GPL-3.0-or-later
"""What Understudy costs in an edit with many recast strips: `make bench-edit`."""
