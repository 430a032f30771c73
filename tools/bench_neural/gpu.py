# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-gpu`: the bench of neural swaps on an NVIDIA graphics processor, and the fusion graph on it.

Needs no network once `.venv-neural-cuda` and `.venv-neural-cpu` are there, and ends after 8 minutes at most. What fails
is followed by what it takes to fix it. Writes gpu.json, and gpu.png where something could be measured.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from understudy.core.errors import UnderstudyError

from .__main__ import provider_python, run_bench

_PROVIDERS = ("cuda", "tensorrt", "tensorrt-fp16", "cpu")
_SECONDS = 450
_TRIAL_SECONDS = 60
_INSTALL_TENSORRT = "install TensorRT 10: libnvinfer and libnvonnxparser"
# What a text in ONNX Runtime's reason points at.
_FIXES = (
    ("can't be made", "run `make bench-gpu` once with a network: the environments are kept"),
    ("no CUDAExecutionProvider", "delete .venv-neural-cuda and run `make bench-gpu` with a network once"),
    ("libcudnn", "install cuDNN 9 for CUDA 13 where the system finds libraries (`ldconfig -p | grep cudnn`)"),
    ("libcu", "install CUDA 13's runtime: libcublasLt, libcublas, libcudart, libcurand"),
    ("libnvinfer", _INSTALL_TENSORRT),
    ("TensorRT libraries", _INSTALL_TENSORRT),
    (
        "libraries may be missing",
        "install what docs/processors.md lists; `nvidia-smi` should name the processor",
    ),
    ("longer than", "run this again without other work: engines that TensorRT built, for minutes, are kept"),
    ("255 off", "the graph draws something else than OpenCV there: report it with the driver's version"),
    ("memory", "close other programs: the networks need 4 GB"),
)
_TRIAL = """
from understudy.core.fusion.graph.fuser import Fuser
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.models.session import ModelPool
pool = ModelPool(0, ("cuda",))
fuser = Fuser(pool, load_topology())
if fuser.uses_graph() and fuser.uses_graph(deep=True):
    print(f"ok, {fuser.run_trial():g}/255 off, with more than 8 bits {fuser.run_trial(deep=True):.2g}/255")
else:
    print("; ".join(pool.warnings + fuser.warnings))
"""


def main() -> int:
    """Measure, print and write; returns the exit code, 1 where anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_neural.gpu", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--quick", action="store_true", help="few frames")
    options = parser.parse_args()
    output = options.output.resolve()
    try:
        pythons = {name: provider_python(name) for name in _PROVIDERS}
        began = time.perf_counter()
        graph = try_fusion_graph(pythons["cuda"])
        seconds = _SECONDS - (time.perf_counter() - began)
        report = run_bench(output, _PROVIDERS, quick=options.quick, file_name="gpu", seconds=seconds)
    except UnderstudyError as error:
        print(f"bench: {error}\n  to fix it: {fix(str(error))}", file=sys.stderr)
        return 1
    report["fusion_graph"] = graph
    (output / "gpu.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    faults = dict(report["left_out"])
    if not graph.startswith("ok"):
        faults["the fusion graph"] = graph
    print(f"the fusion graph on CUDA: {graph}")
    for name, reason in faults.items():
        print(f"{name}: {reason}\n  to fix it: {fix(reason)}")
    return 1 if faults else 0


def try_fusion_graph(python: Path) -> str:
    """Fuse generated crops by the graph on CUDA and by OpenCV; return `ok` and how far they are apart, or why not."""
    try:
        done = subprocess.run(
            [str(python), "-c", _TRIAL],
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "build" / "package")},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRIAL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {_TRIAL_SECONDS} seconds"
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[-1] if lines else "it gave no reason"


def fix(reason: str) -> str:
    """Return what it takes to fix a fault, by its text."""
    return next((text for part, text in _FIXES if part in reason), "see docs/processors.md")


if __name__ == "__main__":
    sys.exit(main())
