# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Blender 5.2 with a window, the extension's zip, and a clip to use it on."""

import os
from pathlib import Path

import pytest
from gui.couple import write_couple, write_first_frame
from gui.screen import FRAMES, keep_pictures, read
from understudy.core.errors import UnderstudyError

from tools.blender_window.window import Room

PICTURES = "UNDERSTUDY_PICTURES"


def pytest_configure(config):
    """Say what the mark is."""
    config.addinivalue_line("markers", "gui: drives the window of real Blender 5.2")


def pytest_collection_modifyitems(config, items):
    """Mark what lies here; it takes minutes, and a download the first time, so it runs only when asked for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gui)
            if "gui" not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="drives a Blender window: run `make test-gui`"))


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """A Blender with an empty profile; skips, saying why, where this machine can't have one."""
    from tools.blender_window.folder import default_folder, ensure, why_not

    reason = why_not(default_folder())
    if reason:
        pytest.skip(f"no Blender window on this machine: {reason}")
    try:
        return Room(ensure(), tmp_path_factory.mktemp("room"))
    except UnderstudyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    """A folder with clip.mp4 and couple.mp4, 640 x 360, with sound and without, face.png, harlequin.png, couple.png."""
    from tools.demo.make_up import write_sources
    from tools.demo.portrait import load_portrait
    from tools.demo.synthetic_clip import write_clip

    folder = tmp_path_factory.mktemp("material")
    portrait = load_portrait()
    write_sources(portrait, folder / "harlequin.png", folder / "face.png")
    write_clip(portrait, folder / "clip.mp4", FRAMES, 360.01 / 1080)
    write_couple(folder / "clip.mp4", folder / "couple.mp4", FRAMES)
    write_first_frame(folder / "couple.mp4", folder / "couple.png")
    return folder


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The extension's zip, made from the sources as they are now."""
    from understudy.core.models.embedded import embedded_folder

    from tools.build_extension.__main__ import build
    from tools.build_extension.package import ROOT
    from tools.build_extension.platforms import PLATFORMS

    try:
        return build(
            PLATFORMS[0], tmp_path_factory.mktemp("dist"), ROOT / "build" / "wheels", embedded_folder()
        )
    except UnderstudyError as error:
        pytest.skip(f"the extension can't be made: {error}")


@pytest.fixture(scope="session")
def given(material, package):
    """What Blender may read, by its name under /given."""
    names = ("clip.mp4", "couple.mp4", "couple.png", "face.png", "harlequin.png")
    return {"understudy.zip": package, **{name: material / name for name in names}}


@pytest.fixture(scope="session")
def installed_room(room, given, tmp_path_factory):
    """Make rooms, each with a profile of its own and the extension installed in it by the command line."""

    def make(name):
        own = Room(room.folder, tmp_path_factory.mktemp(name))
        words = [
            "--command",
            "extension",
            "install-file",
            "-r",
            "user_default",
            "-e",
            "/given/understudy.zip",
        ]
        run = own.blender(words, given)
        assert run.status == 0, run.output
        return own

    return make


@pytest.fixture(scope="session")
def newcomer(room, given):
    """The newcomer's path, played once; the pictures are kept where the environment asks for them."""
    facts = room.window(Path(__file__).parent / "scenarios" / "first_use.py", given)
    keep_for_docs(room.work, "[01][0-9]_*.png", **{"07_prepared": "prepared_0010"})
    return facts


def keep_for_docs(work, pattern, **renames):
    """Keep pictures of the screen where the environment asks for them, those that match and others by a new name."""
    wanted = os.environ.get(PICTURES)
    if wanted:
        paths = {path.stem: path for path in work.glob(pattern)}
        paths |= {name: work / f"{old}.png" for name, old in renames.items()}
        keep_pictures(paths, Path(wanted))


@pytest.fixture(scope="session")
def frames(room, given, newcomer):
    """Read rendered frames by name: `window` and `preview` of the path, `headless` and, without a layer, `plain`."""
    project = "/work/newcomer.blend"
    headless = room.blender(["-b", project, "-o", "/work/headless_", "-a"], given)
    assert headless.status == 0, headless.output[-2000:]
    bare = "import bpy; [setattr(s, 'mute', s.type == 'IMAGE') for s in bpy.context.scene.sequence_editor.strips]"
    plain = room.blender(
        ["-b", "--factory-startup", project, "--python-expr", bare, "-o", "/work/plain_", "-a"], given
    )
    assert plain.status == 0, plain.output[-2000:]
    return lambda name: [read(room.work / f"{name}_{number:04d}.png") for number in range(1, FRAMES + 1)]
