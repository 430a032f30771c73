# SPDX-License-Identifier: GPL-3.0-or-later
"""How cost and memory grow with a clip's length: each length in a process of its own."""

import argparse
import json
import resource
import shutil
import sys
from pathlib import Path
from statistics import median

from understudy.core.cache.opening import CacheSettings
from understudy.core.identity import Casting, Identity, Picture
from understudy.core.recipe import Recipe, with_settings
from understudy.core.run_settings import RunSettings
from understudy.core.session_ahead import SessionAhead

from .alone import jobs, timed

_WARM = 20
# A short clip's tweak is over in a quarter of a second: so many frames of it are made, each time with another blend.
_TWEAKED = 500
_MEMORY_BYTES = 8 << 20


def main(arguments: list[str]) -> int:
    """Make a clip's layers from nothing, then tweak them; write what a frame cost and the most memory held."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--clip", "--face", "--folder", "--facts"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--frames", type=int, required=True)
    options = parser.parse_args(arguments)
    cache = options.folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    identity = Identity((Picture(options.face),))
    count = max(1, _TWEAKED // options.frames)
    tweaks = [f"fusion.blend={0.6 * (1 - step / count):.3f}" for step in range(count)]
    times = []
    try:
        for settings in ([], *([tweak] for tweak in tweaks)):
            casting = Casting(identity, with_settings(Recipe(), settings))
            # Memory for few results: it fills at once, so that what still grows is growth.
            session = SessionAhead(RunSettings(CacheSettings(cache, _MEMORY_BYTES), provider="cpu"))
            wanted = jobs(options.clip, casting, cache / "layers", range(options.frames))
            times.append(timed(session, wanted, _WARM))
            session.close()
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    facts: dict[str, object] = {
        "cold": times[0],
        "tweak": {kind: median(tweak[kind] for tweak in times[1:]) for kind in times[0]},
        "peak_mib": _peak_kib() / 1024,
    }
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _peak_kib() -> float:
    """Return the most memory that this process held at once."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Unlike `ru_maxrss` it does not count what the process held that started this one.
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        return next(float(words[1]) for words in lines if words[0] == "VmHWM:")
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
