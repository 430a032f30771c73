# SPDX-License-Identifier: GPL-3.0-or-later
"""The public door: its names are described, importing it is cheap, and the scripts of docs/api.md do what it says."""

import ast
import importlib
import inspect
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import understudy.core
import understudy.core.cache
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip

DOORS = ("understudy.core", "understudy.core.cache")
FRAMES, SIZE = 4, 384
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
RECAST, PREPARE, CACHE_ALONE = re.findall(
    r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE
)


def exported() -> list[tuple[str, str]]:
    return [(door, name) for door in DOORS for name in importlib.import_module(door).__all__]


def loaded_by(program: str) -> set[str]:
    """Run a program in a fresh process; return the modules that it loaded."""
    program += "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("door", DOORS)
def test_importing_a_door_loads_none_of_its_rooms(door: str) -> None:
    loaded = loaded_by(f"import {door}")
    ours = {name for name in loaded if name.startswith("understudy")}
    assert ours == {"understudy", "understudy.core", door}
    assert not {"numpy", "cv2", "onnxruntime", "av"} & loaded


def test_every_name_of_the_cache_is_there_without_the_rest_of_understudy() -> None:
    loaded = loaded_by("from understudy.core.cache import *\nassert open_cache and stage_key")
    rooms = {name.split(".")[2] for name in loaded if name.startswith("understudy.core.")}
    assert "cache" in rooms
    assert rooms <= {"cache", "concurrency", "errors", "filesystem", "reporting", "system", "units"}
    assert not {"cv2", "onnxruntime", "av", "redis", "cryptography"} & loaded


