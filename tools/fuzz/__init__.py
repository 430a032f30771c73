# SPDX-License-Identifier: GPL-3.0-or-later
"""Give our readers what nobody wrote for them: files, replies and properties, mutated from valid ones.

`python -m tools.fuzz` tries each reader for ten minutes in a process of its own; `tests/fuzz` replays the kept seeds.
"""
