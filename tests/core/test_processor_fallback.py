# SPDX-License-Identifier: GPL-3.0-or-later
"""Processors that are not there are passed over in one line, and the CPU is the last resort."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.errors import ModelError
from understudy.core.models import processor_choice
from understudy.core.models.processor import Processor, ProviderOptions, available_providers, open_session
from understudy.core.models.processor_choice import select_processor
from understudy.core.models.providers import AUTOMATIC, PROVIDERS
from understudy.core.system.cpu_features import lacks_bf16

ABSENT = [name for name in PROVIDERS if name not in available_providers()]
ENGINES = Path("/cache/engines")


@given(st.lists(st.sampled_from(ABSENT), unique=True, max_size=4))
def test_each_that_is_not_there_is_passed_over_in_one_line(names: list[str]) -> None:
    processor, passed_over = select_processor(names)
    assert processor == Processor("cpu")
    assert [text.partition(" ")[0] for text in passed_over] == names
    assert all("\n" not in text for text in passed_over)


def test_those_after_the_cpu_are_not_asked_and_an_unknown_one_is_refused() -> None:
    assert select_processor(["cpu", *ABSENT]) == (Processor("cpu"), ())
    with pytest.raises(ModelError, match="no provider 'gpu': use automatic, cpu"):
        select_processor(["gpu"])


class StandInSession:
    """OpenVINO's session without OpenVINO: matrix products in `precision`, all else by ONNX Runtime."""

    def __init__(self, data: bytes, precision: str) -> None:
        self._session = open_session(data, Processor(), 1, Processor().options(None, exact=True))
        self._precision = precision

    def get_providers(self) -> list[str]:
        return [PROVIDERS["openvino-cpu"], PROVIDERS["cpu"]]

    def run(self, outputs: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        (values,) = self._session.run(outputs, feeds)
        return [
            (values.view(np.uint32) & 0xFFFF0000).view(np.float32) if self._precision == "bf16" else values
        ]


@pytest.mark.parametrize(
    ("flags", "obeys", "expected"),
    [
        ("avx512f avx512_bf16", True, ("openvino-bf16", "")),
        ("amx_bf16", True, ("openvino-bf16", "")),
        ("avx2", True, ("openvino-cpu", "this CPU has neither AVX512_BF16 nor AMX")),
        ("", True, ("openvino-bf16", "")),
        ("", False, ("openvino-cpu", "it computes in 32 bits on this CPU")),
    ],
)
def test_a_cpu_without_bfloat16_runs_openvino_in_32_bits_with_one_line(
    flags: str, obeys: bool, expected: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\n" if flags else "")

    def open_stand_in(data: bytes, _processor: Processor, _threads: int, options: ProviderOptions) -> Any:
        asked = json.loads(options[0][1]["load_config"])["CPU"]["INFERENCE_PRECISION_HINT"]
        return StandInSession(data, asked if obeys else "f32")

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(PROVIDERS.values()))
    monkeypatch.setattr(processor_choice, "open_session", open_stand_in)
    monkeypatch.setattr(processor_choice, "lacks_bf16", lambda: lacks_bf16(cpu_info))
    processor, lines = select_processor(["openvino-bf16"])
    name, reason = expected
    assert processor == Processor(name)
    assert lines == ((f"openvino-bf16 can't run models here, openvino-cpu does: {reason}",) if reason else ())


def test_automatic_never_picks_openvino_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor_choice, "_available_libraries", lambda: ("openvino",))
    monkeypatch.setattr(processor_choice, "_fault", lambda processor: "" if "cpu" in processor.name else "no")
    assert select_processor([AUTOMATIC])[0] == Processor("cpu")
    assert select_processor(["openvino-cpu"])[0] == Processor("openvino-cpu")


@pytest.mark.skipif(len(available_providers()) > 1, reason="there is a graphics processor here")
def test_where_only_the_cpu_is_there_finding_it_loads_nothing() -> None:
    code = (
        "import sys; from understudy.core.models.processor_choice import select_processor; "
        f"print(select_processor(({AUTOMATIC!r},))[0].name, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu", "False"]


@pytest.mark.long  # it unpacks 400 MB
def test_cudas_own_build_without_cuda_is_passed_over_in_one_line_and_silence(tmp_path: Path) -> None:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    wheels = Path(__file__).resolve().parents[2] / "build" / "wheels"
    builds = sorted(wheels.glob(f"onnxruntime_gpu-*-{tag}-*manylinux*x86_64.whl"))
    if not builds or "cuda" not in ABSENT:
        pytest.skip("tools.build_extension --variant cuda was not run here, or CUDA is here")
    with zipfile.ZipFile(builds[-1]) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        "from understudy.core.models.processor_choice import select_processor; "
        "print(*(select_processor((name,)) for name in ('automatic', 'tensorrt-fp16')), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    automatic, tensorrt = done.stdout.splitlines()
    assert automatic.startswith("(Processor(name='cpu'), (\"cuda can't run models here, the CPU does: ")
    assert tensorrt.startswith("(Processor(name='cpu'), (\"tensorrt-fp16 can't run models here")
    assert done.stderr == ""
