# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files, strips and keys reach terminals, logs and reports as text: no orders, no lines of their own."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import portrait, write_picture
from understudy.core.cache.base.key import Key
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.layer_outcomes import Outcomes
from understudy.core.reporting.stage_counts import StageCounter
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

ROOT = Path(__file__).resolve().parents[2]
FORGED_WARNING = "understudy: warning: all is well"
HOSTILE_NAME = f"\x1b]0;x\x07\x9b2J\n{FORGED_WARNING}\r\u2028\u202egpj\udc80"
"""A window's title, a cleared screen, a forged line, reversed letters, and a byte that is no UTF-8."""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
Count = Callable[[str], None]


def require_plain(text: str) -> None:
    """Hold that a text steers no terminal, forges no line and can be written anywhere."""
    assert all(sign == "\n" or sign.isprintable() for sign in text), ascii(text)
    assert "\u202e" not in text
    assert FORGED_WARNING not in text.split("\n")
    text.encode()


def run_understudy(*arguments: object, code: int, **variables: str) -> tuple[str, str]:
    """Run the command line in a process of its own; return what it printed, once it is plain."""
    done = subprocess.run(
        [sys.executable, "-m", "understudy.core.cli", *map(str, arguments)],
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **variables},
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, out + err
    require_plain(out)
    require_plain(err)
    return out, err


def make_hostile_folder(tmp_path: Path) -> Path:
    folder = tmp_path / f"d{HOSTILE_NAME}"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("missing", ["clip", "face"])
def test_v15_a_file_that_is_not_there(tmp_path: Path, missing: str, dashboard: Count) -> None:
    dashboard("inputs")
    here = write_picture(tmp_path / "here.png", portrait())
    gone = tmp_path / f"{HOSTILE_NAME}.png"
    clip, face = (gone, here) if missing == "clip" else (here, gone)
    _, err = run_understudy(
        "render", clip, "--fps", 25, "--face", face, "--output", tmp_path / "out.mp4", code=1
    )
    assert err.count("\n") == 1
    assert "\\x1b]0;x\\x07" in err


def test_v15_a_render_between_files_with_such_names(tmp_path: Path, dashboard: Count) -> None:
    dashboard("inputs")
    folder = make_hostile_folder(tmp_path)
    clip, face = folder / f"clip{HOSTILE_NAME}.png", folder / f"who{HOSTILE_NAME}.png"
    write_picture(tmp_path / "plain.png", portrait()).rename(face)
    write_picture(tmp_path / "blank.png", np.full((96, 128, 3), 90, np.uint8)).rename(clip)
    output, report = folder / "out.mp4", folder / "report.json"
    _, err = run_understudy(
        "render", clip, "--fps", 25, "--face", face, "--output", output, "--report", report, code=0
    )
    assert "no frame was changed" in err
    for path in (report, output.with_name("out.mp4.understudy.json"), *folder.glob("*.understudy.json")):
        if path.is_file():
            assert path.read_bytes().isascii()
            json.loads(path.read_text())


def test_v15_a_image_without_a_face(tmp_path: Path, dashboard: Count) -> None:
    dashboard("inputs")
    folder = make_hostile_folder(tmp_path)
    blank = write_picture(tmp_path / "blank.png", np.full((200, 200, 3), 90, np.uint8))
    face = blank.rename(folder / f"{HOSTILE_NAME}.png")
    _, err = run_understudy(
        "render", face, "--fps", 25, "--face", face, "--output", tmp_path / "o.mp4", code=1
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["stats"], ["stats", "--json"], ["verify"], ["gc", "--cap", "1G"], ["purge", "--all"]]
)
def test_v15_a_cache_with_such_a_name_and_such_keys(
    tmp_path: Path, words: list[str], dashboard: Count
) -> None:
    dashboard("inputs")
    root = tmp_path / f"cache{HOSTILE_NAME}"
    with closing(PackStore(root)) as store:
        for text in (
            f"stage={HOSTILE_NAME}\nversion=1\n",
            "stage=\x1b[31mdetect\nclip=\x07\u202e\nversion=1\n",
        ):
            store.put(Key(text.encode(errors="replace").decode()), {"a": np.zeros(3, np.uint8)})
    run_understudy("cache", *words, "--cache-dir", root, code=0)


