# SPDX-License-Identifier: GPL-3.0-or-later
"""A spoilt export: imported into a cache, which then has what was exported or nothing."""

import hashlib
import json
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from understudy.core.cache.maintenance.import_export import export, import_into
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError

from ..sample import Sample
from .results import arrays, key


class ImportReader:
    """See the module."""

    name = "import"

    def samples(self) -> list[Sample]:
        """Return an export of one result."""
        with tempfile.TemporaryDirectory() as made:
            root = Path(made)
            with closing(PackStore(root / "cache")) as store:
                store.put(key(0), arrays(0))
                export(store.entries(), store, root / "out")
            out = root / "out"
            return [
                Sample({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}),
            ]

    def mend(self, sample: Sample) -> Sample:
        """Make the key the hash of its text, in the file and in its name."""
        files = dict(sample.files)
        for name in [name for name in files if name.endswith(".json")]:
            try:
                said = json.loads(files[name])
                text = "".join(f"{line}\n" for line in said["key_text"])
                said["key"] = hashlib.sha256(text.encode()).hexdigest()
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            del files[name]
            files[f"{Path(name).parent}/{said['key']}.json"] = json.dumps(said).encode()
        return Sample(files, sample.links, sample.pipes, sample.sparse)

    def read(self, place: Path) -> None:
        """Import it, and read what came in."""
        with closing(PackStore(place / "cache")) as store:
            with suppress(CacheError):
                import_into(store, place)
            for entry in store.entries():
                entry.text.encode()
            store.get(key(0))


READER = ImportReader()
