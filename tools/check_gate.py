# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold that `core` and `addon` write, remove, rename and walk through `core.filesystem` alone.

`python -m tools.check_gate` prints every other call and exits with 1 if there is one. It reads the syntax, not the
types: a method named as pathlib's is taken for pathlib's, but for `str.replace` and the gate's own `rename`, which
take two arguments. A line that ends in `# gate: reason` is let through; the reason says why the gate can't serve
there.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("core", "addon")
_GATE = _ROOT / "core" / "filesystem"
_METHODS = frozenset(
    (
        "chmod",
        "glob",
        "hardlink_to",
        "iterdir",
        "mkdir",
        "rename",
        "rglob",
        "rmdir",
        "symlink_to",
        "touch",
        "unlink",
        "walk",
        "write_bytes",
        "write_text",
    )
)
_MODULES = {
    "os": frozenset(
        (
            "chmod",
            "chown",
            "fchmod",
            "fchown",
            "ftruncate",
            "link",
            "listdir",
            "makedirs",
            "mkdir",
            "mkfifo",
            "mknod",
            "open",
            "remove",
            "removedirs",
            "rename",
            "renames",
            "replace",
            "rmdir",
            "scandir",
            "symlink",
            "truncate",
            "unlink",
            "utime",
            "walk",
            "fwalk",
        )
    ),
    "shutil": frozenset(("copy", "copy2", "copyfile", "copytree", "move", "rmtree")),
    "tempfile": frozenset(
        ("mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile")
    ),
    "glob": frozenset(("glob", "iglob")),
}
_WRITE_MODES = frozenset("wax+")


def main() -> int:
    """Print what passes the gate by; return the exit code."""
    violations = [
        line for room in _PACKAGES for path in sorted((_ROOT / room).rglob("*.py")) for line in _faults(path)
    ]
    for line in violations:
        print(line)
    return 1 if violations else 0


def _faults(path: Path) -> Iterator[str]:
    if _GATE in path.parents:
        return
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        name = _forbidden(node)
        if name and isinstance(node, ast.expr | ast.stmt) and "# gate: " not in lines[node.lineno - 1]:
            yield f"{path.relative_to(_ROOT)}:{node.lineno}: {name} passes core.filesystem by"


def _forbidden(node: ast.AST) -> str:
    """Return what a node calls or imports past the gate; empty if nothing."""
    if isinstance(node, ast.ImportFrom) and node.module in _MODULES:
        return next(
            (f"{node.module}.{entry.name}" for entry in node.names if entry.name in _MODULES[node.module]), ""
        )
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.attr in _MODULES.get(node.value.id, ()):
            return f"{node.value.id}.{node.attr}"
        return ""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return "open" if node.func.id == "open" and _writes(node, 1) else ""
    if not isinstance(node.func, ast.Attribute):
        return ""
    method = node.func.attr
    if method == "open":
        return ".open" if _writes(node, 0) and not _is_open_of_module(node.func) else ""
    if method in ("rename", "replace"):
        return ".replace" if len(node.args) == 1 and not node.keywords else ""
    return f".{method}" if method in _METHODS else ""


def _writes(node: ast.Call, place: int) -> bool:
    """Tell whether a call of `open` has a mode that writes, or one that can't be read off."""
    modes = [entry.value for entry in node.keywords if entry.arg == "mode"] or node.args[place : place + 1]
    if not modes:
        return False
    mode = modes[0]
    return not (
        isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not _WRITE_MODES & set(mode.value)
    )


def _is_open_of_module(function: ast.Attribute) -> bool:
    # av.open, and what else opens by its own rules.
    return isinstance(function.value, ast.Name) and function.value.id in ("av", "self")


if __name__ == "__main__":
    sys.exit(main())
