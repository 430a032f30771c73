# SPDX-License-Identifier: GPL-3.0-or-later
"""A program `blender` as workers of a farm have it: Blender 5.2 with a profile of its own, called by its path."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from blenders import ROOT, MissingError, Program, find

TIMEOUT_SECONDS = 300
_PASSED = ("UNDERSTUDY_", "TMPDIR", "BLENDER_ADAPTOR_", "PYTHONPATH")


def make_blender(folder, visible, name="blender", variables=None, first_words=()):
    """Make the program in a folder, with an empty profile beside it, and return its path.

    It sees the folders `visible` by the same paths and nothing else of this machine, and takes the variables of
    Understudy along, as well as `variables`; `first_words` are said before those that it is called with.
    """
    blender = find("5.2")
    if not isinstance(blender, Program):
        raise MissingError("Blender 5.2 is not set up")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    (folder / f"profile_{name}").mkdir(exist_ok=True)
    values = {
        "PATH": "/usr/bin:/bin",
        "HOME": f"{folder}/profile_{name}",
        "BLENDER_USER_RESOURCES": f"{folder}/profile_{name}",
        "LANG": "C.UTF-8",
        **(variables or {}),
    }
    text = f"""\
        #!{sys.executable}
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from tools.blender_window.folder import chroot_command
        base, values = Path({str(blender.folder)!r}), {values!r}
        values |= {{k: v for k, v in os.environ.items() if k.startswith({_PASSED!r})}}
        mounts = []
        for place in {[str(path) for path in (folder, *visible)]!r}:
            top = "/" + Path(place).parts[1]
            if top not in ("/tmp", "/usr") and not any(mount[-1] == f"{{base}}{{top}}" for mount in mounts):
                mounts += [["mkdir", "-p", f"{{base}}{{top}}"], ["mount", "-t", "tmpfs", "tmpfs", f"{{base}}{{top}}"]]
            mounts += [["mkdir", "-p", f"{{base}}{{place}}"], ["mount", "--rbind", place, f"{{base}}{{place}}"]]
        program = ["env", "-i", *(f"{{k}}={{v}}" for k, v in values.items())]
        program += ["blender", *{list(first_words)!r}, *sys.argv[1:]]
        command = chroot_command(base, mounts, program)
        os.execvp(command[0], command)
        """
    path.write_text(textwrap.dedent(text))
    path.chmod(0o755)
    return path


def install_extension(blender, package):
    """Install the extension's zip as a user does. AssertionError where that fails."""
    copy = Path(shutil.copy(package, blender.parent / "understudy.zip"))
    words = ["--command", "extension", "install-file", "-r", "user_default", "-e", str(copy)]
    done = run([blender, *words], os.environ)
    copy.unlink()
    assert done.returncode == 0, done.stdout[-3000:]


def run(command, environment, **options):
    """Run a program to its end; returns the process with what it printed, errors among the rest."""
    return subprocess.run(
        [str(word) for word in command],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
        **options,
    )
