# SPDX-License-Identifier: GPL-3.0-or-later
"""What rendering with Understudy costs, beside what it would cost at least, measured in one run."""