def test_v15_a_key_explained(tmp_path: Path, dashboard: Count) -> None:
    dashboard("inputs")
    folder = make_hostile_folder(tmp_path)
    root = folder / "cache"
    with closing(PackStore(root)) as store:
        store.put(
            Key("score=\x1b]0;x\x07\u202e\nstage=detect\nversion=\x9b2J\n"), {"a": np.zeros(3, np.uint8)}
        )
    clip = write_picture(tmp_path / "clip.png", portrait()).rename(folder / f"{HOSTILE_NAME}.png")
    run_understudy("explain", clip, 0, "--face", clip, "--cache-dir", root, code=0)
    run_understudy("explain", clip, 7, "--face", clip, "--cache-dir", root, code=1)


@pytest.mark.parametrize("words", ["list", "verify"])
def test_v15_models_with_such_names_and_statements(tmp_path: Path, words: str, dashboard: Count) -> None:
    dashboard("inputs")
    folder = make_hostile_folder(tmp_path)
    (folder / f"{HOSTILE_NAME}.onnx").write_bytes(b"no model")
    (folder / f"{HOSTILE_NAME}.onnx.toml").write_text('family = "\\u001b]0;x\\u0007\\n\\u202e"\n')
    (folder / "second.onnx").write_bytes(b"no model either")
    (folder / "second.onnx.toml").write_text('family = "embed/arcface"\nvendor = "\\u001b]0;x\\u0007\\nv"\n')
    out, _ = run_understudy("models", words, "--folder", folder, code=0 if words == "list" else 1)
    assert "can't be used" in out


def test_v15_doctor_with_such_a_processor(dashboard: Count) -> None:
    dashboard("inputs")
    run_understudy("doctor", code=1, UNDERSTUDY_PROVIDER=HOSTILE_NAME.replace("\udc80", ""))


def test_v15_an_argument_that_is_none(dashboard: Count) -> None:
    dashboard("inputs")
    _, err = run_understudy("doctor", f"--{HOSTILE_NAME}", code=2)
    assert err.count("\n") == 1


def test_v15_warnings_of_a_session_about_strips_with_such_names(tmp_path: Path, dashboard: Count) -> None:
    dashboard("inputs")
    picture = tmp_path / "cache" / "layers" / "0123456789abcdef" / "000000.tif"
    job = LayerJob(
        strip=HOSTILE_NAME,
        frame=1,
        source=ClipSource(movie=True, paths=(tmp_path / f"{HOSTILE_NAME}.mp4",)),
        number=0,
        layer_path=picture,
        requests=(
            SwapRequest(
                Identity((FaceImage(tmp_path / f"{HOSTILE_NAME}.png"),), name=HOSTILE_NAME), Recipe()
            ),
        ),
    )
    with closing(LayerSession(RunSettings(CacheSettings(tmp_path / "cache")))) as session:
        session.update_layer(job)
        session.warn(f"{HOSTILE_NAME}: something")
        lines = [*session.warnings, *session.outcomes.failures, session.outcomes.summary(0)]
    assert len(lines) >= 3
    for line in lines:
        assert "\n" not in line
        require_plain(line)


def test_v15_counts_keep_only_plain_text(dashboard: Count) -> None:
    dashboard("inputs")
    tally, outcomes = StageCounter(), Outcomes()
    tally.warn(HOSTILE_NAME)
    outcomes.record_failure(HOSTILE_NAME, HOSTILE_NAME)
    for line in (*tally.warnings, *outcomes.failures, outcomes.summary(0)):
        assert "\n" not in line
        require_plain(line)


def test_core_prints_by_the_one_way_that_quotes() -> None:
    """JSON is the exception: it writes control characters out itself."""
    output = ROOT / "core" / "cli" / "output.py"
    printers = "_print_result", "_print_aside"
    printed = []
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name, shown = node.func.id, ast.unparse(node)
                assert path == output or name not in ("print", *printers), f"{path}: {shown}"
                if name == "print":
                    assert shown.startswith("print(text, "), shown
                elif name in printers:
                    printed.append(ast.unparse(node.args[0]))
    assert len(printed) >= 5
    for text in printed:
        assert text.startswith(("json.dumps(", "quote(", "f'\\r{quote(", "''")), text
