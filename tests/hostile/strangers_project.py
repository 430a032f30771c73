# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's project: its strips, its folders, and files of others that must not change."""

import os
import time
from pathlib import Path

from blender_driver import Driver

LAST = 3
ID = "0123456789abcdef"
UNREADABLE = "XXXXXXXXXXXXXXXX"
_PNG = b"\x89PNG\r\n\x1a\n"


def victims(folder):
    """A folder of somebody's own pictures, some of which have the names of layers, all of them old."""
    files = [f"{number:06d}.tif" for number in range(6)]
    files += [
        "notes.txt",
        ".000000.tif.12-34.tmp",
        ".000001.0123abcd.tif.tmp",
        "0001.tif",
        "pic_0002.png",
        "pic_0003.png",
    ]
    files += [f"{ID}/{number:06d}.tif" for number in range(4)] + [
        f"layers/{ID}/000000.tif",
        "film_0001-0003.png",
    ]
    files += ["film_0001-0003.mp4", "pic_"]
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            (_PNG if name in ("pic_0003.png", "pic_") else b"") + f"of mine, {name}".encode() * 40
        )
        os.utime(path, (1e9, 1e9))
    return folder


def snapshot(folder):
    """Everything in a folder: names, bytes, times, permissions."""
    files = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        files[str(path.relative_to(folder))] = (data, status.st_mtime_ns, status.st_mode, status.st_size)
    return files


def cache_in(project):
    """A cache folder of ours in a project's folder, as its sender has it."""
    cache = project / "understudy_cache"
    cache.mkdir(parents=True)
    (cache / "format").write_text("1\n")
    (cache / "CACHEDIR.TAG").write_text(
        "Signature: 8a477f597d28d172789f06886806bc55\n# made by Understudy.\n"
    )
    return cache


class ProjectCases:
    """Projects in folders of their own beside somebody's files, and one Blender that has used them all."""

    def __init__(self, folder, footage):
        self.folder = folder
        self.victim = victims(folder / "victim")
        self.drive = Driver(folder)
        self.before = snapshot(self.victim)
        self.answers = {}
        self.more = {}
        """Steps for after the projects; `last` has what they returned."""
        self._cases = {}
        self._footage = footage

    def case(self, name, **values):
        """Add a project; returns its folder."""
        place = self.folder / name
        place.mkdir()
        self._cases[name] = values
        return place

    def run(self):
        """Make the projects in one Blender, and use them in another."""
        base = str(self.folder / "base" / "p.blend")
        make = [
            ["project", {"size": [320, 240], "frames": [1, LAST], "save": base}],
            ["movie", {"name": "clip", "file": self._footage.movie}],
            ["cast_by_script", {"name": "clip", "picture": self._footage.person}],
            ["save", {}],
        ]
        make += [
            ["hostile", {"base": base, "path": self._path(name), **values}]
            for name, values in self._cases.items()
        ]
        # Drawn here, since bpy 4.5.15 hangs as it leaves where a panel was drawn before a render.
        make += [["load", {"path": self._path("elsewhere")}], ["drawn", {"active": "clip"}]]
        self.drawn = self.drive(*make)[-1]
        for name in self._cases:
            path = Path(self._path(name))
            data = path.read_bytes().replace(UNREADABLE.encode(), b"\xff\xfe" + UNREADABLE[2:].encode())
            if name == "colour":
                data = data.replace(b"Non-Color\0", b"Nobodys-\0\0")
            path.write_bytes(data)
        assert snapshot(self.victim) == self.before
        cases = ["base", *self._cases]
        answers = self.drive(
            ["environment", {"XDG_CONFIG_HOME": str(self.folder / "configuration")}],
            *(
                [
                    "used",
                    {
                        "path": self._path(name),
                        "out": self._out(name),
                        "report": self._out(name) + "report.json",
                        "settles": name != "id_dots",
                    },
                ]
                for name in cases
            ),
            *self.more.values(),
        )
        self.answers = dict(zip(cases, answers[1:], strict=False))
        self.last = dict(zip(self.more, answers[1 + len(cases) :], strict=True))
        self.output = self.drive.output

    def rendered_frames(self, name):
        """The rendered frames of a project."""
        return self.drive.pictures(f"out_{name}", LAST)

    def _path(self, name):
        return str(self.folder / name / "p.blend")

    def _out(self, name):
        return str(self.folder / f"out_{name}_")


IDS = {
    "absolute": "VICTIM",
    "above": "../../../victim",
    "dots": "..",
    "newline": f"{ID}\n",
    "forged": "x\x1b[31m\nUnderstudy: Error: forged",
    "long": "a" * 64,
    "digits": "０１２３４５６７８９０１２３４５",
    "upper": ID.upper(),
    "unreadable": UNREADABLE,
}


def add_cases(world):
    """Further steps: a yes to a folder, files of failed frames, numbers that no clip has."""
    base, victim = str(world.folder / "base" / "p.blend"), world.victim
    own, output = world.folder / "base", world.folder / "output"
    output.mkdir()
    own.mkdir()
    for path in (
        own / "earlier_0002.png",
        own / "film_0001-0003.mp4",
        output / "out_0002.png",
        output / "still.png",
    ):
        path.write_bytes(_PNG)
    (own / "earlier_0003.png").symlink_to(victim / "pic_0003.png")
    (output / "out_0003.png").write_bytes(b"notes")
    since = time.time() - 60
    pictures = {"path": base, "since": since}
    late = {**pictures, "earlier": False}
    elsewhere = str(world.folder / "elsewhere" / "p.blend")
    out = str(world.folder / "out_trusted_")
    return {
        "trusted": ["trusted", {"path": elsewhere}],
        "no picture": ["failed_images", {**pictures, "output": str(victim / "pic_"), "frame": 2}],
        "earlier": ["failed_images", {**pictures, "output": str(victim / "pic_"), "frame": 3}],
        "old": ["failed_images", {**late, "output": str(victim / "pic_"), "frame": 3}],
        "own": ["failed_images", {**pictures, "output": str(own / "earlier_"), "frame": 2}],
        "link": ["failed_images", {**pictures, "output": str(own / "earlier_"), "frame": 3}],
        "written": ["failed_images", {**late, "output": str(output / "out_"), "frame": 2}],
        "notes": ["failed_images", {**late, "output": str(output / "out_"), "frame": 3}],
        "still": ["failed_images", {**late, "output": str(output / "still"), "frame": 1}],
        "movie": ["failed_movie", {"path": base, "output": str(victim / "film_"), "since": since}],
        "own movie": ["failed_movie", {"path": base, "output": str(own / "film_"), "since": since}],
        "claims": ["claims", {}],
        "base": ["load", {"path": base}],
        "long still": ["long_still", {"file": world._footage.files[0]}],
        "circle": ["circle", {}],
        "environment": ["environment", {"UNDERSTUDY_TRUST": f"{victim / 'no'}:{world.folder / 'shared'}"}],
        "named": ["used", {"path": elsewhere, "out": out, "report": f"{out}report.json"}],
    }


def is_unchanged(world):
    return snapshot(world.victim) == world.before


def shows_new_face(world, name):
    """Whether a project shows the new face as the project that it was made of does."""
    wanted, shown = world.rendered_frames("base"), world.rendered_frames(name)
    return all((wanted[frame] == shown[frame]).all() for frame in wanted)
