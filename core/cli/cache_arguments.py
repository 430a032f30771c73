# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy cache` and `understudy explain` accept."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import Any

from ..models.providers import AUTOMATIC, PROVIDERS
from ..units import parse_count, parse_days, parse_size
from .argument_actions import OnlyOnce

_CACHE_DESCRIPTION = """\
See, check, limit, share and delete results. Every action works on the cache folder; stats, verify and
purge also on the shared places that are given, or that UNDERSTUDY_SHARED_CACHE and UNDERSTUDY_REDIS name.
"""
_PURGE_DESCRIPTION = """\
Delete results, so that their bytes are gone from every pack and place. By clip or image, results that can't be
traced back to anything are deleted too, since they could come from it, and layer images in the cache folder
become transparent until they are rendered again: none says whose face it shows. Then the places are checked
again; the exit code is 1 if anything is left. Programs that run meanwhile keep what is in their memory.
"""

_PROVIDER_LINES = fill(
    ", ".join((AUTOMATIC, *PROVIDERS)),
    width=120,
    initial_indent=" " * 32,
    subsequent_indent=" " * 32,
    break_on_hyphens=False,
)
ENVIRONMENT_HELP = f"""\
environment, for render, cache and Blender (where it comes before the preferences; arguments come before it):
  UNDERSTUDY_CACHE_DIR          the cache folder on this machine
  UNDERSTUDY_NO_CACHE           1 keeps nothing but in memory, while the render lasts
  UNDERSTUDY_CACHE_CAP          how large that folder's results may grow, such as 20G
  UNDERSTUDY_CACHE_UNUSED_FOR   after how many days without use results are dropped from it
  UNDERSTUDY_MEMORY             how much of the results a run keeps in memory, such as 512M
  UNDERSTUDY_SHARED_CACHE       a cache folder on a share, used beside the one on this machine; or `off`
  UNDERSTUDY_SHARED_WITH_GROUP  1 lets the folders' groups in, here and on the share (2770, 0660)
  UNDERSTUDY_SHARED_READ_ONLY   1 reads shared places alone
  UNDERSTUDY_TRUST              other owners' folders that may be written to, separated as in PATH
  UNDERSTUDY_REDIS              a Redis server, such as redis://HOST:6379/0, used in the same way; or `off`
  UNDERSTUDY_CACHE_KEY          32 bytes as hex or base64 that results are encrypted with; or `keyring`
  UNDERSTUDY_SIGNING_KEY        32 bytes in the same forms that results are signed with
  UNDERSTUDY_THREADS            threads that a model may use; 0 for all cores
  UNDERSTUDY_PROVIDER           what runs models:
{_PROVIDER_LINES}
  UNDERSTUDY_REQUIRE_COMMERCIAL 1 refuses models that are not surely licensed for commercial use
  UNDERSTUDY_REQUIRE_CONSENT    1 refuses source persons whose consent is not recorded or has ended
  UNDERSTUDY_CONSENT_FILE       the file of consent records; `off` for none, whatever the project says
  UNDERSTUDY_SAFEGUARD          `off` looks at no shot for nudity; docs/trust.md says what is done without it
  UNDERSTUDY_MODELS             the folder of your own models; `off` for the usual place, whatever the preferences say
  UNDERSTUDY_MODEL_CACHE        what the optimized graphs of large models may take, such as 4G; or `off`
  UNDERSTUDY_MARKS              `off` marks no output as a composite, `require` makes none without its marks
  UNDERSTUDY_C2PA               `off` writes no C2PA manifests; docs/trust.md lists what else they can be given
"""


