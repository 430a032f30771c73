# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.fuzz [reader ...]`: try readers, and keep what was found as seeds.

Each runs in a process of its own, one after the other. Exits with 1 if anything was found. A finding's smallest
input is kept in tests/fuzz/seeds, or where `--seeds` says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .guard import HANG_SECONDS, PATIENT_SECONDS
from .readers import NAMES, reader
from .sample import Sample
from .trial import Result, Trial, seed_folder, seed_samples

_SECONDS = 600.0
_STUCK_SECONDS = 180.0
"""How long after an input has begun its process is ended from outside: whatever holds it, no signal reaches it."""
_LARGEST_SEED = 4096


def main() -> int:
    """Try what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="reader", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help="for each reader (default: %(default)s)"
    )
    parser.add_argument(
        "--start", type=int, default=None, help="a number that decides which inputs are tried"
    )
    parser.add_argument("--replay", action="store_true", help="the kept seeds, and nothing else")
    parser.add_argument("--seeds", type=Path, help="the folder to keep findings in")
    parser.add_argument("--in", dest="base", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.readers or list(NAMES)
    for name in names:
        if name not in NAMES:
            parser.error(f"there is no reader {name!r}")
    if options.base is not None:
        return _in_this_process(names[0], options)
    start = int(time.time()) if options.start is None else options.start
    count = sum(_run_reader(name, options, start) for name in names)
    return 1 if count else 0


def _in_this_process(name: str, options: argparse.Namespace) -> int:
    trial = Trial(reader(name), options.base, PATIENT_SECONDS if options.replay else HANG_SECONDS)
    if options.replay:
        trial.replay(seed_samples(name))
    else:
        trial.search(options.seconds, options.start)
    (options.base / "result.json").write_text(json.dumps(_values(trial.result)))
    return 0


def _run_reader(name: str, options: argparse.Namespace, start: int) -> int:
    """Try one reader in another process, print what came of it and keep what was found; return how much that is."""
    with tempfile.TemporaryDirectory(prefix="understudy-fuzz-") as made:
        base = Path(made) / "base"
        base.mkdir()
        values = _run(name, options, start, base)
    rate = values["inputs"] / max(values["seconds"], 1e-3)
    print(
        f"{name:<10} {values['inputs']:>8} inputs  {rate:>7.1f}/s  {len(values['findings'])} findings",
        flush=True,
    )
    for finding, text in values["findings"]:
        print(f"           {finding}", flush=True)
        if text and not options.replay:
            print(f"           {_keep_seed(name, text, options.seeds)}", flush=True)
    return len(values["findings"])


def _run(name: str, options: argparse.Namespace, start: int, base: Path) -> dict:
    command = [sys.executable, "-m", "tools.fuzz", name, "--in", str(base)]
    command += ["--replay"] if options.replay else ["--seconds", str(options.seconds), "--start", str(start)]
    # Nothing of the user's own may be met or changed: their models, their settings.
    home = base.parent / "home"
    home.mkdir()
    private = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "c",
        "XDG_DATA_HOME": home / "d",
        "XDG_CACHE_HOME": home / "k",
    }
    ours = {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}
    environment = {**ours, **{name: str(value) for name, value in private.items()}}
    output = base.parent / "output"
    note = base / "input.json"
    began = time.monotonic()
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=Path(__file__).parents[2]
        )
        stuck = False
        while process.poll() is None:
            time.sleep(0.1)
            if note.is_file() and time.time() - note.stat().st_mtime > _STUCK_SECONDS:
                stuck = True
                process.kill()
                process.wait()
    result = base / "result.json"
    if result.is_file():
        return json.loads(result.read_text())
    words = output.read_text(errors="replace").strip()[-1500:]
    kind = (
        "stuck, and ended from outside" if stuck else f"the process ended with {process.returncode}: {words}"
    )
    text = note.read_text(encoding="utf-8") if note.is_file() else ""
    return {"inputs": 0, "seconds": time.monotonic() - began, "findings": [[kind, text]]}


def _values(result: Result) -> dict:
    findings = [[str(finding), sample.to_json()] for finding, sample in result.findings.items()]
    return {"inputs": result.inputs, "seconds": result.seconds, "findings": findings}


def _keep_seed(name: str, text: str, folder: Path | None) -> str:
    """Keep an input as a seed; say where, or that it is too large."""
    place = seed_folder(name) if folder is None else folder / name
    data = text.encode()
    path = place / Sample.from_json(text).file_name
    if len(data) > _LARGEST_SEED:
        return f"its input has {len(data)} bytes: too large for a seed"
    place.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


if __name__ == "__main__":
    sys.exit(main())