@pytest.mark.parametrize("door", DOORS)
def test_a_door_lists_its_names_and_has_no_others(door: str) -> None:
    module = importlib.import_module(door)
    assert module.__all__ == sorted(module.__all__)
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        module.no_such_name  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize("door", DOORS)
def test_type_checkers_and_programs_find_a_name_in_the_same_module(door: str) -> None:
    module = importlib.import_module(door)
    tree = ast.parse(inspect.getsource(module))
    typed = {
        alias.name: "." * node.level + str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert typed == module._MODULES
    assert sorted(typed) == module.__all__


@pytest.mark.parametrize("door", DOORS)
def test_a_door_promises_stability(door: str) -> None:
    text = importlib.import_module(door).__doc__ or ""
    assert "semantic\nversioning" in text or "semantic versioning" in text


def sections(docstring: str) -> set[str]:
    return set(re.findall(r"^(\w+)\n-{3,}$", docstring, re.MULTILINE))


def section_entries(docstring: str, section: str) -> set[str]:
    """Return the names that a section describes."""
    body = docstring.partition(f"{section}\n{'-' * len(section)}\n")[2]
    body = re.split(r"^\w+\n-{3,}$", body, maxsplit=1, flags=re.MULTILINE)[0]
    heads = re.findall(r"^(\w[^:\n]*?)(?: : .*)?$", body, re.MULTILINE)
    return {name.strip() for head in heads for name in head.split(",")}


def missing_in_function(function: Callable[..., object], what: str) -> list[str]:
    """Return what the docstring of a function lacks."""
    text, signature = inspect.getdoc(function) or "", inspect.signature(function)
    names = {name for name in signature.parameters if name != "self"}
    missing = [] if text else [f"{what}: no docstring"]
    undescribed = names - section_entries(text, "Parameters")
    if undescribed:
        missing.append(f"{what}: Parameters lacks {sorted(undescribed)}")
    returns = signature.return_annotation not in (None, "None", inspect.Signature.empty)
    if returns and not {"Returns", "Yields"} & sections(text):
        missing.append(f"{what}: no Returns")
    raised = set(re.findall(r"raise (\w+)", inspect.getsource(function)))
    if raised and not raised <= section_entries(text, "Raises"):
        missing.append(f"{what}: Raises lacks {sorted(raised)}")
    return missing


def missing_in_class(kind: type) -> list[str]:
    what, text = kind.__name__, inspect.cleandoc(kind.__dict__.get("__doc__") or "")
    missing = [] if text else [f"{what}: no docstring"]
    if is_dataclass(kind):
        undescribed = {entry.name for entry in fields(kind)} - section_entries(text, "Attributes")
        if undescribed:
            missing.append(f"{what}: Attributes lacks {sorted(undescribed)}")
    elif (
        "__init__" in kind.__dict__
        and not issubclass(kind, Exception)
        and not getattr(kind, "_is_protocol", 0)
    ):
        taken = set(inspect.signature(kind.__dict__["__init__"]).parameters) - {"self"}
        if not taken <= section_entries(text, "Parameters"):
            missing.append(f"{what}: Parameters lacks some of {sorted(taken)}")
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if inspect.isfunction(member):
            missing += missing_in_function(member, f"{what}.{name}")
        elif isinstance(member, property) and not inspect.getdoc(member):
            missing.append(f"{what}.{name}: no docstring")
    return missing


def has_note(module_name: str, name: str) -> bool:
    """Tell whether a string stands below the assignment of a name in a module's source."""
    body = ast.parse(inspect.getsource(importlib.import_module(module_name))).body
    for node, after in pairwise(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return False


@pytest.mark.parametrize(("door", "name"), exported())
def test_every_name_is_described(door: str, name: str) -> None:
    module = importlib.import_module(door)
    value = getattr(module, name)
    if inspect.isfunction(value):
        assert missing_in_function(value, name) == []
    elif inspect.isclass(value) and value.__name__ == name:
        assert missing_in_class(value) == []
    else:  # a type alias, whose own docstring is that of another type
        home = importlib.import_module(module._MODULES[name], door).__name__
        assert has_note(home, name)


def test_the_description_check_sees_what_is_missing() -> None:
    def undescribed(number: int) -> int:
        """Do something."""
        raise ValueError(number)

    assert len(missing_in_function(undescribed, "undescribed")) == 3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the scripts name."""
    folder = tmp_path_factory.mktemp("scripts")
    write_picture(folder / "person.png", make_up_portrait())
    with VideoWriter(folder / "shot.mp4", SIZE, SIZE, Fraction(25)) as writer:
        for path in write_sequence(folder / "frames", FRAMES, SIZE):
            writer.write(cv2.imread(str(path))[..., ::-1])
    return folder


def run_script(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Run a script of the guide in a folder; return its names and their values."""
    script = folder / "script.py"
    script.write_text(text)
    monkeypatch.chdir(folder)
    return runpy.run_path(str(script))


def test_the_script_recasts_a_frame_and_a_hit_is_bit_identical(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run_script(RECAST, project, monkeypatch)
    assert capsys.readouterr().out.startswith(f"({SIZE}, {SIZE}, 3) uint8 1\n")
    second = run_script(RECAST, project, monkeypatch)
    frame, again = first["frame"], second["frame"]
    assert (frame.number, frame.face_count) == (2, 1)
    assert (frame.pixels.shape, frame.pixels.dtype) == ((SIZE, SIZE, 3), np.uint8)
    with open_clip(project / "shot.mp4") as clip:
        original = clip.read(2)
    changed = (frame.pixels != original).any(axis=2).mean()
    assert 0.01 < changed < 0.5  # a face, and not the whole frame
    assert np.array_equal(again.pixels, frame.pixels)
    assert first["report"].stages["swap"]["run"] == 1
    assert {name: entry["run"] for name, entry in second["report"].stages.items()} == {
        "detect": 0, "landmark": 0, "embed": 0, "swap": 0, "fuse": 1,
    }  # fmt: skip
    assert second["report"].models_loaded == 0
    assert second["report"].warnings == ()


def test_the_script_prepares_a_clip_and_nothing_runs_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    text = PREPARE.replace('Path("cache")', 'Path("prepared")')
    assert text != PREPARE
    first = run_script(text, project, monkeypatch)
    assert capsys.readouterr().out.count("is prepared") == FRAMES
    second = run_script(text, project, monkeypatch)
    assert first["face_count"] == second["face_count"] == FRAMES
    assert first["report"].stages["swap"]["run"] == FRAMES
    assert [entry["run"] for entry in second["report"].stages.values()] == [0] * len(second["report"].stages)
    assert second["report"].models_loaded == 0
    assert second["report"].stages["swap"]["hit"] == FRAMES


@pytest.mark.slow
def test_a_session_over_images_raises_what_it_says(project: Path, tmp_path: Path) -> None:
    core = understudy.core
    person = core.Identity((core.FaceImage(project / "person.png"),))
    settings = core.RunSettings(core.CacheSettings(tmp_path / "cache"))
    paths = sorted((project / "frames").iterdir())
    with core.ClipSession(paths, [core.SwapRequest(person)], settings) as session:
        assert (session.info.kind, session.info.frame_count) == ("sequence", FRAMES)
        assert session.prepare([1]) == 1
        with pytest.raises(core.ClipError, match=f"has no frame {FRAMES}"):
            session.recast_frame(FRAMES)
    missing = core.Identity((core.FaceImage(tmp_path / "nobody.png"),))
    with pytest.raises(core.FaceImageError, match=r"nobody\.png"):
        core.ClipSession(paths, [core.SwapRequest(missing)], settings)


def test_the_script_keeps_a_stage_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run_script(CACHE_ALONE, tmp_path, monkeypatch)
    second = run_script(CACHE_ALONE, tmp_path, monkeypatch)
    assert capsys.readouterr().out.splitlines() == ["(3, 32) computed", "(3, 32) from the cache"]
    assert (first["hit"], second["hit"]) == (False, True)
    counts, again = first["arrays"]["counts"], second["arrays"]["counts"]
    assert (again.dtype, again.shape) == (np.int64, (3, 32))
    assert again.tobytes() == counts.tobytes()
    assert again.sum(axis=1).tolist() == [1080 * 1920] * 3
    assert second["cache"].folder_counts.hits == 1


def test_the_script_of_the_cache_loads_nothing_that_has_to_do_with_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = loaded_by(CACHE_ALONE)
    rooms = {name.split(".")[2] for name in loaded if name.startswith("understudy.core.")}
    assert not rooms & {"swap", "fusion", "models", "media", "analysis", "pipeline", "sessions", "face"}
    assert not {"cv2", "onnxruntime", "av"} & loaded


def test_a_result_of_another_form_is_computed_again(tmp_path: Path) -> None:
    cache_room = understudy.core.cache
    key = cache_room.stage_key("mytool.mean", 1, {"pixels": b"\x01"})
    schema = cache_room.Schema((cache_room.ArraySpec("mean", "float64", (3,), low=0, high=255),))
    settings = cache_room.CacheSettings(tmp_path / "cache")
    with cache_room.open_cache(settings) as cache:
        cache.store.put(key, {"mean": np.full(3, 300.0)})
    with cache_room.open_cache(settings, schemas={"mytool.mean": schema}) as cache:
        arrays, hit = cache.get_or_compute(key, lambda: {"mean": np.full(3, 30.0)})
        assert not hit
        assert arrays["mean"].tolist() == [30.0] * 3
        assert any("mean" in line for line in cache.warnings), cache.warnings