def add_cache(commands: Any) -> None:
    """Add the `cache` command to a parser's sub-commands."""
    cache = commands.add_parser(
        "cache",
        help="see, check, limit, share or delete results",
        description=_CACHE_DESCRIPTION,
        allow_abbrev=False,
    )
    actions = cache.add_subparsers(dest="action", required=True, metavar="action")
    stats = _add_action(actions, "stats", "show how much is kept: by stage, by clip, by age")
    stats.add_argument("--json", action="store_true", help="write values instead of a table")
    _add_action(actions, "verify", "read every byte and report damage; exit code 1 if there is any")
    gc = _add_action(
        actions,
        "gc",
        "delete results that were unused longest, and leftovers of dead processes",
        shared=False,
    )
    gc.add_argument(
        "--cap",
        type=argument_type(parse_size),
        metavar="SIZE",
        help="how large it may stay, such as 500M or 20G",
    )
    gc.add_argument(
        "--unused-for",
        type=argument_type(parse_days),
        metavar="DAYS",
        help="delete results unused for longer",
    )
    _add_purge(actions)
    export = _add_action(actions, "export", "write everything as JSON and .npy files", shared=False)
    export.add_argument("folder", type=Path, metavar="DIR", help="an empty or new folder")
    take = _add_action(actions, "import", "import what export wrote", shared=False)
    take.add_argument("folder", type=Path, metavar="DIR", help="the folder that export wrote")


def add_explain(commands: Any) -> None:
    """Add the `explain` command to a parser's sub-commands."""
    explain = commands.add_parser(
        "explain",
        help="show which stages of a frame are cached, and why others are not",
        description="Say stage by stage whether a frame's result is kept, in the cache folder or a shared place that "
        "is given or that UNDERSTUDY_SHARED_CACHE and UNDERSTUDY_REDIS name, and for one that is not, what differs "
        "from the nearest in the cache folder. Nothing is computed.",
        allow_abbrev=False,
    )
    explain.add_argument("clip", type=Path, metavar="CLIP", help="as for render")
    explain.add_argument("frame", type=argument_type(parse_count), metavar="FRAME", help="counted from 0")
    explain.add_argument("--face", action="append", required=True, type=Path, metavar="IMAGE")
    explain.add_argument(
        "--face-number", action="append", type=argument_type(parse_count), metavar="N", default=[]
    )
    explain.add_argument(
        "--replace", action="append", default=[], type=Path, metavar="IMAGE", help="as for render"
    )
    explain.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for render")
    explain.add_argument("--colorspace", default="", metavar="NAME", help="as for render")
    explain.add_argument(
        "--corrections", action=OnlyOnce, type=Path, metavar="FILE.json", help="as for render"
    )
    explain.add_argument("--roto", action=OnlyOnce, type=Path, metavar="FILE.json", help="as for render")
    explain.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="the cache folder (default: understudy_cache beside CLIP)",
    )
    _add_shared(explain)
    explain.add_argument("--json", action="store_true", help="write values instead of a table")


def _add_purge(actions: Any) -> None:
    purge = _add_action(actions, "purge", "delete results for good", description=_PURGE_DESCRIPTION)
    what = purge.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--clip", action=OnlyOnce, type=Path, metavar="CLIP", help="all that was computed from this clip"
    )
    what.add_argument(
        "--picture",
        "--identity",
        action="append",
        metavar="IMAGE",
        help="all that was computed from this image of a person: what describes them, and every crop they "
        "appear in; the image's SHA-256 works too. Give more of the same person with more --picture",
    )
    what.add_argument(
        "--older-than", type=argument_type(parse_days), metavar="DAYS", help="what was written before"
    )
    what.add_argument("--all", action="store_true", help="everything")


def _add_action(
    actions: Any, name: str, text: str, *, shared: bool = True, description: str = ""
) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=description or text, allow_abbrev=False
    )
    usual = os.environ.get("UNDERSTUDY_CACHE_DIR")
    action.add_argument(
        "--cache-dir",
        type=Path,
        default=Path(usual) if usual else None,
        required=not usual,
        metavar="DIR",
        help="the cache folder (default: UNDERSTUDY_CACHE_DIR)",
    )
    if shared:
        _add_shared(action)
    return action


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shared-dir", type=Path, metavar="DIR", help="a cache folder on a share")
    parser.add_argument("--redis", metavar="URL", help="a Redis server, such as redis://HOST:6379/0")


def argument_type(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Make a reader of text, which raises ValueError, one for argparse: the reason is shown as it is."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert
