# SPDX-License-Identifier: GPL-3.0-or-later
"""Roto: masks drawn by hand, evaluated, carried along with a face and drawn as Blender draws its own masks."""
