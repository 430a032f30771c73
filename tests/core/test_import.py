# SPDX-License-Identifier: GPL-3.0-or-later
"""The core works without Blender, and importing it does no work."""

import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules["bpy"] = None  # any import of bpy now fails
import understudy.core
names = [m.name for m in pkgutil.walk_packages(understudy.core.__path__, "understudy.core.")]
for name in names:
    importlib.import_module(name)
print(len(names), *sorted({"onnxruntime"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_core_imports_without_blender_and_loads_no_model_runtime() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    count, *loaded = run.stdout.split()
    assert int(count) >= 30
    assert loaded == []
    assert run.stderr == ""


def test_no_core_file_mentions_bpy_or_imports_absolutely() -> None:
    for path in CORE.rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].split(".")[0] not in ("bpy", "understudy", "core", "addon"), f"{path}: {line}"
