# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries print nothing on the user's stderr, whatever is wrong with a file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from footage.portrait import portrait, write_picture
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.models.embedded import embedded_models

from tests.core.fresh_process import run_python

READ_CLIP = """
import sys
from pathlib import Path
from understudy.core import UnderstudyError, open_clip
try:
    with open_clip(Path(sys.argv[1])) as clip:
        for number in range(clip.info.frame_count):
            clip.read(number)
    print("read")
except UnderstudyError as error:
    print(type(error).__name__)
"""


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def overwritten(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(range(200)) + data[middle + 200 :]


@pytest.mark.parametrize("damage", [cut, overwritten])
@pytest.mark.parametrize("kind", ["mp4", "mkv", "png", "bmp", "tif", "webp"])
def test_a_damaged_clip_makes_no_library_print(tmp_path: Path, kind: str, damage) -> None:
    path = tmp_path / f"clip.{kind}"
    if kind in ("mp4", "mkv"):
        with VideoWriter(path, 512, 512, 25) as writer:
            for shift in range(8):
                writer.write(np.roll(portrait(), 9 * shift, axis=1))
    else:
        write_picture(path, portrait())
    path.write_bytes(damage(path.read_bytes()))
    run = run_python(READ_CLIP, path)
    assert run.returncode == 0, run.stderr
    assert run.stdout in (("ClipError\n",) if kind == "png" else ("ClipError\n", "read\n"))
    assert run.stderr == ""


RUN_MODEL = """
import sys
from pathlib import Path
import numpy as np
from understudy.core import UnderstudyError
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
try:
    ModelPool().run_all(ModelFile(Path(sys.argv[1])), np.zeros((1, 3, 3, 3), np.float32))
    print("ran", "onnxruntime" in sys.modules)
except UnderstudyError as error:
    print(type(error).__name__, "onnxruntime" in sys.modules)
"""


def with_unknown_step(data: bytes) -> bytes:
    model = onnx.load_from_string(data)
    model.graph.node[0].op_type = "NoSuchStep"
    return model.SerializeToString()


def with_wrong_weights(data: bytes) -> bytes:
    model = onnx.load_from_string(data)
    next(entry for entry in model.graph.initializer if len(entry.dims) == 4).dims[1] += 1
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("damage", "reaches_runtime"),
    [(cut, False), (with_unknown_step, True), (with_wrong_weights, True), (bytes, True)],
)
def test_a_damaged_model_makes_onnx_runtime_print_nothing(
    tmp_path: Path, damage, reaches_runtime: bool
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(damage(embedded_models().detector.path.read_bytes()))  # the last is fed a wrong size
    run = run_python(RUN_MODEL, path)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"ModelError {reaches_runtime}\n"
    assert run.stderr == ""
