# SPDX-License-Identifier: MIT
"""The same tests once more over TLS: CORONET_TEST_TLS=1 has each `coronet serve` that a test starts
speak HTTPS instead of HTTP, and FTPS (AUTH TLS, data too) instead of FTP.

The clients need no telling: they trust the tests' certificate and insist on TLS by what their
environment says, and ftplib.FTP is a class that asks for it. What makes sense once only bears the
mark `once`, with the reason; tests that start no server are left out.
"""

import atexit
import contextlib
import ftplib
import io
import os
import pathlib
import shutil
import socket
import ssl
import tempfile

WANTED = bool(os.environ.get('CORONET_TEST_TLS'))
HTTP = 'https' if WANTED else 'http'
# Whatever the tests call the server.
NAMES = 'DNS:localhost,DNS:x,IP:::1,' + ','.join(f'IP:127.0.0.{host}' for host in (1, 2, 5))


class Connection:
    """A connection over TLS that can be half closed, which Python's own cannot."""

    def __init__(self, sock, context, name):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        try:
            self.until_done(self.tls.do_handshake)
        except BaseException:
            sock.close()
            raise

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def flush(self):
        if self.outgoing.pending:
            self.sock.sendall(self.outgoing.read())

    def until_done(self, step, *arguments):
        while True:
            try:
                result = step(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLEOFError as error:  # no farewell
                raise ConnectionAbortedError('TLS was cut off') from error
            piece = self.sock.recv(65536)
            self.incoming.write(piece) if piece else self.incoming.write_eof()

    def recv(self, size):
        with contextlib.suppress(ssl.SSLZeroReturnError):
            return self.until_done(self.tls.read, size)
        return b''

    def sendall(self, bytes_):
        view = memoryview(bytes_)
        while view:
            view = view[self.until_done(self.tls.write, view[:1 << 20]):]

    def shutdown(self, _how):
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()

    def makefile(self, _mode):
        class Raw(io.RawIOBase):
            def readable(_):
                return True

            def readinto(_, buffer):
                piece = self.recv(len(buffer))
                buffer[:len(piece)] = piece
                return len(piece)
        return io.BufferedReader(Raw())


class Data(ssl.SSLSocket):
    """An FTP data connection, which says that it ends, unless it is to be reset."""

    resets = False

    def sendall(self, *arguments):
        try:
            super().sendall(*arguments)
        except ssl.SSLEOFError as error:
            raise BrokenPipeError('TLS was cut off') from error

    def setsockopt(self, level, name, *value):
        self.resets = self.resets or name == socket.SO_LINGER
        super().setsockopt(level, name, *value)

    def close(self):
        if not self.resets:
            with contextlib.suppress(OSError, ValueError):
                self.unwrap()
        super().close()


class Ftp(ftplib.FTP_TLS):
    """What ftplib.FTP is to the tests: it asks for TLS as soon as it is there."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, context=client_context(), **options)

    def connect(self, *arguments, **options):
        welcome = super().connect(*arguments, **options)
        self.auth()
        return welcome

    def login(self, *arguments, **options):
        reply = super().login(*arguments, **options)
        self.prot_p()
        return reply

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP_TLS.__base__.ntransfercmd(self, cmd, rest)
        return data(connection), size


def client_context(kind=ssl.SSLSocket):
    context = ssl.create_default_context()  # SSL_CERT_FILE
    context.sslsocket_class = kind
    return context


def data(connection):
    """A data connection that a test has made itself."""
    if not WANTED:
        return connection
    return client_context(Data).wrap_socket(connection, server_hostname='localhost')


def secured(connection, host):
    return Connection(connection, client_context(), host) if WANTED else connection


def options():
    """Of the server."""
    return ['--cert', PAIR[0], '--key', PAIR[1], '--require-tls'] if WANTED else []


def schemes(where, https):
    """Which of the places for HTTP are for HTTPS: all but what other programs of this machine reach
    by a path."""
    if not WANTED:
        return where, https
    clear = [place for place in where if place.startswith('unix:')]
    return clear, [place for place in where if place not in clear] + list(https)


def prepare(make_certificate):
    """A certificate, and clients that trust it and insist on TLS."""
    home = pathlib.Path(tempfile.mkdtemp(prefix='coronet-tls-'))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    pair = make_certificate(home, 'localhost', alt=NAMES)
    (home / '.curlrc').write_text('ssl-reqd\n')
    (home / 'wgetrc').write_text(f'ca_certificate = {pair[0]}\n')
    (home / 'rc').write_text(f'set ssl:ca-file {pair[0]}\nset ftp:ssl-force true\n'
                             'set ftp:ssl-allow-anonymous true\nset ftp:ssl-protect-data true\n')
    os.environ.update(SSL_CERT_FILE=str(pair[0]), CURL_CA_BUNDLE=str(pair[0]), CURL_HOME=str(home),
                      WGETRC=str(home / 'wgetrc'), LFTP_HOME=str(home))
    ftplib.FTP = Ftp
    return pair


PAIR = None  # once a session has begun
