# SPDX-License-Identifier: GPL-3.0-or-later
"""What is logged, under which names, and what never is."""

import ast
import logging
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core import CacheSettings, ClipSession, FaceImage, Identity, RunSettings, SwapRequest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.shared.circuit_breaker import CircuitBreaker
from understudy.core.cache.shared.lease import SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.sessions.layer_session import LayerSession

from tests.core.fresh_process import run_python

ROOT = Path(__file__).resolve().parents[2]
SECRET = bytes(range(100, 132))
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING) (understudy\.\w+): .+")


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.name, record.levelname, record.getMessage()) for record in caplog.records]


def rooms_named_in(path: Path) -> list[str]:
    return [
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "room_logger"
        and isinstance(node.args[0], ast.Constant)
    ]


@pytest.mark.slow
def test_each_logger_is_named_by_the_room_of_its_file() -> None:
    count = 0
    for side, prefix in (("core", ""), ("addon", "addon.")):
        for path in (ROOT / side).rglob("*.py"):
            for room in rooms_named_in(path):
                count += 1
                assert room == prefix + path.relative_to(ROOT / side).parts[0], path
    assert count >= 8


def test_no_other_file_makes_a_logger_or_sets_up_the_log() -> None:
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "addon").rglob("*.py")]:
        if path not in (ROOT / "core/reporting/log.py", ROOT / "core/cli/log.py"):
            assert not re.search(r"getLogger|basicConfig|addHandler|StreamHandler", path.read_text()), path


def test_core_installs_no_handler_and_a_warning_is_not_printed() -> None:
    run = run_python(
        "import logging\n"
        "from understudy.core.cache import CacheSettings, open_cache_best_effort\n"
        "from pathlib import Path\n"
        "open_cache_best_effort(CacheSettings(Path('/dev/null/cache'))).close()\n"
        "logging.getLogger('understudy.cache').warning('a warning')\n"
        "print([type(one).__name__ for one in logging.getLogger('understudy').handlers])\n"
        "print(logging.getLogger().handlers, logging.getLogger('understudy').level)\n"
    )
    assert run.stdout.splitlines() == ["['NullHandler']", "[] 0"]
    assert run.stderr == ""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    write_sequence(folder / "frames", 2)
    write_picture(folder / "a_persons_name.png", make_up_portrait())
    return folder


def request(folder: Path, name: str = "a_persons_name.png") -> SwapRequest:
    return SwapRequest(Identity((FaceImage(folder / name),), name="A Persons Name"))


def test_a_run_is_logged_by_room_and_level_and_names_nobody(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "understudy")
    folder = tmp_path / "cache"
    settings = RunSettings(CacheSettings(folder, signing_key=SECRET), ignored=("a setting is left out",))
    for _ in range(2):
        with ClipSession(sorted((project / "frames").iterdir()), [request(project)], settings) as session:
            assert session.recast_frame(1).face_count == 1
    lines = logged(caplog)
    assert ("understudy.sessions", "WARNING", "a setting is left out") in lines
    opened = f"cache opened: folder {folder}, shared folder none, Redis server none"
    assert lines.count(("understudy.cache", "INFO", opened)) == 2
    models = [text for name, level, text in lines if (name, level) == ("understudy.models", "INFO")]
    assert models
    assert all(re.fullmatch(r"model \S+\.onnx loaded on cpu", text) for text in models)
    stages = [text for name, level, text in lines if (name, level) == ("understudy.cache", "DEBUG")]
    assert sum(bool(re.fullmatch(r"computed swap [0-9a-f]{12}", text)) for text in stages) == 1
    assert sum(bool(re.fullmatch(r"hit swap [0-9a-f]{12}", text)) for text in stages) == 1
    ends = [text for name, _, text in lines if name == "understudy.sessions" and "ends" in text]
    assert [re.search(r"swap \d run, \d hit", text)[0] for text in ends] == [
        "swap 1 run, 0 hit",
        "swap 0 run, 1 hit",
    ]
    whole = caplog.text
    assert "persons_name" not in whole
    assert "Persons Name" not in whole
    assert SECRET.hex() not in whole
    assert repr(SECRET) not in whole


