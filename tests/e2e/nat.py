# SPDX-License-Identifier: MIT
"""A gateway for test_recipes.py: nat.py OUTSIDE INSIDE PORT:PORT...

Connections to a port of the outer address go on to one of the inner, and seem to come from the peer
itself: its address must be one of this machine's.
"""

import asyncio
import signal
import sys


async def pump(reader, writer):
    try:
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


def forward(inside, port):
    async def connected(reader, writer):
        peer = writer.get_extra_info('peername')[0]
        try:
            there, back = await asyncio.open_connection(inside, port, local_addr=(peer, 0))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back), pump(there, writer))
        back.close()
        writer.close()
    return connected


async def main():
    outside, inside, *ports = sys.argv[1:]
    for pair in ports:
        outer, inner = pair.split(':')
        await asyncio.start_server(forward(inside, int(inner)), outside, int(outer))
    print('ready', file=sys.stderr, flush=True)
    await asyncio.get_running_loop().create_future()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
asyncio.run(main())
