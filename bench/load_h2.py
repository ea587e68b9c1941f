# SPDX-License-Identifier: MIT
"""A client of HTTP/2 for the load, on Debian's python3-h2: several requests at once, of which some
are given up in their midst."""

import h2.config
import h2.connection
import h2.events

WINDOW = 1 << 20


class Exchange:
    def __init__(self, method, path, body=b'', give_up_after=None):
        self.method, self.path, self.left = method, path, body
        self.give_up_after = give_up_after  # bytes of the response; None: never
        self.status, self.got = None, bytearray()
        self.done = self.given_up = False


class Connection:
    def __init__(self, sock, scheme, authorization):
        self.sock, self.scheme, self.authorization = sock, scheme, authorization
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding='utf-8'))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(WINDOW)
        self.open = {}

    def begin(self, exchange):
        stream = self.h2.get_next_available_stream_id()
        fields = [(':method', exchange.method), (':path', exchange.path),
                  (':scheme', self.scheme), (':authority', 'load'),
                  ('authorization', self.authorization)]
        if exchange.method == 'PUT':
            fields.append(('content-length', str(len(exchange.left))))
        self.open[stream] = exchange
        self.h2.send_headers(stream, fields, end_stream=exchange.method != 'PUT')

    def feed(self, stream, exchange):
        """As much of a body as may be sent now."""
        while exchange.method == 'PUT' and exchange.left is not None and not exchange.done:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            piece, last = exchange.left[:room], len(exchange.left) <= room
            if not piece and not last:
                return
            self.h2.send_data(stream, piece, end_stream=last)
            exchange.left = None if last else exchange.left[room:]

    def heed(self, event):
        stream = getattr(event, 'stream_id', None)
        exchange = self.open.get(stream)
        if isinstance(event, h2.events.ConnectionTerminated):
            raise ConnectionError(f'GOAWAY {event.error_code}')
        if isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
        if not exchange or exchange.given_up:
            return
        if isinstance(event, h2.events.ResponseReceived):
            exchange.status = int(dict(event.headers)[':status'])
        elif isinstance(event, h2.events.DataReceived):
            exchange.got += event.data
            if exchange.give_up_after is not None and len(exchange.got) > exchange.give_up_after:
                exchange.given_up = exchange.done = True
                self.h2.reset_stream(stream)
        elif isinstance(event, h2.events.StreamEnded):
            exchange.done = True
        elif isinstance(event, h2.events.StreamReset):
            if exchange.status is None or not exchange.done:
                raise ConnectionError(f'a stream was reset: {event.error_code}')

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def exchange(self, exchanges):
        """All of them at once."""
        for each in exchanges:
            self.begin(each)
        while not all(each.done for each in exchanges):
            for stream, each in self.open.items():
                self.feed(stream, each)
            self.flush()
            bytes_ = self.sock.recv(1 << 16)
            if not bytes_:
                raise ConnectionError('the connection has ended')
            for event in self.h2.receive_data(bytes_):
                self.heed(event)
        self.open.clear()
        self.flush()
