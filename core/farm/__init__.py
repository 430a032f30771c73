# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm needs of a project: facts, a plan in chunks, job files for its engine, a task, and a report of all tasks.

Nothing here schedules: the farm's own engine does.
"""
