# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy models` accepts."""

import argparse
from pathlib import Path
from typing import Any

_MODELS_DESCRIPTION = """\
See, add, fetch and check the neural models that recipes can choose from. They are in your model folder:
UNDERSTUDY_MODELS, or the system's place for such files; --folder names another.
"""


def add_models(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the sub-command to the parser's."""
    models = commands.add_parser(
        "models",
        help="see, add, fetch and check neural models",
        description=_MODELS_DESCRIPTION,
        allow_abbrev=False,
    )
    actions = models.add_subparsers(dest="action", required=True, metavar="action")

    listed = actions.add_parser(
        "list", help="list the known models and the files that are here", allow_abbrev=False
    )
    _add_folder(listed)

    added = actions.add_parser("add", help="put a model file into the folder", allow_abbrev=False)
    added.add_argument("file", type=Path, metavar="FILE")
    added.add_argument(
        "--family", metavar="NAME", help="what it is, if its content is not known: as embed/arcface"
    )
    added.add_argument("--licence", default="not stated", metavar="TEXT", help="its licence, for the list")
    added.add_argument(
        "--commercial",
        action="store_true",
        help="its own licence allows commercial use",
    )
    _add_folder(added)

    fetched = actions.add_parser("fetch", help="fetch a published file", allow_abbrev=False)
    fetched.add_argument("name", metavar="FILE", help="its name in the list")
    fetched.add_argument(
        "--accept-licence", action="store_true", help="you have read its licence and accept it"
    )
    fetched.add_argument("--quiet", action="store_true", help="show no progress")
    _add_folder(fetched)

    actions.add_parser(
        "clean",
        help="remove the optimized graphs of large models, which are copies of their weights",
        description="Remove the optimized graphs of large models from your own cache folder. They are copies of the "
        "models' weights, kept so that a model opens sooner, and are made again when models are used.",
        allow_abbrev=False,
    )

    verified = actions.add_parser("verify", help="read every file again and check it", allow_abbrev=False)
    _add_folder(verified)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, metavar="DIR", help="another model folder")
