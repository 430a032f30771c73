# SPDX-License-Identifier: GPL-3.0-or-later
"""The built artefacts, and a clip to try them on."""

import pytest
from blender_driver import Footage
from understudy.core.errors import UnderstudyError

from tools.build_extension.__main__ import build
from tools.build_extension.package import ROOT
from tools.build_extension.platforms import PLATFORMS


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """A movie of a face, twelve frames, and a picture of somebody."""
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The extension's zip for this machine's kind."""
    try:
        return build(
            PLATFORMS[0],
            tmp_path_factory.mktemp("dist"),
            ROOT / "build" / "wheels",
            ROOT / "build" / "models",
        )
    except UnderstudyError as error:
        pytest.skip(f"the extension can't be made here: {error}")
