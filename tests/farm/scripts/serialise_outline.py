# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the Python of the engines' programs: prints the XML that PyOutline makes of an outline."""

import runpy
import sys

import outline
from outline.backend import cue

job = runpy.run_path(sys.argv[1])["make_outline"]()
print(cue.serialize_simple(outline.cuerun.OutlineLauncher(job)))
