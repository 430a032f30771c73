# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache folder in which a whole farm has worked: what opening it takes."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.layers.folder import LayerFolder

WRITER_COUNT = 100
LAYER_COUNT = 1_000_000
STACK_COUNT = 100
_RESULTS_A_WRITER = 20


@dataclass(frozen=True)
class LargeFolderFigures:
    """Seconds, by the clock, in files that the system has in memory."""

    packs: int
    layers: int
    results: int
    make_seconds: float
    open_seconds: float
    """The cache, until its first result is read."""
    list_layers_seconds: float
    """The names of all layers, a stack at a time."""
    sync_layers_seconds: float
    """Making sure that each layer's file is there, as opening a project with all the stacks does."""


def stack_id(number: int) -> str:
    """Return the name of a stack's folder."""
    return f"{number:016x}"


def layer_names(layer_count: int, stack_count: int) -> list[str]:
    """Return the names of the layers of one stack."""
    return [f"{number:06d}.tif" for number in range(layer_count // stack_count)]


def make_large_folder(root: Path, layer_count: int, stack_count: int, writer_count: int) -> None:
    """Let so many writers keep some results each, and put so many layer files beside them."""
    stores = [PackStore(root) for _ in range(writer_count)]
    for writer, store in enumerate(stores):
        for number in range(_RESULTS_A_WRITER):
            store.put(_key(writer, number), {"a": np.full(100, number, np.int32)})
    for store in stores:
        store.close()
    names = layer_names(layer_count, stack_count)
    for number in range(stack_count):
        LayerFolder(root, stack_id(number)).add_placeholders(names)


def measure_large_folder(
    root: Path,
    layer_count: int = LAYER_COUNT,
    stack_count: int = STACK_COUNT,
    writer_count: int = WRITER_COUNT,
) -> LargeFolderFigures:
    """Make such a folder and time what is done with it. AssertionError where something is not found."""
    began = time.perf_counter()
    make_large_folder(root, layer_count, stack_count, writer_count)
    made = time.perf_counter()
    with open_cache(CacheSettings(root)) as cache:
        arrays = cache.store.get(_key(writer_count - 1, _RESULTS_A_WRITER - 1))
        opened = time.perf_counter()
        assert arrays is not None
        results = sum(_key(writer, 0) in cache.store for writer in range(writer_count))
        assert results == writer_count
    names = layer_names(layer_count, stack_count)
    folders = [LayerFolder(root, stack_id(number)) for number in range(stack_count)]
    begin_list = time.perf_counter()
    listed = sum(len(folder.names()) for folder in folders)
    begin_sync = time.perf_counter()
    for folder in folders:
        folder.add_placeholders(names)
    end = time.perf_counter()
    return LargeFolderFigures(
        packs=len(list(root.glob("*.pack"))),
        layers=listed,
        results=writer_count * _RESULTS_A_WRITER,
        make_seconds=made - began,
        open_seconds=opened - made,
        list_layers_seconds=begin_sync - begin_list,
        sync_layers_seconds=end - begin_sync,
    )


def _key(writer: int, number: int) -> Key:
    return stage_key("large", 1, {"writer": writer, "number": number})
