# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker takes what has the form it should have, and says of everything else that it does not."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import MessageError, RecipeError
from understudy.core.layers.job import request_from, request_values
from understudy.core.recipe import Recipe, parameters
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.settings import RunSettings, settings_of_values, settings_values

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = RunSettings(
    CacheSettings(
        Path("/tmp/cache"),
        shared_folder=Path("/tmp/share"),
        redis_url="redis://localhost",
        secret=bytes(32),
        max_age=12.5,
        trusted=(Path("/a"), Path("/b")),
        signing_key=bytes(range(32)),
    ),
    threads=3,
    model_folder=Path("/tmp/models"),
    ignored=("something",),
)


def replace_value(values: Any, path: tuple[str | int, ...], value: object) -> Any:
    values = copy.deepcopy(values)
    place = values
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return values


def test_settings_come_back_as_they_were() -> None:
    for settings in (SETTINGS, RunSettings(CacheSettings(Path("/tmp/cache")))):
        assert settings_of_values(json.loads(json.dumps(settings_values(settings)))) == settings


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("threads",), "3"),
        (("threads",), -1),
        (("threads",), 10**30),
        (("threads",), True),
        (("provider",), "no such"),
        (("online",), 1),
        (("left_out",), "text"),
        (("model_folder",), "a\0b"),
        (("model_folder",), ["a"]),
        (("cache",), None),
        (("cache", "folder"), None),
        (("cache", "folder"), ""),
        (("cache", "folder"), "\ud800"),
        (("cache", "secret"), "zz"),
        (("cache", "secret"), "00"),
        (("cache", "max_age"), float("nan")),
        (("cache", "max_age"), float("inf")),
        (("cache", "trusted"), [None]),
        (("cache", "memory_bytes"), 1.5),
        (("cache", "unknown"), 1),
    ],
)
def test_settings_of_another_form_are_refused(path: tuple[str, ...], value: object) -> None:
    with pytest.raises(MessageError):
        settings_of_values(replace_value(settings_values(SETTINGS), path, value))


CASTING = request_values(SwapRequest(Identity((FaceImage(Path("a.png"), 2),), "Ann", "asked"), Recipe()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), 5),
        (("name",), "x" * (1 << 20)),
        (("pictures",), {}),
        (("pictures",), [["a.png"]]),
        (("pictures",), [["a.png", -1]]),
        (("pictures",), [["a\0.png", 0]]),
        (("recipe",), []),
        (("recipe", "swap"), {}),
        (("recipe", "fusion"), None),
        (("recipe", "other"), {}),
    ],
)
def test_castings_of_another_form_are_refused(path: tuple[str, ...], value: object) -> None:
    with pytest.raises(MessageError):
        request_from(replace_value(CASTING, path, value))


@pytest.mark.parametrize("entry", tuple(parameters()), ids=lambda entry: entry.path)
def test_no_parameter_has_another_type_or_a_value_out_of_range(entry: Any) -> None:
    kinds: list[object] = [None, [], {}, "1e999" if entry.kind is not str else 1]
    if entry.kind is not bool:
        kinds.append(True)
    if entry.kind in (int, float):
        kinds += [float("nan"), float("inf"), 10**400]
    for value in kinds:
        with pytest.raises((MessageError, RecipeError)):
            request_from(replace_value(CASTING, ("recipe", entry.group, entry.name), value))
    out: object = "no such choice" if entry.choices else "two\nlines"
    if entry.kind in (int, float):
        out = entry.kind(entry.high + 1)
    if entry.kind is not bool:
        with pytest.raises(RecipeError):
            request_from(replace_value(CASTING, ("recipe", entry.group, entry.name), out))


def worker(lines: list[bytes], folder: Path) -> tuple[int, list[dict[str, Any]], str]:
    """Run a worker over lines; return its status, what it told and what it wrote to stderr."""
    begin = json.dumps({"begin": settings_values(RunSettings(CacheSettings(folder / "cache")))}).encode()
    text = b"\n".join([begin, *lines, b'{"end": true}', b""])
    # The pipe stays open until it ended, as the add-on's does.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "core.worker"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(text)
        process.stdin.flush()
        output = process.stdout.read()
        errors = process.stderr.read().decode()
        return process.wait(300), [json.loads(line) for line in output.splitlines()], errors
    finally:
        process.kill()
        process.stdin.close()


JOB = {"id": 7, "strip": "s", "frame": 1, "clip": 0, "cast": 0, "number": 0, "picture": "/x"}
BAD = [
    b"",
    b"no json",
    b"\xff\xfe\xfd",
    b"null",
    b"[]",
    b"{}",
    b'{"job": 1, "clip": 2}',
    b"[" * 100_000,
    b'{"clip":' + b'{"a":' * 100_000,
    b'{"clip": {"id": NaN, "movie": true, "paths": ["a"]}}',
    b'{"clip": {"id": ' + b"9" * 10_000 + b', "movie": true, "paths": ["a"]}}',
    b'{"clip": {"id": 0, "movie": "yes", "paths": ["a"]}}',
    b'{"clip": {"id": 0, "movie": true, "paths": []}}',
    b'{"clip": {"id": 0, "movie": true, "paths": ["a\\u0000b"]}}',
    b'{"clip": {"id": 0, "movie": true, "paths": ["\\ud800"]}}',
    b'{"clip": {"id": [], "movie": true, "paths": ["a"]}}',
    b'{"clip": 5}',
    b'{"cast": {"id": 0, "castings": [{}]}}',
    b'{"cast": {"id": 0, "castings": null}}',
    b'{"check": {"strip": "s", "cast": 99}}',
    b'{"check": {"strip": 4, "cast": {}}}',
    b'{"note": {"strip": "s", "cast": 99}}',
    b'{"people": {"strip": "s", "clip": 1, "cast": 1, "first": 0, "last": 1}}',
    b'{"purge": {"strip": "s", "clip": 99}}',
    b'{"begin": {}}',
    b'{"format the disk": true}',
    b'{"": "nothing"}',
    b"x" * 3_000_000,
]


@pytest.mark.slow
def test_every_malformed_line_is_answered_by_a_fault_and_passed_over(tmp_path: Path) -> None:
    status, messages, errors = worker([*BAD, json.dumps({"job": JOB}).encode()], tmp_path)
    assert status == 0, errors
    assert "Traceback" not in errors
    assert [next(iter(entry)) for entry in messages] == [
        "ready", *["fault"] * len(BAD), "fault", "done", "report"
    ]  # fmt: skip
    assert messages[-2]["done"] == {"id": 7, "written": False}
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [b'{"begin": {}}', b'{"begin": null}', b'{"begin": {"cache": {"folder": 5}}}']
)
def test_without_a_right_beginning_it_ends_and_says_so(line: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "core.worker"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=line + b"\n",
        capture_output=True,
        timeout=300,
        check=False,
    )
    # Its input closed as well: it may end for either reason.
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 3 or b"can't begin" in done.stderr