def test_a_frame_that_fails_is_logged_without_the_name_of_the_image(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "understudy")
    source = ClipSource(False, tuple(sorted((project / "frames").iterdir())))
    layer = tmp_path / "cache" / "layers" / "0123456789abcdef" / "000007.tif"
    job = LayerJob("strip", 7, source, 0, layer, (request(project, "someone_else.png"),))
    session = LayerSession(RunSettings(CacheSettings(tmp_path / "cache")))
    session.update_layer(job)
    session.close()
    shown = ("understudy.sessions", "WARNING", "frame 7 shows the original: FaceImageError")
    assert shown in logged(caplog)
    assert any("someone_else" in text for text in session.warnings)  # the report has it
    assert "someone_else" not in caplog.text


def test_an_address_with_a_password_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "understudy")
    settings = CacheSettings(tmp_path / "cache", redis_url="redis://:pass-word@127.0.0.1:1/0")
    with open_cache(settings) as cache:
        cache.get_or_compute(stage_key("stage", 1, {}), lambda: {"a": np.zeros(1)})
    assert any("Redis server yes" in text for _, _, text in logged(caplog))
    assert "pass-word" not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_a_circuit_breaker_logs_its_changes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "understudy.cache")
    now = [0.0]
    breaker = CircuitBreaker("the share", lambda: now[0])
    breaker.record_success()  # nothing changes
    breaker.record_failure("it hangs")
    now[0] = 2.0
    assert breaker.begin_probe()
    breaker.record_success()
    assert [text for _, _, text in logged(caplog)] == [
        "circuit breaker of the share is open for 1 s: it hangs",
        "circuit breaker of the share is half-open: trying again",
        "circuit breaker of the share is closed: it answers",
    ]


def test_a_lease_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "understudy.cache")
    flight, key = SingleFlight(FolderLease(tmp_path / "leases")), stage_key("stage", 1, {})
    flight.get_or_compute(MemoryStore(1 << 20), key, lambda: {"a": np.zeros(1)})
    flight.close()
    short = key.hex[:12]
    assert [text for _, _, text in logged(caplog)] == [f"lease of {short} taken", f"computed stage {short}"]


COMMAND = "import sys\nfrom understudy.core.cli.main import main\nsys.exit(main(sys.argv[1:]))"


def render(project: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    arguments = ["render", project / "frames", "--face", project / "a_persons_name.png", "--fps", "25"]
    return run_python(COMMAND, *arguments, "--output", folder / "out.mp4", **variables)


@pytest.mark.slow
def test_the_command_line_prints_no_log_unasked(project: Path, tmp_path: Path) -> None:
    run = render(project, tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert re.fullmatch(r"2 frames, 2 of them changed, in [\d.]+ s\n", run.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(("level", "least"), [("debug", "DEBUG"), ("INFO", "INFO")])
def test_the_environment_asks_for_the_log_on_stderr(
    project: Path, tmp_path: Path, level: str, least: str
) -> None:
    run = render(project, tmp_path, UNDERSTUDY_LOG=level)
    assert run.returncode == 0, run.stderr
    lines = run.stderr.splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), lines
    assert {"DEBUG", "INFO"} & {match[1] for match in matches} == {"DEBUG", "INFO"} & {least, "INFO"}
    assert {"understudy.sessions", "understudy.cache", "understudy.models"} <= {match[2] for match in matches}
    assert "persons_name" not in run.stderr
    assert re.fullmatch(r"2 frames, 2 of them changed, in [\d.]+ s\n", run.stdout)


def test_a_level_that_there_is_not_is_an_error_in_one_line() -> None:
    run = run_python(COMMAND, "doctor", UNDERSTUDY_LOG="loud")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "understudy: UNDERSTUDY_LOG can't be used: 'loud' is none of debug, info, warning\n"


def test_only_the_modules_for_output_print() -> None:
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "addon").rglob("*.py")]:
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        ]
        assert not calls or path in (ROOT / "core/cli/output.py", ROOT / "addon/blender/console.py"), path
