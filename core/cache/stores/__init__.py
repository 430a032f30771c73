# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results are kept on this machine: in memory, in a folder, encrypted or signed."""
