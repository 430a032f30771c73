# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers anything (V6): no reply is more than data, and none is waited for beyond its time."""

import subprocess
import sys
import time

import numpy as np
import pytest
from garbage_server import GarbageServer, constant_reply, drip_reply, endless_reply
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.shared.lease import NO_LEASE
from understudy.core.cache.shared.redis_lease import RedisLease
from understudy.core.cache.shared.redis_store import RedisStore
from understudy.core.cli.main import main

pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")

REPLIES = {
    "length that is no number": constant_reply(b"$abc\r\n"),
    "number": constant_reply(b":5\r\n"),
    "negative number": constant_reply(b":-5\r\n"),
    "number of a million digits": constant_reply(b":" + b"9" * 1_000_000 + b"\r\n"),
    "number that is none": constant_reply(b":five\r\n"),
    "negative length": constant_reply(b"$-7\r\nabc\r\n"),
    "length beyond all memory": constant_reply(b"$9999999999999\r\nx"),
    "length of no memory's size": constant_reply(b"$" + b"9" * 400 + b"\r\n"),
    "status": constant_reply(b"+PONG\r\n"),
    "status with an escape": constant_reply(b"+\x1b[2J\x07\r\n"),
    "empty line": constant_reply(b"\r\n"),
    "unknown type": constant_reply(b"?what\r\n"),
    "web page": constant_reply(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>"),
    "zeros": constant_reply(bytes(4096)),
    "error": constant_reply(b"-ERR \x1b]0;owned\x07 no\xff\xfe\r\n"),
    "error that sends elsewhere": constant_reply(b"-MOVED 1 10.0.0.1:6379\r\n"),
    "error of no kind": constant_reply(b"-\r\n"),
    "list": constant_reply(b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
    "empty list": constant_reply(b"*0\r\n"),
    "no list": constant_reply(b"*-1\r\n"),
    "list of negative length": constant_reply(b"*-9\r\n"),
    "list of errors": constant_reply(b"*2\r\n-ERR a\r\n-ERR b\r\n"),
    "list of a length that is no number": constant_reply(b"*x\r\n"),
    "lists in each other": constant_reply(b"*1\r\n" * 20_000 + b":1\r\n"),
    "page without an end": constant_reply(b"*2\r\n$1\r\n7\r\n*1\r\n$3\r\nabc\r\n"),
    "page of numbers": constant_reply(b"*2\r\n$1\r\n0\r\n*2\r\n:1\r\n:2\r\n"),
    "page with a cursor that is none": constant_reply(b"*2\r\n$3\r\nabc\r\n*0\r\n"),
    "map of the newer protocol": constant_reply(b"%1\r\n+a\r\n:1\r\n"),
    "null of the newer protocol": constant_reply(b"_\r\n"),
    "push": constant_reply(b">2\r\n+invalidate\r\n*0\r\n" * 3),
    "big number": constant_reply(b"(3492890328409238509324850943850943825024385\r\n"),
    "value of another's": constant_reply(b"$5\r\nhello\r\n"),
    "two answers at once": constant_reply(b"$-1\r\n$5\r\nhello\r\n"),
    "half an answer, then the end": lambda connection, _: (connection.sendall(b"$100\r\nabc"), connection.shutdown(2)),
    "nothing, and the end": lambda connection, _: connection.shutdown(2),
    "nothing": lambda _connection, _command: time.sleep(60),
    "line without an end": endless_reply(b"+", b"x" * 65536),
    "value without an end": endless_reply(b"$4000000000\r\n", b"x" * 65536),
    "list without an end": endless_reply(b"*1000000000\r\n", b":12345678\r\n" * 5000),
    "list of nothings": endless_reply(b"*1000000000\r\n", b"$-1\r\n" * 10_000),
    "line that drips": drip_reply(b":", 0.05),
    "value that drips": drip_reply(b"$4000\r\n", 0.05),
    "list that drips": drip_reply(b"*4000\r\n:1\r\n:", 0.05),
}  # fmt: skip


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays() -> dict[str, np.ndarray]:
    return {"a": np.zeros(1000, np.uint8)}


@pytest.mark.parametrize("name", REPLIES)
def test_v6_a_reply_is_data_whatever_it_is(name, dashboard):
    dashboard("inputs")
    with GarbageServer(REPLIES[name]) as server:
        store = RedisStore(
            server.url, reply_timeout_seconds=0.15, write_timeout_seconds=0.15, list_timeout_seconds=0.3
        )
        lease = RedisLease(server.url)
        lease.set_timeout(0.15)
        began = time.monotonic()
        assert store.get(key(1)) is None
        assert store.get_many([key(1), key(2)]) == {}
        assert (key(1) in store) in (True, False)
        assert [entry for entry in store.entries() if "number" in entry.text] == []
        assert store.purge() == 0
        assert lease.try_acquire(key(1), 10) in (NO_LEASE, None)
        lease.release(key(1), "token")
        store.put(key(1), arrays())
        assert store.counts.puts == 0
        assert time.monotonic() - began < 60  # what drips goes on for 200 s
        assert store.fault_count > 0
        warnings = "".join(store.warnings)
        assert "owned" not in warnings
        assert warnings.isprintable()


def test_v6_a_value_that_was_there_is_right_or_missed_after_garbage(redis_server, dashboard):
    """A server goes mad and comes to: its late answers are nobody's."""
    dashboard("inputs")
    good = RedisStore(redis_server.url)
    values = {number: {"a": np.full(1000, number, np.uint8)} for number in range(20)}
    for number, value in values.items():
        good.put(key(number), value)
    with redis_server_bytes(redis_server, values) as server:
        store = RedisStore(server.url)
        for number in range(20):
            got = store.get(key(number))
            assert got is None or got["a"].tobytes() == values[number]["a"].tobytes()
        assert store.get(key(0))["a"].tobytes() == values[0]["a"].tobytes()


def redis_server_bytes(redis_server, values):
    """Answer with the value of the question before, every other time with two values."""
    import redis

    raw = redis.Redis.from_url(redis_server.url)
    held = [raw.get(f"understudy:{key(number).hex}") for number in values]
    count = iter(range(10_000))

    def reply(connection, _command):
        number = next(count)
        first = held[(number - 1) % 20] if number < 20 else held[0]
        said = b"$%d\r\n%b\r\n" % (len(first), first)
        connection.sendall(said * 2 if number % 2 and number < 20 else said)

    return GarbageServer(reply)


def test_v6_a_list_that_lies_about_other_names_deletes_none_of_them(dashboard):
    dashboard("inputs")
    deleted = []

    def reply(connection, command):
        if command[0] == b"SCAN":
            connection.sendall(b"*2\r\n$1\r\n0\r\n*2\r\n$5\r\nother\r\n$12\r\nunderstudy:x\r\n")
        elif command[0] == b"DEL":
            deleted.append(command[1])
            connection.sendall(b":1\r\n")
        else:
            connection.sendall({b"GETRANGE": b"$1\r\nx\r\n", b"STRLEN": b":1\r\n"}[command[0]])

    with GarbageServer(reply) as server:
        assert RedisStore(server.url).purge() == 1
    assert deleted == [b"understudy:x"]


def test_v6_names_without_number_are_too_many(dashboard):
    dashboard("inputs")
    numbers = iter(range(1 << 40))

    def reply(connection, command):
        names = [b"understudy:%d" % next(numbers) for _ in range(1000)]
        page = b"".join(b"$%d\r\n%b\r\n" % (len(name), name) for name in names)
        connection.sendall(b"*2\r\n$1\r\n7\r\n*1000\r\n" + page)

    with GarbageServer(reply) as server:
        store = RedisStore(server.url, max_listed_entries=20_000)
        assert list(store.entries()) == []
        assert "does not end" in "".join(store.warnings)


@pytest.mark.parametrize("size", [b"99999999999", b"-4"])
def test_v6_a_size_that_lies_is_a_fault(size, dashboard):
    dashboard("inputs")

    def reply(connection, command):
        if command[0] == b"SCAN":
            connection.sendall(b"*2\r\n$1\r\n0\r\n*1\r\n$12\r\nunderstudy:x\r\n")
        else:
            connection.sendall({b"GETRANGE": b"$1\r\nx\r\n", b"STRLEN": b":%b\r\n" % size}[command[0]])

    with GarbageServer(reply) as server:
        store = RedisStore(server.url)
        assert store.purge() == 0
        assert store.fault_count == 1


@pytest.mark.parametrize("action", [["stats"], ["purge", "--all"], ["verify"]])
def test_v6_the_command_line_says_in_a_line_that_the_server_fails(action, tmp_path, capsys, dashboard):
    dashboard("inputs")
    from understudy.core.cache.stores.local import PackStore

    PackStore(tmp_path / "cache").close()
    with GarbageServer(constant_reply(b"-ERR \x1b[2J\r\n")) as server:
        assert main(["cache", *action, "--cache-dir", str(tmp_path / "cache"), "--redis", server.url]) == 1
    output = capsys.readouterr().err
    assert output.count("\n") == 1
    assert "Redis at 127.0.0.1" in output
    assert "\x1b" not in output


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
@pytest.mark.parametrize("name", ["value without an end", "line without an end", "list of nothings"])
def test_v6_an_answer_takes_bounded_memory(name, dashboard):
    dashboard("memory")
    program = """if True:
        import resource, sys
        from understudy.core.cache.base.key import Key
        from understudy.core.cache.shared.redis_store import RedisStore
        store = RedisStore(sys.argv[1], reply_timeout_seconds=2)
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(store.get(Key("x")), store.fault_count, int(peak.split()[1]))
    """
    with GarbageServer(REPLIES[name]) as server:
        command = [sys.executable, "-c", program, server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    answer, faults, kilobytes = done.stdout.split()
    assert (answer, faults) == ("None", "1")
    assert int(kilobytes) < 1_000_000
