# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what the wheel holds: the packages of `core`, their data and the embedded models; pyproject.toml says the rest.

The repository's root is the package `understudy`, so what setuptools finds below it gets that name in front.
"""

import json
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

MODELS = Path("build/models")
"""Where `make models` puts the embedded models; a build runs in the repository's root."""
EMBEDDED = Path("understudy/core/models/embedded")
PACKAGES = [f"understudy.{name}" for name in find_packages(include=["core", "core.*"])]


class BuildWithModels(build_py):
    """Copy the packages, and the embedded models where they were made.

    Without them the program can be installed, and `understudy doctor` says what to do.
    """

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Leave this file out: it lies in the folder of a package."""
        return [
            module for module in super().find_package_modules(package, package_dir) if module[1] != "setup"
        ]

    def run(self) -> None:
        """Build into an empty folder: setuptools would pack modules that an earlier build left in it."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(Path(self.build_lib, "understudy"), ignore_errors=True)
        super().run()
        manifest = MODELS / "manifest.json"
        if not manifest.is_file():
            self.warn("the embedded models are left out: run `make models` first, or `make wheel`")
            return
        names = [entry["file"] for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]]
        folder = Path(self.build_lib, EMBEDDED)
        self.mkpath(str(folder))
        for name in (*names, manifest.name):
            self.copy_file(str(MODELS / name), str(folder / name))


setup(
    cmdclass={"build_py": BuildWithModels},
    packages=["understudy", *PACKAGES],
    package_data={name: ["*.json", "*.toml"] for name in PACKAGES},
)
