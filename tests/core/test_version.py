# SPDX-License-Identifier: GPL-3.0-or-later
"""The version is for people: what an earlier release computed stays valid."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import understudy
from blender_driver import Footage
from understudy.core.cli.main import main
from understudy.core.system import version as module
from understudy.core.system.version import program_name

ROOT = Path(understudy.__file__).parent


def test_package_manifest_and_changelog_say_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert module.version() == project["version"]
    assert program_name() == f"Understudy {project['version']}"
    assert f"\n## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_command_line_says_its_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"Understudy {module.version()}\n"


def test_no_command_pays_for_looking_the_version_up():
    program = "import sys; from understudy.core.cli.arguments import parser; parser(); print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.slow
def test_another_version_computes_nothing_again(tmp_path, monkeypatch):
    footage = Footage(tmp_path)
    for version in ("0.1.0", "9.9.9"):
        manifest = tmp_path / f"{version}.toml"
        manifest.write_text(f'version = "{version}"\n')
        monkeypatch.setattr(module, "_MANIFEST", manifest)
        output, report = tmp_path / f"{version}.mp4", tmp_path / f"{version}.json"
        words = ["render", footage.movie, "--face", footage.person, "--end", "1", "--output", str(output)]
        assert main([*words, "--report", str(report), "--quiet"]) == 0
        assert version in Path(f"{output}.understudy.json").read_text()
    stages = json.loads(report.read_text())["stages"]
    # The command line keeps no layers, so it fuses each time.
    assert {name for name, counts in stages.items() if counts["run"]} == {"fuse"}
