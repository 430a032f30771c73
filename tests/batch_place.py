# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder with clips and people by their names, and what a batch makes of it."""

from understudy.core.batch.rows import read_rows
from understudy.core.batch.tables import Table, read_table

IMAGE = b"\x89PNG\r\n\x1a\n"
CLIPS, FACES = ("a.mp4", "b 2.mov", "b 10.mov"), ("anna", "ben", "eve.v2")


def make_place(folder):
    """Make clips and people by their names: what is in the files is not looked at for rows."""
    for name in ("shots", "cast", "cast/team", "empty"):
        (folder / name).mkdir()
    for name in CLIPS:
        (folder / "shots" / name).touch()
    for name in (*FACES, "team/2", "team/10"):
        (folder / "cast" / f"{name}.png").write_bytes(IMAGE)
    (folder / "cast" / "notes.txt").write_text("mine")
    (folder / "cast" / ".hidden.png").write_bytes(IMAGE)
    (folder / "cast" / "team" / "notes.txt").write_text("mine")
    (folder / "shots" / "a_anna.mp4").touch()
    (folder / "shots" / "a_anna.mp4.understudy.json").touch()
    (folder / "shots" / "understudy_cache").mkdir()
    return folder


def command_line(place, **values):
    return Table(values, "the command line", place)


def rows_of(place, text, **values):
    path = place / "batch.toml"
    path.write_text(text)
    return read_rows(command_line(place, **values), read_table(path))
