# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm of one machine: Blender 5.2 as a program with the extension's zip installed, and a project to render."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from blender_driver import Footage
from blenders import ROOT, MissingError
from farm.blender_program import install_extension, make_blender, run
from understudy.core.errors import UnderstudyError

from tools.build_extension.__main__ import build
from tools.build_extension.platforms import PLATFORMS

COUNT = 6
_SCRIPTS = Path(__file__).parent / "scripts"
_SLOWLY = """\
import bpy, time
@bpy.app.handlers.persistent
def wait(*_):
    time.sleep(0.7)
bpy.app.handlers.render_write.append(wait)
"""
_ENGINES = ROOT / ".venv-farm" / "bin"


def pytest_collection_modifyitems(config, items):
    """Mark what lies here; it needs the engines' programs, so it runs only when asked for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.farm)
            if "farm" not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="runs farms' own programs: run `make test-farm`"))


def pytest_terminal_summary(terminalreporter):
    """Print the table of what goes wrong on farms."""
    rows = [
        [*value, report.passed]
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
        for name, value in report.user_properties
        if name == "fault"
    ]
    if rows:
        terminalreporter.section("faults of farms")
        terminalreporter.write_line(
            f"{'fault':<50} {'frames equal':>12} {'computed':>9} {'twice':>6}  {'said':<12} held"
        )
    for fault, equal, loud, computed, twice, passed in rows:
        terminalreporter.write_line(
            f"{fault:<50} {equal:>12} {computed:>9} {twice:>6}  {loud:<12} {'yes' if passed else 'NO'}"
        )


@dataclass(frozen=True)
class Farm:
    """A folder that all programs see, two Blenders, with the extension and without, and a project to copy."""

    folder: Path
    blender: Path
    bare_blender: Path
    slow_blender: Path
    """Waits after each frame."""
    project: Path

    @property
    def understudy(self):
        """The command line outside Blender."""
        return Path(ROOT) / ".venv" / "bin" / "understudy"

    def environment(self, **changes):
        """Return the variables of a worker; those that are None are left out."""
        values = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UNDERSTUDY_", "PYTHON"))
        }
        values |= {
            "TMPDIR": str(self.folder / "tmp"),
            "UNDERSTUDY_BLENDER": str(self.blender),
            "PATH": f"{self.blender.parent}:{values['PATH']}",
            "DEADLINE_CLOUD_TELEMETRY_OPT_OUT": "true",
        }
        values |= changes
        return {name: value for name, value in values.items() if value is not None}

    def copy_project(self, name):
        """Return a copy of the project, with its clip and its image, in a folder of its own."""
        return shutil.copytree(self.project.parent, self.folder / name) / self.project.name

    def choose_missing_model(self, project):
        """Have a project ask for a model that is not here."""
        script = shutil.copy(_SCRIPTS / "choose_missing_model.py", self.folder)
        done = run([self.blender, "-b", project, "--python-exit-code", "1", "-P", script], os.environ)
        assert done.returncode == 0, done.stdout[-3000:]

    def task(self, project, *words, environment=None):
        """Run a task of the project; returns the ended process."""
        command = [self.understudy, "farm", "run-task", project, *words]
        return run(command, environment or self.environment())


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The extension's zip for Blender 5.2's Python."""
    try:
        return build(
            PLATFORMS[0],
            tmp_path_factory.mktemp("dist"),
            ROOT / "build" / "wheels",
            ROOT / "build" / "models",
            pythons=("3.14",),
        )
    except UnderstudyError as error:
        pytest.skip(f"the extension can't be made here: {error}")


@pytest.fixture(scope="session")
def farm(tmp_path_factory, package):
    """The farm; skips, saying why, where this machine can't have Blender 5.2."""
    folder = tmp_path_factory.mktemp("farm")
    (folder / "tmp").mkdir()
    visible = [folder] if not _ENGINES.is_dir() else [folder, _ENGINES.parent]
    try:
        blender = make_blender(folder / "blenders", visible)
        bare = make_blender(folder / "blenders", visible, "bare")
    except MissingError as reason:
        pytest.skip(str(reason))
    install_extension(blender, package)
    profile = str(blender.parent / "profile_blender")
    slow = make_blender(
        blender.parent, visible, "slow", {"BLENDER_USER_RESOURCES": profile}, ("--python-expr", _SLOWLY)
    )
    project = folder / "original" / "shot.blend"
    project.parent.mkdir()
    footage = Footage(tmp_path_factory.mktemp("footage"))
    clip, face = (project.parent / name for name in ("clip.mp4", "face.png"))
    shutil.copy(footage.movie, clip)
    shutil.copy(footage.person, face)
    script = shutil.copy(_SCRIPTS / "make_project.py", folder)
    words = ["-b", "-P", script, "--python-exit-code", "1", "--", project, clip, face, str(COUNT)]
    done = run([blender, *words], os.environ)
    assert done.returncode == 0, done.stdout[-3000:]
    return Farm(folder, blender, bare, slow, project)


@pytest.fixture(scope="session")
def single(farm):
    """The frames that one process renders, by file name, and its report."""
    project = farm.copy_project("single")
    done = farm.task(project, "-s", "1", "-e", str(COUNT), "--report-dir", project.parent / "reports",
                     f"--output={project.parent}/out/shot_####")  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    return project


@pytest.fixture(scope="session")
def engines():
    """The folder of the engines' programs from PyPI."""
    if not (_ENGINES.parent / ".ready").is_file():
        pytest.skip("the engines' programs are not installed: run `make test-farm`")
    return _ENGINES
