# SPDX-License-Identifier: GPL-3.0-or-later
"""Start that Blender: with a window on a screen of its own (Xvfb, software OpenGL), or without."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .folder import chroot_command

SIZE = (1600, 900)
"""The width and height of the screen unless another is asked for, in pixels."""
_PLAYER, _WINDOW = (Path(__file__).with_name(f"scenario_{name}.py") for name in ("player", "window"))


@dataclass(frozen=True)
class BlenderResult:
    """How a Blender ended: its exit status and everything it printed."""

    status: int
    output: str


@dataclass(frozen=True)
class Room:
    """A folder with Blender, and a writable place that Blender sees as `/work`.

    The profile of the user is in there, so that it begins clean and lasts from one start to the next.
    Files that are given are seen, read only, as `/given/<name>`. There is no network.
    """

    folder: Path
    work: Path

    def blender(
        self, arguments: Sequence[str], given: Mapping[str, Path], timeout: float = 300
    ) -> BlenderResult:
        """Run Blender without a window."""
        return self._run(["blender", *arguments], given, timeout, {})

    def window(
        self,
        scenario: Path,
        given: Mapping[str, Path],
        *,
        factory: bool = True,
        timeout: float = 300,
        opengl: bool = True,
        size: tuple[int, int] = SIZE,
    ) -> dict[str, Any]:
        """Run a scenario in a window; returns what it told. AssertionError, with the output, where it failed.

        A scenario is a Python file with a generator `steps(window)`; see `scenario_player.py`. `factory` starts as
        Blender comes, for video editing, instead of with what is saved in the profile. Without `opengl` Blender
        draws as ever, but its calls come to nothing: the screen stays black, and takes next to no time. `size` is the
        width and height of the screen in pixels.
        """
        report_path = self.work / "facts.json"
        report_path.unlink(missing_ok=True)
        program = ["xvfb-run", "-a", "-s", f"-screen 0 {size[0]}x{size[1]}x24 -nolisten tcp", "blender"]
        program += ["--factory-startup", "--app-template", "Video_Editing"] if factory else []
        program += ["--window-geometry", "0", "0", *map(str, size)]
        program += ["-P", "/given/.player.py", "--"]
        program += ["/given/.window.py", "/given/.scenario.py", "/work/facts.json"]
        files = {**given, ".player.py": _PLAYER, ".window.py": _WINDOW, ".scenario.py": scenario}
        # Mesa's own driver that does nothing; its documentation, "Environment variables".
        ended = self._run(program, files, timeout, {} if opengl else {"GALLIUM_NOOP": "true"})
        assert report_path.is_file(), f"{scenario.name} did not end: {ended.output[-6000:]}"
        facts: dict[str, Any] = json.loads(report_path.read_text(encoding="utf-8"))
        assert "fault" not in facts, f"{scenario.name}: {facts['fault']}\n{ended.output[-3000:]}"
        return {**facts, "output": ended.output, "status": ended.status}

    def _run(
        self,
        program: Sequence[str],
        given: Mapping[str, Path],
        timeout: float,
        variables: Mapping[str, str],
    ) -> BlenderResult:
        place = str(self.folder)
        mounts = [["mount", "-t", "tmpfs", "tmpfs", f"{place}/given"]]
        for name, source in given.items():
            target = f"{place}/given/{name}"
            mounts += [
                ["mkdir", target] if source.is_dir() else ["touch", target],
                ["mount", "--bind", str(source.resolve()), target],
                ["mount", "-o", "remount,bind,ro", target],
            ]
        mounts.append(["mount", "--bind", str(self.work.resolve()), f"{place}/work"])
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/work/home",
            "BLENDER_USER_RESOURCES": "/work/profile",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "LANG": "C.UTF-8",
            **variables,
        }
        (self.work / "home").mkdir(exist_ok=True)
        inside = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *program]
        command = chroot_command(self.folder, mounts, inside, "--net")
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as fault:
            said = (fault.stdout or b"").decode(errors="replace")[-6000:]
            raise AssertionError(f"Blender did not end within {timeout} s: {said}") from fault
        return BlenderResult(done.returncode, done.stdout)
