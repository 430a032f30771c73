# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in the files that are made: what was done, for other programs to read and for `understudy verify` to check.

`facts` says what was done, `xmp` writes it as an XMP packet, and a module for each file format knows where such a
packet and a C2PA manifest lie, and what the content is besides. No pixel and no packet of a movie is touched.
"""
