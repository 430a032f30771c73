# SPDX-License-Identifier: GPL-3.0-or-later
"""Several Blenders, each with a cache of its own, that share results by a folder or by Redis."""

import threading

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 12
SHARED_STAGES = ("landmark", "embed", "swap")


class Machine:
    """A render machine of a farm: a Blender, its own disk, the same project."""

    def __init__(self, drive, folder, footage, running=None):
        """`running` are the Blenders of machines that do not work at the same time: Understudy is loaded anew."""
        folder.mkdir()
        self.drive = type(drive)(folder, running=running)
        self.blend = str(folder / "project.blend")
        self.report = None
        self._footage = footage

    def render(self, *steps, name="shared", frames=(1, COUNT)):
        """Make the project and render it; returns the report."""
        answers = self.drive(
            ["project", {"size": [320, 240], "frames": frames, "save": self.blend}],
            ["movie", {"name": "clip", "file": self._footage.movie}],
            *steps,
            ["cast_by_script", {"name": "clip", "picture": self._footage.person}],
            ["render", {"out": self.drive.out(name), "report": str(self.drive.folder / f"{name}.json")}],
            ["at_no_frame", {}],
        )
        self.report = answers[-2]
        return self.report

    def frames(self, name="shared"):
        return {frame: pixels.tobytes() for frame, pixels in self.drive.pictures(name).items()}


def runs(report, stages=SHARED_STAGES):
    return {stage: report["stages"][stage]["run"] for stage in stages}


@pytest.fixture(scope="module")
def wanted(drive, footage, running, tmp_path_factory):
    """The frames of a render that keeps nothing, and shows new faces."""
    alone = Machine(drive, tmp_path_factory.mktemp("alone") / "one", footage, running)
    report = alone.render(["environment", {"UNDERSTUDY_NO_CACHE": "1"}])
    assert runs(report) == dict.fromkeys(SHARED_STAGES, COUNT)
    assert report["warnings"] == []
    assert not list((alone.drive.folder / "understudy_cache").glob("*.pack"))
    frames = alone.frames()
    for frame, pixels in frames.items():
        shown = np.frombuffer(pixels, np.uint8).reshape(240, 320, 3)
        assert np.abs(shown.astype(int) - footage.frames[frame - 1]).max() > 20
    return frames


@pytest.mark.parametrize("place", ["folder", "redis"])
def test_two_blenders_of_a_farm_share_the_work(drive, footage, running, wanted, tmp_path, request, place):
    if place == "redis":
        variable = {"UNDERSTUDY_REDIS": request.getfixturevalue("redis_server").url}
    else:
        variable = {"UNDERSTUDY_SHARED_CACHE": str(tmp_path / "share")}
    machines = [Machine(drive, tmp_path / name, footage) for name in ("one", "two")]
    threads = [
        threading.Thread(target=machine.render, args=(["environment", variable],)) for machine in machines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [machine.frames() for machine in machines] == [wanted, wanted]
    assert [machine.report["warnings"] for machine in machines] == [[], []]
    for stage in SHARED_STAGES:
        assert sum(runs(machine.report)[stage] for machine in machines) == COUNT
    # A third one, which comes later, computes nothing that the two did.
    third = Machine(drive, tmp_path / "three", footage, running)
    report = third.render(["environment", variable])
    assert runs(report) == dict.fromkeys(SHARED_STAGES, 0)
    assert report["models_loaded"] == 0
    assert third.frames() == wanted


def test_a_worker_shares_too(drive, footage, running, tmp_path):
    variable = ["environment", {"UNDERSTUDY_SHARED_CACHE": str(tmp_path / "share")}]
    first, second = (Machine(drive, tmp_path / name, footage, running) for name in ("one", "two"))
    first.render(variable)
    answers = second.drive(
        ["project", {"size": [320, 240], "frames": (1, COUNT), "save": second.blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        variable,
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["work", {}],
    )
    assert answers[-1]["written"] == COUNT
    assert runs(answers[-1]["report"]) == dict.fromkeys(SHARED_STAGES, 0)


def test_a_shared_place_that_is_away_costs_one_warning(drive, footage, running, wanted, tmp_path):
    pytest.importorskip("redis")
    machine = Machine(drive, tmp_path / "one", footage, running)
    report = machine.render(["environment", {"UNDERSTUDY_REDIS": "redis://:hidden@127.0.0.1:1/0"}])
    assert machine.frames() == wanted
    away = [text for text in report["warnings"] if "Redis" in text]
    assert len(away) == 1
    assert "not used for now" in away[0]
    assert all("hidden" not in text for text in [*report["warnings"], machine.drive.output])


def test_a_redis_killed_and_restarted_mid_render_changes_no_pixel(
    drive, footage, running, wanted, tmp_path, redis_server
):
    machine, command = Machine(drive, tmp_path / "one", footage, running), redis_server.command
    pid_file = tmp_path / "pid"
    restart = {"port": redis_server.port, "command": command, "pid_file": str(pid_file)}
    try:
        report = machine.render(
            ["environment", {"UNDERSTUDY_REDIS": redis_server.url}],
            ["at_frame", {"frame": 3, "then": [["kill", {"pid": redis_server.pid}]]}],
            [
                "at_frame",
                {"frame": 5, "then": [["start_server", restart], ["let_rest_pass", {"seconds": 2.5}]]},
            ],
        )
        assert machine.frames() == wanted
        assert sum("Redis" in text and "not used for now" in text for text in report["warnings"]) == 1
        # The new server got what was computed after it came back, and nothing from before.
        second = Machine(drive, tmp_path / "two", footage, running)
        report = second.render(["environment", {"UNDERSTUDY_REDIS": redis_server.url}])
        assert second.frames() == wanted
        assert 1 <= COUNT - runs(report)["swap"] <= COUNT - 4
    finally:
        redis_server.kill_by_pid_file(pid_file)
