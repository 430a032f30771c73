# SPDX-License-Identifier: GPL-3.0-or-later
"""A render whose cache folder is on a disk that is full or write-protected: its frames are those it should have."""

import shutil
import subprocess

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 6


class Disk:
    """A small file system of its own."""

    def __init__(self, place, size):
        self.place = place
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("may not mount a small file system here: that takes root")

    def protect(self):
        subprocess.run(["mount", "-o", "remount,ro", str(self.place)], check=True)

    def free(self):
        return shutil.disk_usage(self.place).free

    def remove(self):
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)


@pytest.fixture
def disk(tmp_path):
    made = []

    def make(size):
        made.append(Disk(tmp_path / "disk", size))
        return made[0]

    yield make
    for one in made:
        one.remove()


def begin(folder, footage, cache):
    """Steps that make a project and save it, its layers' folder filled with stand-ins."""
    return [
        ["project", {"size": [320, 240], "frames": (1, COUNT), "save": str(folder / "project.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["setup", {"understudy__cache_folder": str(cache)}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    ]


@pytest.fixture(scope="module")
def wanted(drive, footage, tmp_path_factory):
    """The frames of a render that keeps nothing."""
    folder = tmp_path_factory.mktemp("wanted")
    drive(
        *begin(folder, footage, folder / "cache"),
        ["environment", {"UNDERSTUDY_NO_CACHE": "1"}],
        ["render", {"out": drive.out("wanted")}],
    )
    frames = drive.pictures("wanted", COUNT)
    assert all((pixels != footage.frames[frame - 1]).mean() > 0.02 for frame, pixels in frames.items())
    return {frame: pixels.tobytes() for frame, pixels in frames.items()}


def render_project(drive, folder, name):
    """Render the saved project in a new Blender; returns the report and what lies on the timeline then."""
    report, facts, left = drive(
        ["load", {"path": str(folder / "project.blend")}],
        ["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}],
        ["facts", {}],
        ["fallback_images", {}],
    )[1:]
    assert left == []
    frames = {frame: pixels.tobytes() for frame, pixels in drive.pictures(name, COUNT).items()}
    return report, facts["strips"]["clip Understudy"]["directory"], frames


@pytest.mark.parametrize("trouble", ["fills up", "is full", "is write-protected"])
def test_the_frames_are_those_of_a_render_without_a_cache(drive, footage, wanted, tmp_path, disk, trouble):
    # Room for a picture or two of the six, and for some results.
    small = disk("700k")
    cache = small.place / "cache"
    drive(*begin(tmp_path, footage, cache))
    kept = sorted(path.name for path in (cache / "layers").rglob("*.tif"))
    assert len(kept) >= COUNT
    if trouble == "is full":
        drive(["fill_disk", {"folder": str(small.place)}])
        assert small.free() == 0
    elif trouble == "is write-protected":
        small.protect()
    name = trouble.replace(" ", "_")
    report, directory, frames = render_project(drive, tmp_path, name)
    assert frames == wanted
    assert report["stages"]["fuse"]["run"] == COUNT
    about_layers = [text for text in report["warnings"] if "this render has its layers in" in text]
    about_results = [
        text for text in report["warnings"] if text.startswith(("cache folder", "nothing is kept"))
    ]
    assert (len(about_layers), len(about_results)) == (1, 1), report["warnings"]
    assert len(report["warnings"]) == 2
    # The project is as it was: its layer reads from where it did.
    assert directory == f"{cache}/layers/{directory.rstrip('/').rpartition('/')[2]}/"
    assert sorted(path.name for path in (cache / "layers").rglob("*.tif")) == kept


def test_with_no_room_anywhere_the_original_is_shown(drive, footage, tmp_path, disk):
    small = disk("400k")
    cache = small.place / "cache"
    drive(*begin(tmp_path, footage, cache), ["render", {"out": drive.out("unused")}])
    drive(["fill_disk", {"folder": str(small.place)}])
    report = drive(
        ["load", {"path": str(tmp_path / "project.blend")}],
        ["block_fallback_folder", {}],
        ["tune", {"settings": {"show_render": False}}],
        ["tune", {"settings": {"show_render": True, "fusion.blend": 0.5}}],
        ["render", {"out": drive.out("nowhere"), "report": str(drive.folder / "nowhere.json")}],
    )[-1]
    assert any("can't write the layer" in text and "nor can" in text for text in report["warnings"])
    for frame, pixels in drive.pictures("nowhere", COUNT).items():
        magenta = (pixels[..., 0] > 200) & (pixels[..., 1] < 60) & (pixels[..., 2] > 200)
        assert not magenta.any()
        assert footage.number_in(pixels) == frame - 1
