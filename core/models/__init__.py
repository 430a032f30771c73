# SPDX-License-Identifier: GPL-3.0-or-later
"""Know, find and open the model files."""
