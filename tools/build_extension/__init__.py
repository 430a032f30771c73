# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the zip that Blender installs: the code, the embedded models and the wheels for a platform."""
