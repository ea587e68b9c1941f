# SPDX-License-Identifier: MIT
"""`coronet get --compressed`: what is coded is decoded, whatever is wrong with it is told; against
nginx, `coronet serve` and scripted servers."""

import gzip
import socket
import subprocess
import zlib

import pytest

from conftest import eventually, run
from test_get import CONTENT, field, get, partials, scripted, whole  # noqa: F401

TEXT = b''.join(b'line %d of a text that can be compressed\n' % i for i in range(5000))


def bare(content):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush()


def by(*command):
    return lambda content: run(*command, input=content).stdout


CODINGS = {
    'gzip': gzip.compress, 'x-gzip': gzip.compress, 'deflate': zlib.compress,
    'Deflate': bare, 'br': by('brotli', '-c'), 'zstd': by('zstd', '-qc'),
}


def coded(coding, content, *lines):
    return whole(content, f'Content-Encoding: {coding}', *lines)


def chunked(content, size, *lines):
    pieces = [content[i:i + size] for i in range(0, len(content), size)]
    return b'\r\n'.join([b'HTTP/1.1 200 OK', b'Transfer-Encoding: chunked',
                         *(line.encode() for line in lines), b'',
                         *(b'%x\r\n%b' % (len(piece), piece) for piece in pieces), b'0', b'', b''])


@pytest.mark.parametrize('coding', CODINGS)
def test_each_coding_is_asked_for_and_decoded(scripted, here, coding):  # noqa: F811
    body = CODINGS[coding](TEXT)
    one = scripted(lambda head, nth: coded(coding, body) if '/whole' in head else
                   chunked(body, 7, f'Content-Encoding: {coding}'))
    get('--compressed', f'{one.url}/whole', f'{one.url}/chunks', cwd=here)
    assert (here / 'whole').read_bytes() == TEXT == (here / 'chunks').read_bytes()
    assert field(one.heads[0], 'Accept-Encoding') == 'gzip, deflate, br, zstd'
    assert get('--compressed', '-o', '-', f'{one.url}/whole')[0] == TEXT


