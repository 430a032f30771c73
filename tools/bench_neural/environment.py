# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment for another ONNX Runtime: two of them in one would overwrite each other's files.

`python -m tools.bench_neural.environment openvino .venv-neural-openvino` makes one that can run the tests too.
"""

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from understudy.core.errors import OutputError, UnderstudyError

from ..build_extension.platforms import CPU, VARIANTS, Variant
from ..build_extension.wheels import LOCKED, REQUIREMENTS, pins

_RUNTIME = ("av", "numpy", "opencv-python-headless", "pillow")
_TESTS = (
    *(
        "hypothesis",
        "imageio",
        "iniconfig",
        "lazy-loader",
        "ml-dtypes",
        "networkx",
        "onnx",
        "packaging",
        "pluggy",
    ),
    *(
        "protobuf",
        "pygments",
        "pytest",
        "scikit-image",
        "scipy",
        "sortedcontainers",
        "tifffile",
        "typing-extensions",
    ),
)
_READY = ".ready"


def make_environment(variant: Variant, folder: Path) -> Path:
    """Make an environment with a variant's ONNX Runtime where it is not there yet.

    Parameters
    ----------
    variant : Variant
        The variant of the extension whose ONNX Runtime it is.
    folder : pathlib.Path
        The environment.

    Returns
    -------
    pathlib.Path
        Its Python.

    Raises
    ------
    OutputError
        It can't be made.
    """
    python = folder / "bin" / "python"
    files = (LOCKED, REQUIREMENTS / variant.requirements_file)
    wanted = pins(
        "\n".join(file.read_text(encoding="utf-8") for file in dict.fromkeys(files)),
        (variant.runtime, *_RUNTIME, *_TESTS),
    )
    ready = folder / _READY
    if ready.is_file() and ready.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(folder, clear=True, with_pip=True)
    with tempfile.TemporaryDirectory() as scratch:
        list_file = Path(scratch) / "wanted.txt"
        list_file.write_text(wanted, encoding="utf-8")
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run(
            [*command, "--require-hashes", "--requirement", str(list_file)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise OutputError(f"{folder} can't be made: {reason}")
    ready.write_text(wanted, encoding="utf-8")
    return python


def main() -> int:
    """Make the environment; returns the exit code."""
    variants = {variant.name: variant for variant in VARIANTS if variant != CPU}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant", choices=variants)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        make_environment(variants[options.variant], options.folder)
    except UnderstudyError as error:
        print(f"environment: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
