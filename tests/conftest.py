# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis_process import redis_server

__all__ = ["redis_server"]

# An example that takes long says that the machine is busy, not that the code is wrong.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# With a process for each core, files that take long come first, so that no core waits at the end.
_FIRST_SUITES = ("addon", "system", "hostile", "fuzz")


@pytest.hookimpl(tryfirst=True)  # before the marks are asked for on the command line
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say what runs in every Blender, leave out what only repeats unless it is asked for, put real Blender first."""
    for item in items:
        if "every_blender" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.every_blender)
    if "long" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("long")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not item.get_closest_marker("long")]
    items.sort(key=_suite_order)


def _suite_order(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return _FIRST_SUITES.index(folder) if folder in _FIRST_SUITES else len(_FIRST_SUITES)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference footage and models beside the repository; skips the test without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared, the reference footage and models, is not there")
    return folder


@pytest.fixture
def set_opencv_threads() -> Iterator[Callable[[int], None]]:
    """What sets OpenCV's number of threads, which is as before after the test."""
    import cv2

    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.fixture(scope="session", autouse=True)
def user_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the tests and their processes remember apart from what this machine's user does.

    The processes keep their compiled modules, as a user's do: an environment that forbids it, as some containers'
    do, would let each of them, and each job of a Blender that stays, compile all of Understudy anew.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user") / "cache"))
        patch.setenv("PYTHONPYCACHEPREFIX", str(Path(__file__).resolve().parents[1] / "build" / "compiled"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        # A signature differs each time, and this machine's certificate is kept among its user's settings.
        patch.setenv("UNDERSTUDY_C2PA", "off")
        # Where set-up has taken the safeguard's model out of its package, tests would count what it decodes as well:
        # in their processes, and here, where they make settings without an environment.
        patch.setenv("UNDERSTUDY_SAFEGUARD", "off")
        patch.setattr("understudy.core.models.library.safeguard_file", lambda: Path("/no/model"))
        yield
