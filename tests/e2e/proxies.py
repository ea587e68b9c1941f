# SPDX-License-Identifier: MIT
"""Proxies of Debian's on ports of loopback: squid (HTTP, and HTTP within TLS), microsocks."""

import hashlib
import os
import pathlib
import subprocess
import tempfile

from conftest import answers, eventually, quiet_port, run

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
