# SPDX-License-Identifier: MIT
"""What can be seen of a server from outside: descriptors, fibers and memory of all its processes.
bench/load uses it too."""

import collections
import contextlib
import os
import re
import signal
import time

TIME_WAIT, LISTEN = '06', '0A'  # as /proc/net/tcp has them


def children(pid):
    """None when it is gone: whoever checks a password or makes a connection does only that."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f'/proc/{pid}/task/{pid}/children') as file:
            return [int(word) for word in file.read().split()]
    return []


def family(pid):
    """The process and all that it has started."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


def is_cached(path, folder):
    """What there is to see of the served folder may stay open for the next who asks."""
    return (path.startswith(str(folder)) and '/.' not in path[len(str(folder)):]
            and not path.endswith(' (deleted)'))


def tcp_sockets():
    """Of each: its port here, its state, and what /proc calls its descriptor."""
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        with open(table) as file:
            for line in list(file)[1:]:
                words = line.split()
                yield int(words[1].rpartition(':')[2], 16), words[3], f'socket:[{words[9]}]'


def open_files(pid):
    """What each descriptor of its processes leads to, as far as they are still there."""
    for one in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for name in os.listdir(f'/proc/{one}/fd'):
                with contextlib.suppress(FileNotFoundError):
                    yield os.readlink(f'/proc/{one}/fd/{name}')


def descriptors(pid, folder):
    """How many of each kind: root sees them, and everybody those of a server without sandbox. None
    of sockets that listen: passive ports do so for some seconds after their transfers."""
    kinds = collections.Counter()
    listening = {name for _, state, name in tcp_sockets() if state == LISTEN}
    for path in open_files(pid):
        if path not in listening and not is_cached(path, folder):
            kinds[re.sub(r'\d+', 'N', path)] += 1
    return kinds


def ended_sockets(pid):
    """Those that its processes have not closed yet although nothing leads to them any more."""
    held = {path for path in open_files(pid) if path.startswith('socket:')}
    for table, inode in ('tcp', 9), ('tcp6', 9), ('udp', 9), ('udp6', 9), ('unix', 6):
        with open(f'/proc/net/{table}') as file:
            held -= {f'socket:[{line.split()[inode]}]' for line in list(file)[1:]}
    return held


def connections(ports):
    """How many the server has at these of its ports, those that are being closed included."""
    return sum(port in ports and state not in (TIME_WAIT, LISTEN)
               for port, state, _ in tcp_sockets())


def resident_bytes(pid):
    """Memory that is nobody else's."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f'/proc/{one}/status') as file:
                kib = re.search(r'^RssAnon:\s*(\d+)', file.read(), re.MULTILINE)
                total += 1024 * int(kib[1]) if kib else 0  # none when it has just ended
    return total


def fibers(pid, lines, shards, seconds):
    """How many there are on all shards, by the dump that SIGUSR1 asks for; `lines` is what standard
    error has brought, and goes on growing."""
    start, end = len(lines), time.monotonic() + seconds
    os.kill(pid, signal.SIGUSR1)
    while time.monotonic() < end:
        counts = dict(re.findall(r'; shard (\d+), (\d+) fibers', '\n'.join(lines[start:])))
        if len(counts) == shards:
            return sum(map(int, counts.values()))
        time.sleep(0.01)
    raise AssertionError(f'not all of {shards} shards have told: {lines[start:]}')
