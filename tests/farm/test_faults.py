# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on farms: each frame is equal to that of one process, or its failure is loud. One table says all."""

import os
import shlex
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from blender_driver import Driver, Footage
from farm.fault_chunks import HALVES, FaultFarm, served_folder
from farm.rendered import images_of
from redis_process import redis_server  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.blender,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts, and becoming another account, take root"),
]

FRAMES = 12
HOUR = 3600.0
STALL_SECONDS = 30
"""Longer than a run waits for a place altogether."""
OTHER_ACCOUNT, GROUP = 65534, 65500
SHARES = pytest.mark.skipif(
    not (
        shutil.which("sshfs")
        and Path("/usr/lib/openssh/sftp-server").is_file()
        and os.access("/dev/fuse", os.R_OK | os.W_OK)
    ),
    reason="sshfs, sftp-server or /dev/fuse is missing: apt-get install sshfs openssh-sftp-server",
)
# Nobody else may look into root's home, where this Python may be: it is shown to the other account alone.
SHOW_PYTHON = (
    "mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir /mnt/home && mount --bind /root /mnt/home && "
    "mount -t tmpfs -o mode=755 tmpfs /root && for each in .pyenv .local; do if [ -d /mnt/home/$each ]; then "
    "mkdir /root/$each && mount --bind /mnt/home/$each /root/$each; fi; done && umount -l /mnt"
)
AS_OTHER_ACCOUNT = f"setpriv --reuid {OTHER_ACCOUNT} --regid {GROUP} --clear-groups"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The folder of a project that nobody has rendered yet, and the frames of a render that keeps nothing."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-faults-", dir="/tmp"))
    folder.chmod(0o755)
    project = folder / "original"
    project.mkdir()
    made = Footage(tmp_path_factory.mktemp("footage"))
    clip, face = (Path(shutil.copy(path, project)) for path in (made.movie, made.person))
    driver = Driver(tmp_path_factory.mktemp("made"))
    driver(
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": str(project / "shot.blend")}],
        ["movie", {"name": "clip", "file": str(clip)}],
        ["cast", {"name": "clip", "picture": str(face)}],
        ["op", {"name": "file.make_paths_relative"}],
        ["save", {}],
    )
    # What saving has put there is made again by whoever renders.
    shutil.rmtree(project / "understudy_cache", ignore_errors=True)
    alone = FaultFarm(_new_folder(folder, "alone"), project)
    report = alone.chunk((1, FRAMES), UNDERSTUDY_NO_CACHE="1").end()
    assert report["shown"]["swapped"] == FRAMES
    yield project, images_of(alone.images)
    shutil.rmtree(folder)


def _new_folder(folder, name):
    (folder / name).mkdir()
    return folder / name


@pytest.fixture
def farm(original, request):
    return FaultFarm(_new_folder(original[0].parent, request.node.name.replace(" ", "_")), original[0])


@pytest.fixture
def row(original, farm, request):
    """Hold what a fault left: each frame equal, or failed and not there; a row of the table.

    At most so many results may have been computed twice.
    """

    def add(fault, most_twice=0, loud="", failed=()):
        equal, twice = farm.equal_frames(original[1]), farm.computed_twice
        request.node.user_properties.append(("fault", [fault, equal, loud, farm.computed, twice]))
        assert equal == FRAMES - len(failed)
        assert not [frame for frame in failed if (farm.images / f"frame_{frame:04d}.png").exists()]
        assert twice <= most_twice

    return add


def swapped(reports):
    return sum(report["shown"]["swapped"] for report in reports)


def test_nothing_goes_wrong(farm, row):
    assert swapped(farm.render()) == FRAMES
    row("none: two processes at once")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_process_that_is_ended_and_tried_again(farm, row, number):
    first, second = (farm.chunk(frames, pauses=frames == HALVES[0]) for frames in HALVES)
    first.wait_for_pause()
    first.end_by(number)
    assert first.process.returncode != 0
    again = farm.chunk(HALVES[0], name="again")
    assert swapped([again.end(), second.end()]) == FRAMES
    # What is computed ahead of the frame at hand may be lost with the process.
    row(f"{number.name}, then the task again", 10, f"exit {first.process.returncode}")


@pytest.mark.parametrize("in_group", [True, False], ids=["group let in", "group not let in"])
def test_another_account_goes_on(farm, row, in_group):
    os.chown(farm.project.parent, 0, GROUP)
    farm.project.parent.chmod(0o2775)
    home = farm.folder / "home"
    home.mkdir()
    os.chown(home, OTHER_ACCOUNT, GROUP)
    farm.folder.chmod(0o777)
    variables = {"UNDERSTUDY_SHARED_WITH_GROUP": "1"} if in_group else {}
    first = farm.chunk(HALVES[0], **variables)
    first.end()
    for image in farm.images.iterdir():  # Blender writes them for their owner alone to change
        image.unlink()
    # All of the clip: half of it is what the other account rendered.
    wrapper = f"env HOME={shlex.quote(str(home))} {AS_OTHER_ACCOUNT}"
    other = farm.chunk((1, FRAMES), name="other", setup=SHOW_PYTHON, wrapper=wrapper, **variables)
    report = other.end()
    assert report["shown"]["swapped"] == FRAMES
    warned = f"{len(report['warnings'])} warnings" if report["warnings"] else ""
    row(
        f"another account, {'its group let in' if in_group else 'not let in'}", 0 if in_group else 200, warned
    )
    if not in_group:
        assert report["warnings"]


