# SPDX-License-Identifier: MIT
"""Servers of others that show folders: Python's own, nginx with WebDAV, lighttpd, Apache, Caddy,
h2o."""

import contextlib
import os
import shutil
import subprocess
import sys

import pytest

from conftest import answers, eventually, quiet_port

NGINX = '''daemon off; master_process off; pid {work}/pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{ access_log {work}/access; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; autoindex {list}; autoindex_format {format};
    client_max_body_size 0; dav_methods PUT DELETE MKCOL COPY MOVE; }} }}
'''
LIGHTTPD = '''server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
dir-listing.activate = "enable"
server.modules += ("mod_dirlisting")
mimetype.assign = ("" => "application/octet-stream")
'''
APACHE = '''ServerRoot "{work}"
Listen 127.0.0.1:{port}
ServerName localhost
PidFile {work}/pid
ErrorLog {work}/error
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
TypesConfig /etc/mime.types
DocumentRoot "{folder}"
<Directory "{folder}">
  Options Indexes
  IndexOptions FancyIndexing
</Directory>
'''
CADDY = '''{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    root * {folder}
    file_server browse
}}
'''
H2O = '''{user}
hosts:
  default:
    listen: {{host: 127.0.0.1, port: {port}}}
    paths:
      /: {{file.dir: {folder}, file.dirlisting: ON}}
error-log: {work}/error
'''


def command_of(kind, folder, work, port):
    values = {'folder': folder, 'work': work, 'port': port,
              'format': 'json' if kind == 'nginx-json' else 'html',
              'list': 'off' if kind == 'nginx-hidden' else 'on',
              'user': 'user: root' if os.geteuid() == 0 else ''}
    if kind == 'python':
        return [sys.executable, '-m', 'http.server', '-b', '127.0.0.1', '-d', folder, str(port)]
    program, template, *options = {
        'nginx': ('nginx', NGINX, '-c'), 'nginx-json': ('nginx', NGINX, '-c'),
        'nginx-hidden': ('nginx', NGINX, '-c'),
        'lighttpd': ('lighttpd', LIGHTTPD, '-D', '-f'),
        'apache': ('apache2', APACHE, '-X', '-f'), 'h2o': ('h2o', H2O, '-c'),
        'caddy': ('caddy', CADDY, 'run', '--adapter', 'caddyfile', '--config')}[kind]
    path = shutil.which(program) or shutil.which(program, path='/usr/sbin')
    if not path:
        pytest.skip(f'{program} is not installed')
    config = work / 'config'
    config.write_text(template.format(**values))
    return [path, *options, config]


@pytest.fixture
def place(tmp_path_factory):
    """place(kind, folder) starts a server of that kind; returns its URL, with a slash."""
    started = []

    def start(kind, folder):
        work = tmp_path_factory.mktemp(kind)
        port = quiet_port()
        for path in (work, *work.parents):
            with contextlib.suppress(OSError):
                os.chmod(path, os.stat(path).st_mode | 0o055)
        with open(work / 'said', 'wb') as said:
            process = subprocess.Popen([str(word) for word in command_of(kind, folder, work, port)],
                                       stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                       env=dict(os.environ, HOME=str(work)))
        started.append(process)
        eventually(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, (work / 'said').read_text()
        return f'http://127.0.0.1:{port}/'
    yield start
    for one in started:
        one.kill()
        one.wait()
