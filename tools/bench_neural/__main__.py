# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-neural`: what neural swaps cost on each provider that this machine has, beside the bare networks.

Writes a table, neural.json and neural.png. Networks are stand-ins of the real sizes (`networks`), written for the run
and deleted after it; detector and landmarker are the embedded ones. Each ONNX Runtime has an environment of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy.core.errors import OutputError, UnderstudyError

from ..bench_render.material import Material, prepare_material
from ..build_extension.platforms import VARIANTS
from .differences import layer_differences
from .environment import make_environment
from .networks import write_networks
from .table import draw_plot, print_table

PROVIDER_VARIANTS = {
    "cpu": "cpu",
    "openvino-cpu": "openvino",
    "openvino-bf16": "openvino",
    "cuda": "cuda",
    "tensorrt": "cuda",
    "tensorrt-fp16": "cuda",
}
"""The providers that can be measured, and the variant of the extension whose ONNX Runtime has each."""
CPU_PROVIDERS = ("cpu", "openvino-cpu", "openvino-bf16")
_ROOT = Path(__file__).resolve().parents[2]
_HEIGHT_PIXELS, _FRAMES, _QUICK_FRAMES = 1080, 13, 5
_COMPARED = {
    "openvino-bf16": "openvino-cpu",
    "openvino-cpu": "cpu",
    "cuda": "cpu",
    "tensorrt-fp16": "tensorrt",
}
"""With which other provider's the images of a provider are compared."""
_TRIAL = """
import sys
from understudy.core.models.processor_choice import select_processor
processor, reasons = select_processor(sys.argv[1:])
sys.exit(0 if processor.name == sys.argv[1] else "; ".join(reasons))
"""


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_neural", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--provider", action="append", choices=PROVIDER_VARIANTS, help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="few frames: to see that it works")
    options = parser.parse_args()
    try:
        run_bench(options.output.resolve(), options.provider or CPU_PROVIDERS, quick=options.quick)
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def run_bench(
    output: Path,
    providers: Iterable[str],
    *,
    quick: bool,
    file_name: str = "neural",
    seconds: float | None = None,
) -> dict[str, Any]:
    """Measure providers one after the other; print, write and return what was measured. Raises UnderstudyError.

    A provider that can't be used here is left out with a line that says why, and under `left_out`. So is what has not
    begun or ended after so many `seconds`.
    """
    began = time.perf_counter()
    frames = _QUICK_FRAMES if quick else _FRAMES
    work = output / "neural"
    material = prepare_material(output, None, None)
    clip = material.at_height(_HEIGHT_PIXELS, frames)
    report: dict[str, Any] = {"passes": {}, "nets_alone": {}, "differences": {}, "left_out": {}}
    try:
        write_networks(work / "models")
        for name in providers:
            try:
                left = None if seconds is None else max(began + seconds - time.perf_counter(), 1)
                facts = _measure(name, material, clip, frames, work, left)
            except OutputError as error:
                report["left_out"][name] = str(error)
                print(f"bench: {name} is left out: {error}", file=sys.stderr, flush=True)
                continue
            report["passes"][name], report["nets_alone"][name] = facts["passes"], facts["nets_alone"]
        for name, other in _COMPARED.items():
            if name in report["passes"] and other in report["passes"]:
                differences = layer_differences(work / name, work / other)
                report["differences"][name] = {"compared_with": other, **differences}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report["machine"] = {"processors": os.cpu_count(), "load": os.getloadavg()[2], "quick": quick}
    report["minutes"] = round((time.perf_counter() - began) / 60, 1)
    if report["passes"]:
        draw_plot(output / f"{file_name}.png", report)
        print_table(report)
    (output / f"{file_name}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {output}/{file_name}.json in {report['minutes']} minutes")
    return report


def provider_python(name: str) -> Path:
    """Return the Python of the environment that has a provider, made where it is not there. Raises OutputError."""
    variant = next(one for one in VARIANTS if one.name == PROVIDER_VARIANTS[name])
    return make_environment(variant, _ROOT / f".venv-neural-{variant.name}")


def _measure(
    name: str, material: Material, clip: Path, frames: int, work: Path, timeout: float | None
) -> dict[str, Any]:
    """Measure a provider in its environment. OutputError says why it can't be."""
    print(f"bench: {name} ...", file=sys.stderr, flush=True)
    python = provider_python(name)
    # A provider that can't be used would be measured as the CPU, which takes minutes.
    _run(name, [str(python), "-c", _TRIAL, name], timeout)
    facts = work / f"{name}.json"
    command = [str(python), "-m", "tools.bench_neural.measure", "--provider", name, "--frames", str(frames)]
    places = {"clip": clip, "face": material.face, "other": material.other, "models": work / "models"}
    for option, path in (places | {"folder": work / name, "facts": facts}).items():
        command += [f"--{option}", str(path)]
    _run(name, command, timeout)
    read: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return read


def _run(name: str, command: list[str], timeout: float | None) -> None:
    """Run a program for a provider. OutputError says why it failed, or that it took longer than `timeout` seconds."""
    environment = os.environ | {"PYTHONPATH": str(_ROOT / "build" / "package")}
    try:
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired as fault:
        raise OutputError(f"{name} took longer than {timeout:.0f} seconds") from fault
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise OutputError(reason)


if __name__ == "__main__":
    sys.exit(main())
