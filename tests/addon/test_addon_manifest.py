# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own tool accepts the manifest, and an extension made of this checkout installs, renders and leaves."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import understudy

pytestmark = pytest.mark.blender

ROOT = Path(understudy.__file__).parent
INSTALL = Path(__file__).parent / "scripts" / "install.py"


def extension_tool():
    """Blender's command for extensions, which comes inside `bpy`."""
    package = Path(importlib.util.find_spec("bpy").origin).parent
    return next(package.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """The files an extension is made of, without wheels."""
    folder = tmp_path_factory.mktemp("extension") / "understudy"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("addon", "core"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("__init__.py", "blender_manifest.toml"):
        shutil.copy(ROOT / name, folder)
    models = ROOT / "build" / "models"
    if not models.is_dir():
        pytest.skip("the embedded models are not built: run `make models`")
    shutil.copytree(models, folder / "core" / "models" / "embedded", dirs_exist_ok=True)
    return folder


def test_the_manifest_says_what_the_package_says():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert manifest["id"] == project["name"]
    assert manifest["version"] == project["version"]
    assert manifest["license"] == [f"SPDX:{name}" for name in project["license"].split(" AND ")]
    assert len(manifest["tagline"]) <= 64
    assert all(len(reason) <= 64 for reason in manifest["permissions"].values())


def test_it_installs_as_an_extension_and_leaves_cleanly(staged, footage, tmp_path, monkeypatch):
    archive = tmp_path / "understudy.zip"
    built = subprocess.run(
        [sys.executable, extension_tool(), "build", "--source-dir", staged, "--output-filepath", archive],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("UNDERSTUDY_REPORT", str(tmp_path / "report.json"))
    done = subprocess.run(
        [sys.executable, INSTALL, archive, footage.movie, footage.person, tmp_path],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert "installed as bl_ext.user_default.understudy" in done.stdout
    assert "Understudy: 1 frame: 1 face swapped in 1 layer" in done.stdout
