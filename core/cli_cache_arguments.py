# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy cache` and `understudy explain` accept."""

import argparse
from pathlib import Path
from typing import Any

_CACHE = """\
See, check, bound, share and delete what is kept. Every action works on the cache folder; stats, verify and
purge also on the shared places that are given, or that UNDERSTUDY_SHARED_CACHE and UNDERSTUDY_REDIS name.
"""
_PURGE = """\
Delete results, so that their bytes are gone from every pack and place. By clip or picture, what can't be
traced back to anything is deleted too, since it could come from there. Then the places are looked through
again; the exit code is 1 if anything is left. Programs that run meanwhile keep what is in their memory.
"""

ENVIRONMENT = """\
environment, for render and cache:
  UNDERSTUDY_SHARED_CACHE       a cache folder on a share, used beside the one on this machine
  UNDERSTUDY_SHARED_WITH_GROUP  1 lets that folder's group in (0770, 0660)
  UNDERSTUDY_REDIS              a Redis server, such as redis://HOST:6379/0, used in the same way
  UNDERSTUDY_CACHE_KEY          32 bytes as hex or base64 that results are encrypted with; or `keyring`
"""


def add_cache(commands: Any) -> None:
    """Add the `cache` command to a parser's sub-commands."""
    cache = commands.add_parser(
        "cache",
        help="see, check, bound, share or delete what is kept",
        description=_CACHE,
        allow_abbrev=False,
    )
    actions = cache.add_subparsers(dest="action", required=True, metavar="action")
    stats = _action(actions, "stats", "say what is kept: by stage, by clip, by age")
    stats.add_argument("--json", action="store_true", help="write values instead of a table")
    _action(actions, "verify", "read everything and say what is damaged; exit code 1 if anything is")
    gc = _action(
        actions, "gc", "drop what was not used for longest, and what dead processes left", shared=False
    )
    gc.add_argument("--cap", type=_size, metavar="SIZE", help="how large it may stay, such as 500M or 20G")
    gc.add_argument("--unused-for", type=_days, metavar="DAYS", help="drop what was not used for so long")
    _add_purge(actions)
    export = _action(actions, "export", "write everything as JSON and .npy files", shared=False)
    export.add_argument("folder", type=Path, metavar="DIR", help="an empty or new folder")
    take = _action(actions, "import", "take in what export wrote", shared=False)
    take.add_argument("folder", type=Path, metavar="DIR", help="the folder that export wrote")


def add_explain(commands: Any) -> None:
    """Add the `explain` command to a parser's sub-commands."""
    explain = commands.add_parser(
        "explain",
        help="say which stages of a frame are known, and why others are not",
        description="Say stage by stage whether a frame's result is kept, and for one that is not, what differs "
        "from the nearest that is. Nothing is computed.",
        allow_abbrev=False,
    )
    explain.add_argument("clip", type=Path, metavar="CLIP", help="as for render")
    explain.add_argument("frame", type=_whole, metavar="FRAME", help="counted from 0")
    explain.add_argument("--face", action="append", required=True, type=Path, metavar="PICTURE")
    explain.add_argument("--face-number", action="append", type=_whole, metavar="N", default=[])
    explain.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for render")
    explain.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="the cache folder (default: understudy_cache beside CLIP)",
    )
    explain.add_argument("--json", action="store_true", help="write values instead of a table")


def _add_purge(actions: Any) -> None:
    purge = _action(actions, "purge", "delete results for good", description=_PURGE)
    what = purge.add_mutually_exclusive_group(required=True)
    what.add_argument("--clip", type=Path, metavar="CLIP", help="all that was computed from this clip")
    what.add_argument(
        "--picture",
        "--identity",
        action="append",
        metavar="PICTURE",
        help="all that was computed from this picture of a person: what describes them, and every crop they "
        "appear in; the picture's SHA-256 does as well. Give more of the same person with more --picture",
    )
    what.add_argument("--older-than", type=_days, metavar="DAYS", help="what was written before")
    what.add_argument("--all", action="store_true", help="everything")


def _action(
    actions: Any, name: str, text: str, *, shared: bool = True, description: str = ""
) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=description or text, allow_abbrev=False
    )
    action.add_argument("--cache-dir", type=Path, required=True, metavar="DIR")
    if shared:
        action.add_argument("--shared-dir", type=Path, metavar="DIR", help="a cache folder on a share")
        action.add_argument("--redis", metavar="URL", help="a Redis server, such as redis://HOST:6379/0")
    return action


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return days


def _size(text: str) -> int:
    factor = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}.get(text[-1:].upper())
    try:
        size = float(text[:-1] if factor else text) * (factor or 1)
    except ValueError:
        size = -1.0
    if not 0 <= size < 1e18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500M or 20G")
    return int(size)
