# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-farm`: what several processes on one cache cost, and what that says of farms."""
