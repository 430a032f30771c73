# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold that nothing is named by a word that says nothing of what it is: `found` faces are `faces`.

`python -m tools.check_names` prints every file, class, function, parameter, variable and attribute that has one of
the words in its name, and exits with 1 if there is one. Names of tests are sentences and may use them.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_FOLDERS = ("core", "addon", "tests", "tools")
_WORDS = ("asking", "brought", "tell", "told", "seen", "found", "upkeep", "gather", "tidy")
_PHRASES = ("known_only", "in_step")


def main() -> int:
    """Check every file; return the exit code."""
    faults = [
        fault
        for folder in _FOLDERS
        for path in sorted((_ROOT / folder).rglob("*.py"))
        for fault in find_faults(path.relative_to(_ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    print("\n".join(faults) or "no name says nothing")
    return 1 if faults else 0


def find_faults(path: str, source: str) -> list[str]:
    """Return a line for each name in a file that has one of the words, with the file and line it is in.

    Parameters
    ----------
    path : str
        The file's, with slashes.
    source : str
        What is in it.
    """
    faults = [f"{path}: the file's name"] if _is_empty_word(Path(path).stem) else []
    faults += [f"{path}:{line}: {name}" for line, name in _names(ast.parse(source)) if _is_empty_word(name)]
    return faults


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("test_"):
                yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def _is_empty_word(name: str) -> bool:
    plain = name.lower().strip("_")
    return not plain.startswith("test_") and (
        not set(plain.split("_")).isdisjoint(_WORDS)
        or any(f"_{phrase}_" in f"_{plain}_" for phrase in _PHRASES)
    )


if __name__ == "__main__":
    sys.exit(main())