def test_without_it_nothing_is_asked_for_and_nothing_decoded(scripted, here):  # noqa: F811
    body = gzip.compress(TEXT)
    one = scripted(lambda head, nth: coded('gzip', body))
    get(f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == body
    assert field(one.heads[0], 'Accept-Encoding') is None


@pytest.mark.parametrize('lines', [('Content-Encoding: gzip, br',),
                                   ('Content-Encoding: gzip', 'Content-Encoding: identity, br')])
def test_two_codings_are_taken_off_in_turn(scripted, here, lines):  # noqa: F811
    body = CODINGS['br'](gzip.compress(TEXT))
    one = scripted(lambda head, nth: whole(body, *lines))
    get('--compressed', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == TEXT


def test_bodies_that_are_none_need_no_coding(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: coded('gzip', b''))
    get('--compressed', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == b''


@pytest.mark.parametrize('coding', ['identity', 'none', 'None'])
def test_what_is_not_coded_at_all_is_taken_as_it_is(scripted, here, coding):  # noqa: F811
    one = scripted(lambda head, nth: coded(coding, TEXT))
    get('--compressed', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == TEXT


def test_members_are_one_file(scripted, here):  # noqa: F811
    body = gzip.compress(TEXT[:1000]) + gzip.compress(b'') + gzip.compress(TEXT[1000:])
    one = scripted(lambda head, nth: coded('gzip', body))
    get('--compressed', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == TEXT


@pytest.mark.parametrize('coding', CODINGS)
def test_what_ends_early_or_is_corrupt_is_no_file(scripted, here, coding):  # noqa: F811
    body = CODINGS[coding](TEXT)
    half = len(body) // 2
    replies = {
        '/cut': coded(coding, body[:-1]),
        '/connection': coded(coding, body, 'Connection: close')[:-1],
        '/half': chunked(body[:half], 100, f'Content-Encoding: {coding}'),
        '/page': coded(coding, b'<html>an error page</html>'),
        '/behind': coded(coding, body + b'<html>more</html>'),
    }
    one = scripted(lambda head, nth: replies[head.split()[1]])
    for path in ('/cut', '/half', '/connection'):
        get('--compressed', one.url + path, cwd=here, code=9)
    for path in ('/page', '/behind'):
        _, said = get('--compressed', one.url + path, cwd=here, code=7)
        assert 'corrupt' in said
    assert not list(here.iterdir())


def test_other_codings_are_refused(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: coded('compress', b'x'))
    _, said = get('--compressed', f'{one.url}/a', cwd=here, code=7)
    assert 'compress' in said


def test_more_than_two_codings_are_refused_c05(scripted, here):  # noqa: F811
    body = gzip.compress(gzip.compress(gzip.compress(TEXT)))
    one = scripted(lambda head, nth: coded('gzip, gzip, gzip', body))
    get('--compressed', f'{one.url}/a', cwd=here, code=11)
    assert not list(here.iterdir())


@pytest.mark.parametrize('coding', ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip'])
def test_bombs_are_refused_c05(scripted, here, coding):  # noqa: F811
    body = bytes(100 << 20)
    for name in coding.split(', '):
        body = CODINGS[name](body)
    one = scripted(lambda head, nth: coded(coding, body))
    _, said = get('--compressed', f'{one.url}/a', cwd=here, code=11)
    assert 'beyond all measure' in said and not list(here.iterdir())


def test_the_largest_size_is_that_of_the_file(scripted, here):  # noqa: F811
    one = scripted(lambda head, nth: coded('gzip', gzip.compress(bytes(100000))))
    get('--compressed', '--max-size', 99999, f'{one.url}/a', cwd=here, code=11)
    get('--compressed', '--max-size', 100000, f'{one.url}/a', cwd=here)


def test_what_came_coded_is_never_resumed(scripted, here):  # noqa: F811
    body = gzip.compress(CONTENT[::-1] + TEXT)
    one = scripted(lambda head, nth: coded(
        'gzip', body, 'ETag: "one"', 'Connection: close')[:5000 if nth == 1 else None])
    get('--compressed', f'{one.url}/a', cwd=here, code=9)
    assert not partials(here)
    get('--compressed', '-c', f'{one.url}/a', cwd=here)
    assert (here / 'a').read_bytes() == CONTENT[::-1] + TEXT
    assert not any(field(head, 'Range') for head in one.heads)


def test_a_rest_that_is_coded_is_not_taken(scripted, here):  # noqa: F811
    def answer(head, nth):
        if not field(head, 'Range'):
            return whole(TEXT, 'ETag: "one"', 'Connection: close')[:100000 if nth == 1 else None]
        start, size = int(field(head, 'Range')[6:-1]), len(TEXT)
        rest = gzip.compress(TEXT[start:])
        return (b'HTTP/1.1 206 x\r\nContent-Encoding: gzip\r\nETag: "one"\r\n'
                b'Content-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n%b'
                % (start, size - 1, size, len(rest), rest))
    one = scripted(answer)
    get('--compressed', f'{one.url}/a', cwd=here, code=9)
    get('--compressed', '-c', f'{one.url}/a', cwd=here)
    assert any(field(head, 'Range') for head in one.heads)
    assert (here / 'a').read_bytes() == TEXT


def test_coronet_serve_codes_and_get_decodes(server, folder, here):  # noqa: F811
    (folder / 'a.txt').write_bytes(TEXT)
    (folder / 'b.css').write_bytes(b'precompressed')
    (folder / 'b.css.br').write_bytes(CODINGS['br'](TEXT))
    one = server('-4')
    get('--compressed', f'{one.url}a.txt', f'{one.url}b.css', cwd=here)
    assert (here / 'a.txt').read_bytes() == TEXT == (here / 'b.css').read_bytes()


def test_nginx_codes_and_get_decodes(folder, here, tmp_path):  # noqa: F811
    (folder / 'a.txt').write_bytes(TEXT)
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / 'access'
    config = tmp_path / 'nginx.conf'
    config.write_text(f'''daemon off; master_process off; pid {tmp_path}/pid;
        error_log stderr; events {{ }}
        http {{ log_format coded '$sent_http_content_encoding'; access_log {log} coded;
            types {{ text/plain txt; }} gzip on; gzip_types text/plain;
            server {{ listen 127.0.0.1:{port}; root {folder}; }} }}''')
    nginx = subprocess.Popen(['nginx', '-c', str(config)], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: socket.socket().connect_ex(('127.0.0.1', port)) == 0)
        get('--compressed', f'http://127.0.0.1:{port}/a.txt', cwd=here)
        get('-o', here / 'plain', f'http://127.0.0.1:{port}/a.txt')
    finally:
        nginx.terminate()
        nginx.wait()
    assert (here / 'a.txt').read_bytes() == TEXT == (here / 'plain').read_bytes()
    assert log.read_text().split('\n')[:2] == ['gzip', '-']
