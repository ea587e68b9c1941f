# SPDX-License-Identifier: MIT
"""Proxies on ports of loopback: of Debian's squid (HTTP, and HTTP within TLS) and microsocks, and
one of SOCKS 4 of our own, which nothing in Debian speaks alone."""

import contextlib
import hashlib
import os
import pathlib
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading

from conftest import answers, eventually, in_background, quiet_port, run

SQUID_HELPERS = pathlib.Path('/usr/lib/squid')


class Proxy:
    """A process that is a proxy, from the moment at which its ports can be connected to."""

    def __init__(self, ports, *command, **options):
        self.process = subprocess.Popen([str(word) for word in command],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, **options)
        self.port = ports[0]
        for port in ports:
            eventually(lambda: self.process.poll() is not None or answers(port))
        assert self.process.poll() is None, command

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Squid(Proxy):
    """With a user ann, password s:cret@, where `login` says by what: 'basic', 'digest'; with TLS on
    `tls_port` where there is a certificate."""

    def __init__(self, login=None, pair=None):
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        folder = pathlib.Path(self.folder.name)
        folder.chmod(0o755)  # as root it becomes somebody else
        self.log = folder / 'log'
        self.log.touch()
        self.log.chmod(0o666)
        port, self.tls_port = quiet_port(), quiet_port() if pair else None
        lines = [f'http_port 127.0.0.1:{port}', 'pid_filename none', 'cache deny all',
                 f'access_log stdio:{self.log}', 'cache_log /dev/null', 'netdb_filename none',
                 'shutdown_lifetime 0 seconds', 'strip_query_terms off', 'via off',
                 f'coredump_dir {folder}', 'acl CONNECT method CONNECT',
                 'acl closed url_regex forbidden']
        if pair:
            lines.append(f'https_port 127.0.0.1:{self.tls_port} tls-cert={pair[0]} '
                         f'tls-key={pair[1]}')
        lines.append('http_access deny closed')
        if login:
            users = folder / 'users'
            helper = 'basic_ncsa_auth'
            line = f'ann:{run("openssl", "passwd", "-apr1", "s:cret@").stdout.decode().strip()}'
            if login == 'digest':
                helper = 'digest_file_auth -c'
                line = 'ann:r:' + hashlib.md5(b'ann:r:s:cret@').hexdigest()
            users.write_text(line + '\n')
            lines += [f'auth_param {login} program {SQUID_HELPERS / helper} {users}',
                      f'auth_param {login} children 2 startup=1', f'auth_param {login} realm r',
                      'acl known proxy_auth REQUIRED', 'http_access allow known']
        lines += [f'http_access {"deny" if login else "allow"} all']
        config = folder / 'squid.conf'
        config.write_text('\n'.join(lines) + '\n')
        ports = [port] + ([self.tls_port] if pair else [])
        super().__init__(ports, '/usr/sbin/squid', '-N', '-n', f'test{port}', '-f', config)

    def requests(self):
        """The method and the target of each request that it has logged, once it has ended."""
        lines = [line.split()[5:7] for line in self.log.read_text().splitlines()]
        return [tuple(words) for words in lines if words[0] != '-']  # that was `is_open`

    def stop(self):
        super().stop()
        self.folder.cleanup()


class Microsocks(Proxy):
    def __init__(self, *options):
        port = quiet_port()
        super().__init__([port], 'microsocks', '-i', '127.0.0.1', '-p', port, *options,
                         env={**os.environ})


class Socks4:
    """Leads whoever says that he is ann; `asked` are the places, as they were told."""

    def __init__(self):
        self.asked = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def until_nul(self):
                return b''.join(iter(lambda: self.rfile.read(1), b'\0')).decode()

            def handle(self):
                _version, _command, port, address = struct.unpack('>BBH4s', self.rfile.read(8))
                user, host = self.until_nul(), socket.inet_ntoa(address)
                if host.startswith('0.0.0.'):
                    host = self.until_nul()
                outer.asked.append((host, port))
                reply = 90 if user == 'ann' else 93
                peer = None
                if reply == 90:
                    try:
                        peer = socket.create_connection((host, port))
                    except OSError:
                        reply = 91
                self.wfile.write(bytes([0, reply]) + bytes(6))
                if peer:
                    self.lead(peer)

            def lead(self, peer):
                with peer, peer.makefile('rb') as its:
                    back = threading.Thread(target=self.copy, args=(its, self.connection))
                    back.start()
                    self.copy(self.rfile, peer)
                    back.join()

            @staticmethod
            def copy(source, to):
                with contextlib.suppress(OSError):
                    while piece := source.read1():
                        to.sendall(piece)
                    to.shutdown(socket.SHUT_WR)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        in_background(self.server)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
