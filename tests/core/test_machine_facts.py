# SPDX-License-Identifier: GPL-3.0-or-later
"""What Linux says of the processor, the memory that is left and the disks; and what is said of optimized graphs."""

from pathlib import Path

import pytest
from understudy.core.cli import doctor_graphs
from understudy.core.cli.main import main
from understudy.core.models.graphs import save
from understudy.core.models.graphs.graph_folder import user_graph_folder
from understudy.core.models.graphs.record import GraphRecord, write_record
from understudy.core.sessions.settings import GRAPHS_VARIABLE
from understudy.core.system.cpu_features import bf16_instructions, processor_identity
from understudy.core.system.free_memory import free_memory_bytes
from understudy.core.system.local_disk import is_on_local_disk

PROCESSOR = (
    "processor\t: {number}\nmodel name\t: AMD EPYC\ncpu MHz\t\t: {number}000.1\nflags\t\t: fpu {flag}\n\n"
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_processors_with_other_instructions_have_other_names(tmp_path: Path) -> None:
    def identity(name: str, number: int, flag: str) -> str:
        two = (PROCESSOR.format(number=one, flag=flag) for one in (number, number + 1))
        return processor_identity(write(tmp_path / name, "".join(two)))

    first = identity("a", 0, "avx2")
    assert "AMD EPYC" in first
    assert first == identity("b", 2, "avx2") != identity("c", 0, "avx512f")
    arm = write(tmp_path / "d", "processor : 0\nFeatures : fp asimd\nCPU part : 0xd0c\n")
    assert "asimd; " not in processor_identity(arm)
    assert "0xd0c" in processor_identity(arm)
    assert processor_identity(write(tmp_path / "e", "model name : unknown\n")) == ""
    assert processor_identity(tmp_path / "gone") == ""
    assert bf16_instructions(write(tmp_path / "f", "flags : amx_bf16 avx512_bf16\n")) == (
        "AMX_BF16",
        "AVX512_BF16",
    )
    assert (bf16_instructions(tmp_path / "a"), bf16_instructions(arm)) == ((), None)


def test_free_memory_is_the_least_of_the_machine_and_each_group(tmp_path: Path) -> None:
    assert free_memory_bytes(tmp_path) is None
    assert free_memory_bytes() is not None or not Path("/proc/meminfo").exists()
    write(tmp_path / "proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert free_memory_bytes(tmp_path) == 8000 << 10
    # Version 2: no limit of its own, but the group above has one, part of which is files that can be dropped.
    write(tmp_path / "proc/self/cgroup", "0::/job/step\n")
    groups = tmp_path / "sys/fs/cgroup"
    write(groups / "job/step/memory.max", "max\n")
    write(groups / "job/step/memory.current", "10\n")
    write(groups / "job/memory.max", "1000\n")
    write(groups / "job/memory.current", "900\n")
    write(groups / "job/memory.stat", "anon 700\ninactive_file 150\n")
    assert free_memory_bytes(tmp_path) == 250
    # Version 1, whose group is the root in a container.
    write(tmp_path / "proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/b\n0::/\n")
    write(groups / "memory/memory.limit_in_bytes", "500\n")
    write(groups / "memory/memory.usage_in_bytes", "400\n")
    write(groups / "memory/memory.stat", "total_inactive_file 30\n")
    assert free_memory_bytes(tmp_path) == 130


@pytest.mark.parametrize(
    ("kind", "is_local"), [("ext4", True), ("xfs", True), ("nfs4", False), ("fuse.sshfs", False)]
)
def test_a_disk_over_a_network_is_not_local(kind: str, tmp_path: Path, *, is_local: bool) -> None:
    place = tmp_path / "my home" / "cache"
    place.mkdir(parents=True)
    point = str(place.parent).replace(" ", r"\040")
    other = "ext4" if not is_local else "nfs4"
    mounts = write(
        tmp_path / "mountinfo",
        f"1 0 8:1 / / rw - {other} /dev/a rw\n"
        f"2 1 8:1 / {point} rw,noatime shared:1 - {other} /dev/b rw\n"
        f"3 1 8:1 / {point} rw shared:2 master:1 - {kind} server:/c rw\n"
        f"4 1 8:1 / {point}/cache2 rw - {other} /dev/d rw\n"
        "5 1 8:1 /\n",
    )
    assert is_on_local_disk(place, mounts) is is_local
    assert not is_on_local_disk(place, tmp_path / "gone")


def test_graphs_are_listed_by_doctor_and_removed_by_models_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv(GRAPHS_VARIABLE, raising=False)
    # Whatever this machine is: what it says of itself is tested above.
    monkeypatch.setattr(doctor_graphs, "processor_identity", lambda: "a processor")
    monkeypatch.setattr(save, "is_on_local_disk", lambda _path: True)

    def lines(*arguments: str) -> str:
        main(list(arguments))
        return capsys.readouterr().out

    assert "0.0 MB of optimized graphs removed" in lines("models", "clean")
    graphs = user_graph_folder()
    assert graphs is not None
    assert graphs.fault() == ""
    with graphs.new_entry("0" * 64) as entry:
        entry.write_file("weights.bin", bytes(60_000_000))
        write_record(entry, GraphRecord("/a.onnx", 1, 1, "0" * 64, "0" * 64))
    assert f"optimized graphs of large models: 1, 0.1 of 4.0 GB, in {graphs.place.path}" in lines("doctor")
    for text, reason in (("off", "is off"), ("many", "can't be used")):
        monkeypatch.setenv(GRAPHS_VARIABLE, text)
        assert f"{GRAPHS_VARIABLE} {reason}" in lines("doctor")
    assert "60.0 MB of optimized graphs removed" in lines("models", "clean")
    assert graphs.entries() == []
