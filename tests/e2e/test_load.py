# SPDX-License-Identifier: MIT
"""Short runs of load generators: every request is answered, and well. bench/ measures."""

import re
import shutil

import pytest

from conftest import run

WORKERS = ('1', '2')


@pytest.fixture(params=WORKERS)
def loaded(server, folder, request):
    (folder / '1k').write_bytes(b'x' * 1024)
    (folder / '1m').write_bytes(b'x' * (1 << 20))
    return server('-4', '--workers', request.param, '--log', 'none')


@pytest.mark.skipif(not shutil.which('wrk'), reason='wrk is not installed')
@pytest.mark.parametrize('name', ['1k', '1m'])
def test_wrk(loaded, name):
    out = run('wrk', '-t2', '-c64', '-d1s', loaded.url + name).stdout.decode()
    assert 'Socket errors' not in out and 'Non-2xx' not in out, out
    assert int(re.search(r'(\d+) requests in', out)[1]) > 10, out


@pytest.mark.skipif(not shutil.which('wrk'), reason='wrk is not installed')
def test_wrk_with_a_connection_for_each_request(loaded):
    out = run('wrk', '-t1', '-c8', '-d1s', '-H', 'Connection: close', loaded.url + '1k')
    out = out.stdout.decode()
    assert 'Non-2xx' not in out and int(re.search(r'(\d+) requests in', out)[1]) > 10, out


@pytest.mark.skipif(not shutil.which('h2load'), reason='h2load is not installed')
@pytest.mark.parametrize('pipelined', ['1', '16'])
def test_h2load(loaded, pipelined):
    out = run('h2load', '--h1', '-n4000', '-c20', '-m', pipelined, loaded.url + '1k')
    out = out.stdout.decode()
    counts = re.search(r'(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout', out)
    assert counts.groups() == ('4000', '0', '0', '0'), out
