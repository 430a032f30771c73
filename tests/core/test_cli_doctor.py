# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy doctor`: what it says of processors, of the environment and of models."""

import re
import shutil

import onnxruntime
from understudy.core.cli import doctor as doctor_module
from understudy.core.cli.doctor import doctor
from understudy.core.cli.main import main
from understudy.core.models.embedded import embedded_folder
from understudy.core.models.providers import PROVIDERS

from tests.core import face_clip


def test_the_doctor_says_what_runs_the_models_and_what_was_passed_over(monkeypatch, capsys):
    monkeypatch.setenv("UNDERSTUDY_PROVIDER", "cpu")
    assert main(["doctor"]) == 0
    assert "\nmodels run on cpu\n" in capsys.readouterr().out
    for instructions, line in (
        (("AMX_BF16",), "this CPU has bfloat16 (AMX_BF16), which openvino-bf16 uses"),
        ((), "this CPU has no bfloat16"),
        (None, "does not say whether the CPU computes in bfloat16"),
    ):
        monkeypatch.setattr(
            doctor_module, "bf16_instructions", lambda instructions=instructions: instructions
        )
        monkeypatch.setenv("UNDERSTUDY_PROVIDER", "openvino-bf16")
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
        assert main(["doctor"]) == 0
        out = capsys.readouterr().out
        assert line in out
        assert "has no OpenVINOExecutionProvider; install onnxruntime-openvino in its place" in out
    assert main(["render", "--help"]) == 0
    assert set(PROVIDERS) <= set(re.split(r"[\s,]+", capsys.readouterr().out))


def test_the_doctor_refuses_the_variables_that_a_render_refuses_in_the_same_lines(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    face_clip.write_clip(tmp_path / "clip.mp4", 2)
    face_clip.write_picture(tmp_path / "face.png", face_clip.portrait())
    (tmp_path / "a_file").write_text("not a folder")
    faults = set()
    for name, value in (
        ("PROVIDER", "gpu"), ("THREADS", "abc"), ("MEMORY", "much"), ("SHARED_READ_ONLY", "perhaps"),
        ("TRUST", "a_file"), ("REDIS", "here"), ("CACHE_KEY", "short"), ("CACHE_DIR", "a_file"),
    ):  # fmt: skip
        with monkeypatch.context() as context:
            context.setenv(f"UNDERSTUDY_{name}", value)
            assert main(["render", "clip.mp4", "--face", "face.png", "--output", "never.mp4"]) == 1
        monkeypatch.setenv(f"UNDERSTUDY_{name}", value)
        faults.add(capsys.readouterr().err.removeprefix("understudy: ").strip())
    assert main(["doctor"]) == 1
    assert faults <= set(capsys.readouterr().out.splitlines())


def test_the_doctor_finds_a_missing_and_a_damaged_model(tmp_path, capsys):
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.count(" is intact") == 3
    folder = tmp_path / "models"
    shutil.copytree(embedded_folder(), folder)
    model = folder / "blaze_face_full_192.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    assert not doctor(folder)
    assert f"{model} is damaged" in capsys.readouterr().out
    model.unlink()
    assert not doctor(folder)
    assert "blaze_face_full_192.onnx is missing" in capsys.readouterr().out