def test_a_project_that_is_only_readable(farm, row):
    place = shlex.quote(str(farm.project.parent))
    setup = f"mount --bind {place} {place} && mount -o remount,bind,ro {place}"
    places = {
        "UNDERSTUDY_LAYERS_DIR": str(farm.folder / "layers"),
        "UNDERSTUDY_CACHE_DIR": str(farm.folder / "results"),
    }
    reports = farm.render(setup=setup, **places)
    assert swapped(reports) == FRAMES
    assert [report["warnings"] for report in reports] == [[], []]
    row("read-only project, places elsewhere")


def test_another_mount_point(farm, row):
    farm.chunk(HALVES[0]).end()
    place = farm.folder / "elsewhere"
    place.mkdir()
    setup = shlex.join(["mount", "--bind", str(farm.project.parent), str(place)])
    report = farm.chunk((1, FRAMES), place / "shot.blend", name="other", setup=setup).end()
    assert report["shown"]["swapped"] == FRAMES
    row("another mount point goes on")


@SHARES
def test_a_share_without_hard_links(farm, row):
    with served_folder(farm.folder, "disable_hardlink") as (mount, _):
        shutil.copytree(farm.project.parent, mount / "project")
        with pytest.raises(OSError, match="not"):
            os.link(mount / "project" / "shot.blend", mount / "project" / "linked.blend")
        assert swapped(farm.render(mount / "project" / "shot.blend")) == FRAMES
    # Each sees the other's results when it looks at the folder again.
    row("a share without hard links", 10)


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_clock_that_is_wrong_by_an_hour(farm, row, skew):
    chunks = [farm.chunk(HALVES[0], skew_seconds=skew), farm.chunk(HALVES[1])]
    assert swapped([chunk.end() for chunk in chunks]) == FRAMES
    row(f"a clock an hour {'ahead' if skew > 0 else 'behind'}")


@SHARES
@pytest.mark.parametrize("on_it", ["shared cache", "project"])
def test_a_share_that_stalls_and_returns(farm, row, on_it):
    with served_folder(farm.folder) as (mount, server):
        if on_it == "project":
            project = shutil.copytree(farm.project.parent, mount / "project") / farm.project.name
            chunks = [farm.chunk(frames, project, pauses=True) for frames in HALVES]
        else:
            places = {"UNDERSTUDY_SHARED_CACHE": str(mount / "cache")}
            chunks = [
                farm.chunk(frames, pauses=True, **farm.own_places(frames), **places) for frames in HALVES
            ]
        for chunk in chunks:
            chunk.wait_for_pause()
        os.kill(server, signal.SIGSTOP)
        try:
            for chunk in chunks:
                chunk.go_on()
            time.sleep(STALL_SECONDS)
        finally:
            os.kill(server, signal.SIGCONT)
        reports = [chunk.end() for chunk in chunks]
    assert swapped(reports) == FRAMES
    warnings = [text for report in reports for text in report["warnings"]]
    said = f"{len(warnings)} warnings" if warnings else ""
    row(f"a share with the {on_it} stalls {STALL_SECONDS} s and returns", 60, said)


@SHARES
def test_a_share_that_goes_away_for_good(farm, row):
    with served_folder(farm.folder) as (mount, server):
        project = shutil.copytree(farm.project.parent, mount / "project") / farm.project.name
        chunks = [farm.chunk(frames, project, pauses=True, UNDERSTUDY_STRICT="1") for frames in HALVES]
        for chunk in chunks:
            chunk.wait_for_pause()
        os.kill(server, signal.SIGKILL)
        for chunk in chunks:
            chunk.go_on()
        reports = [chunk.end() for chunk in chunks]
    failed = [frame for report in reports for frame in report["failed"]]
    assert failed
    row("the share with the project goes away for good", 10, f"{len(failed)} failed", failed)


def test_redis_that_is_restarted(farm, row, redis_server):  # noqa: F811
    places = {"UNDERSTUDY_REDIS": redis_server.url}
    chunks = [farm.chunk(frames, pauses=True, **farm.own_places(frames), **places) for frames in HALVES]
    for chunk in chunks:
        chunk.wait_for_pause()
    redis_server.kill()
    redis_server.start()
    for chunk in chunks:
        chunk.go_on()
    assert swapped([chunk.end() for chunk in chunks]) == FRAMES
    row("Redis restarted", 60)
