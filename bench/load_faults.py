# SPDX-License-Identifier: MIT
"""The load on a server in which calls fail at random (tests/fault/chance.c), and clients that bear
it.

Any exchange may fail. But what is said to be whole is, byte for byte; what failed has happened as a
whole or not at all; and what was acknowledged before stays.
"""

import collections
import contextlib
import ftplib
import gc
import http.client
import mmap
import os
import shutil
import struct
import time

import h2.exceptions

import load_clients
import seen
from load_clients import PATIENCE, Unexpected, Wrong

# enum co_op_code and the codes of tests/fault/inject.h, in the order of their numbers.
KINDS = {1: 'accept', 2: 'connect', 3: 'receive', 4: 'send', 5: 'send file', 8: 'splice',
         16: 'socket', 17: 'control', 18: 'offload', 19: 'poll', 20: 'allocation', 21: 'open',
         22: 'read', 23: 'stat', 24: 'folder'}
PAGE = struct.Struct('II')  # every so many calls, seed; then a count for each kind
COUNT = struct.Struct('I')
FAILURES = (OSError, EOFError, ftplib.Error, http.client.HTTPException,
            h2.exceptions.ProtocolError, Unexpected)
REMOVES = {'delete', 'dele', 'move', 'rename'}
BREAKS_OFF = {'broken_put', 'h2_broken', 'abor', 'data_reset', 'stat_meanwhile', 'control_broken',
              'data_cut'}  # uploads, which may become whole a little later


class Faults:
    """What all processes of the server share: how often calls fail, and how many have."""

    def __init__(self, folder, seed, every):
        self.path, self.seed, self.every = os.path.join(folder, 'faults'), seed, every
        with open(self.path, 'w+b') as file:
            file.truncate(mmap.PAGESIZE)
            self.page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.end()

    def begin(self):
        PAGE.pack_into(self.page, 0, self.every, self.seed)

    def end(self):
        PAGE.pack_into(self.page, 0, 0, self.seed)

    def struck(self):
        counts = {name: COUNT.unpack_from(self.page, PAGE.size + COUNT.size * code)[0]
                  for code, name in KINDS.items()}
        return {name: count for name, count in counts.items() if count}


def served(address):
    """Has the server a connection with that address?"""
    peer = ''.join(f'{int(part):02X}' for part in reversed(address.split('.')))
    with open('/proc/net/tcp') as file:
        return any(line.split()[2].startswith(peer + ':') and line.split()[3] != '06'  # TIME_WAIT
                   for line in file)


class Client(load_clients.Client):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.touched, self.contents = set(), []  # by the present action
        self.refused = collections.Counter()
        self.last = {}  # name: the action that was the last to touch it

    # ---- what an action is about

    def content(self, size=None):
        self.contents.append(super().content(size))
        return self.contents[-1]

    def touches(self, name):
        self.touched.add(name)
        return name

    def note(self, outcome):
        self.last.update((name, f'{self.doing}, which {outcome}') for name in self.touched)

    def new_name(self):
        return self.touches(super().new_name())

    def some_name(self):
        return self.touches(super().some_name())

    def path(self, name):
        return super().path(self.touches(name))

    # ---- what becomes of it

    def work(self):
        while time.monotonic() < self.site.end:
            self.bear(self.draw.choice(load_clients.ACTIONS))
        self.bear(load_clients.Client.leave)

    def bear(self, action):
        self.doing = action.__name__
        self.touched, self.contents, before = set(), [], dict(self.last)
        try:
            action(self)
            self.done[self.doing] += 1
            self.note('went well')
            if self.doing not in BREAKS_OFF:
                return
        except Wrong:
            raise
        except FAILURES as failure:
            self.refused[self.doing] += 1
            self.note(f'failed: {failure!r}')
        self.recover(before)  # by now nothing holds a connection of the action's

    def recover(self, before):
        """Once the server is through with it, the folder tells what has come of it."""
        self.drop()
        gc.collect()  # sockets in what has failed
        folder = os.path.join(self.site.root, self.folder)
        end = time.monotonic() + PATIENCE
        # A reset takes a connection away at once, while its upload may just become whole.
        ended = seen.ended_sockets(self.site.server.process.pid)
        while served(self.address) or ended & seen.ended_sockets(self.site.server.process.pid):
            load_clients.demand_right(time.monotonic() < end, 'the server holds on to a connection')
            time.sleep(0.01)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(os.path.join(folder, 'sub'))
        found = {}
        for name in os.listdir(folder):
            if not name.startswith('.'):
                with open(os.path.join(folder, name), 'rb') as file:
                    found[name] = file.read()
        for name in found.keys() | self.files.keys():
            load_clients.demand_right(
                self.may_be(name, found.get(name)), name, 'holds', len(found.get(name, b'')),
                'bytes that nobody sent as a whole; before:', before.get(name))
        self.files = found
        self.interrupted |= {name for name in self.touched if name}

    def may_be(self, name, found):
        known = self.files.get(name)
        if found == known:
            return True
        if name not in self.touched:
            return False
        if found is None:
            return self.doing in REMOVES
        if self.doing in REMOVES and found in self.files.values():
            return True
        return any(found in (body, body + b'end', (known or b'') + body) for body in self.contents)
