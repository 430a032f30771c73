# SPDX-License-Identifier: GPL-3.0-or-later
"""The kept inputs of fuzz runs, and the hostile ones we began with: none crashes, hangs or writes elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.fuzz.readers import NAMES
from tools.fuzz.trial import seed_samples

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.hostile, pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_AS")]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.blender) if name == "blend" else name for name in NAMES]
)
def test_every_kept_input_is_met(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.fuzz", name, "--replay"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(seed_samples(name))} inputs" in done.stdout


def test_seeds_are_small_and_under_the_names_of_their_contents() -> None:
    paths = sorted((ROOT / "tests" / "fuzz" / "seeds").glob("*/*.json"))
    assert {path.parent.name for path in paths} == set(NAMES)
    assert max(path.stat().st_size for path in paths) <= 4096
    assert sum(path.stat().st_size for path in paths) <= 300_000
    for name in NAMES:
        assert {sample.file_name for sample in seed_samples(name)} == {
            path.name for path in paths if path.parent.name == name
        }
