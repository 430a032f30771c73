# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is killed while it marks a file, or whose disk is full, leaves what was there, or all of the mark."""

import os
import signal
import sys

import pytest
from understudy.core.errors import OutputError
from understudy.core.provenance.certificates import local_identity
from understudy.core.provenance.manifest import has_manifest_library
from understudy.core.provenance.marker import FileMarker
from understudy.core.provenance.settings import MarkSettings
from understudy.core.provenance.verify import INTACT, UNMARKED, verify_file

from tests.core.marked_files import FACTS, make_file, shown

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
NAMES = ("a.png", "plain.tif", "a.exr", "a.mp4")
SHARES = (0.2, 0.9, 1.0, 1.02)
"""How much of the file can be written before the program dies or its disk is full."""


@pytest.fixture(
    params=[
        False,
        pytest.param(True, marks=pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")),
    ]
)
def settings(request, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))
    if request.param:
        local_identity()
    return MarkSettings(has_manifest=request.param)


def in_child(path, settings, limit, action):
    """Mark a file in a process that may write only `limit` bytes a file; return how it ended."""
    import resource

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        signal.signal(signal.SIGXFSZ, action)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        marker = FileMarker(settings, lambda: FACTS)
        os._exit(0 if marker.finished_file(path) else 10 + len(marker.warnings))
    except OutputError:
        os._exit(2)
    finally:
        os._exit(3)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_program_leaves_a_whole_file(name, settings, tmp_path):
    path = make_file(tmp_path, name)
    plain, before = path.read_bytes(), shown(path)
    for share in SHARES:
        assert in_child(path, settings, int(len(plain) * share), signal.SIG_DFL) == -signal.SIGXFSZ
        assert path.read_bytes() == plain
    assert verify_file(path).state == UNMARKED
    assert FileMarker(settings, lambda: FACTS).finished_file(path)
    assert (verify_file(path).state, shown(path)) == (INTACT, before)
    if name.endswith(".mp4"):
        # What the killed ones left is removed by the next.
        assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_a_warning_and_leaves_a_whole_file(name, settings, tmp_path):
    path = make_file(tmp_path, name)
    plain, before = path.read_bytes(), shown(path)
    for share in SHARES:
        assert in_child(path, settings, int(len(plain) * share), signal.SIG_IGN) == 11
        assert path.read_bytes() == plain or verify_file(path).state == INTACT
        assert shown(path) == before
        assert [entry.name for entry in tmp_path.iterdir()] == [name]
        path.write_bytes(plain)
