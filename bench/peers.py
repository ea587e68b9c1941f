# SPDX-License-Identifier: MIT
"""The servers under test, each configured for the same job: one worker, no log, kept connections
without a limit, files as on disk. Each is given what its manual recommends for speed."""

import os
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

NGINX = '''
daemon off; master_process off; pid {work}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 18000; multi_accept on; use epoll; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
  keepalive_timeout 600; open_file_cache max=1000;
  types {{ }} default_type application/octet-stream;
  client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;
  uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096 {listen}; root {root}; {tls} }}
}}
'''

H2O = '''
listen: {{ host: 127.0.0.1, port: {port}{tls} }}
user: root
num-threads: 1
max-connections: 18000
http1-request-timeout: 600
access-log: /dev/null
error-log: {work}/h2o.log
pid-file: {work}/h2o.pid
hosts: {{ default: {{ paths: {{ /: {{ file.dir: {root} }} }} }} }}
'''

LIGHTTPD = '''
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-worker = 0
server.max-connections = 18000
server.max-fds = 20000
server.max-keep-alive-requests = 0
server.max-keep-alive-idle = 600
server.event-handler = "linux-sysepoll"
server.network-backend = "sendfile"
server.errorlog = "{work}/lighttpd.log"
{tls}
'''

# TLS 1.3 alone, tickets on; the clients insist on X25519 and AES-128-GCM, so that all take them.
NGINX_TLS = '''
    ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;
    ssl_ecdh_curve X25519; ssl_session_tickets on;
'''
H2O_TLS = ', ssl: {{ certificate-file: {chain}, key-file: {key}, minimum-version: TLSv1.3 }}'
LIGHTTPD_TLS = '''
server.modules += ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "{chain}"
ssl.privkey = "{key}"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.3", "Curves" => "X25519")
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def certificate(work):
    """One for localhost signed by itself, with a P-256 key: the files of both."""
    pair = os.path.join(work, 'chain.pem'), os.path.join(work, 'key.pem')
    if not os.path.exists(pair[0]):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj',
                        '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
                        '-out', pair[0], '-keyout', pair[1]], check=True, capture_output=True)
    return pair


def config(work, name, text, **values):
    path = os.path.join(work, name)
    with open(path, 'w') as file:
        file.write(text.format(work=work, **values))
    return path


class Server:
    """A server on a free port of the loopback address, pinned to one processor. It speaks `scheme`:
    http, https, h2 (over TLS) or h2c (without)."""

    def __init__(self, name, build, work, root, backend=None, scheme='http'):
        self.name = name
        self.scheme = scheme
        self.build = build
        self.port = free_port()
        environment = dict(os.environ)
        if backend:
            environment['CORONET_BACKEND'] = backend
        self.log = open(os.path.join(work, f'{name}.out'), 'w')
        self.process = subprocess.Popen(
            ['taskset', '-c', '0'] + self.command(build, work, root),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment,
            preexec_fn=self.enter)
        self.wait()

    def command(self, build, work, root):
        name, port = self.name, self.port
        secure = self.scheme in ('https', 'h2')
        chain, key = certificate(work) if secure else ('', '')

        def tls(text):
            return text.format(chain=chain, key=key) if secure else ''
        if name.startswith('coronet'):
            where = ['--https', f'127.0.0.1:{port}', '--cert', chain, '--key', key]
            return [os.path.join(build, 'coronet'), 'serve', root,
                    *(where if secure else ['--http', f'127.0.0.1:{port}']),
                    '--workers', '1', '--log', 'none', '--idle-timeout', '600', '-q',
                    '--max-connections', '18000', '--max-per-address', '18000', '--run-as', 'root']
        if name == 'nginx':
            listen = {'http': '', 'https': 'ssl', 'h2': 'ssl http2', 'h2c': 'http2'}[self.scheme]
            path = config(work, 'nginx.conf', NGINX, root=root, port=port, listen=listen,
                          tls=tls(NGINX_TLS))
            return ['nginx', '-c', path]
        if name == 'h2o':
            path = config(work, 'h2o.conf', H2O, root=root, port=port, tls=tls(H2O_TLS))
            return ['h2o', '-m', 'worker', '-c', path]
        path = config(work, 'lighttpd.conf', LIGHTTPD, root=root, port=port, tls=tls(LIGHTTPD_TLS))
        return ['lighttpd', '-D', '-f', path]

    def enter(self):
        """In the child, before the server's program."""

    def wait(self):
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f'{self.name} does not listen: see {self.log.name}')

    def processes(self):
        """The server and its children: where its CPU time is spent."""
        pids = [self.process.pid]
        for pid in pids:
            with open(f'/proc/{pid}/task/{pid}/children') as file:
                pids += [int(child) for child in file.read().split()]
        return pids

    def cpu_seconds(self):
        """From the scheduler's own account, which counts nanoseconds, of all threads."""
        total = 0
        for pid in self.processes():
            for task in os.listdir(f'/proc/{pid}/task'):
                with open(f'/proc/{pid}/task/{task}/schedstat') as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def resident_bytes(self):
        total = 0
        for pid in self.processes():
            with open(f'/proc/{pid}/smaps_rollup') as file:
                for line in file:
                    if line.startswith('Private_Dirty'):
                        total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
