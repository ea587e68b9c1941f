# SPDX-License-Identifier: MIT
"""Uploads over HTTP and FTP, with the same limits, rates and rules, by curl, ftplib and urllib."""

import ftplib
import io
import time

import pytest

from conftest import CORONET, eventually, run
from test_http_write import (PASSWORD, USER, ask, curl, ftp_of, needs_curl,  # noqa: F401
                             share)


def partials(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith('.coronet-')]


def form(*files):
    """A form's body and its media type."""
    parts = [b'--XX\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n'
             % (name.encode(), text) for name, text in files]
    return b''.join(parts) + b'--XX--\r\n', 'multipart/form-data; boundary=XX'


# ---- the largest file ---------------------------------------------------------------------------

@pytest.fixture
def limited(server, share):  # noqa: F811
    return server('--write', '--max-upload', '100K', '--user', f'{USER}:{PASSWORD}',
                  ftp=['127.0.0.1:0'])


FITS, TOO_LARGE = bytes(102_400), bytes(102_401)


@needs_curl
def test_no_larger_file_comes_in_over_http(limited, share, tmp_path):  # noqa: F811
    file = tmp_path / 'file'
    file.write_bytes(TOO_LARGE)
    assert curl(limited, '/a', '-T', file) == 413
    assert curl(limited, '/a', '-T', file, '-H', 'Transfer-Encoding: chunked') == 413
    assert curl(limited, '/', '-F', f'file=@{file}') == 413
    assert ask(limited, 'PUT', '/a', b'x', Content_Range='bytes 0-0/102401')[0] == 413
    assert b'at most 102400 bytes' in ask(limited, 'PUT', '/a', TOO_LARGE)[2]
    assert sorted(path.name for path in share.iterdir()) == ['hello.txt', 'sub']
    file.write_bytes(FITS)
    assert curl(limited, '/a', '-T', file) == 201
    assert curl(limited, '/a', '-T', file, '-H', 'Transfer-Encoding: chunked') == 204
    assert curl(limited, '/', '-F', f'file=@{file}') == 303


def test_no_larger_file_comes_in_over_ftp(limited, share):  # noqa: F811
    ftp = ftp_of(limited, USER, PASSWORD)
    for command in ('STOR a', 'STOU', 'APPE a'):
        with pytest.raises(ftplib.error_perm, match='552 .*at most 102400 bytes'):
            ftp.storbinary(command, io.BytesIO(TOO_LARGE))
    with pytest.raises(ftplib.error_perm, match='552 .*at most 102400 bytes'):
        ftp.sendcmd('ALLO 102401')
    assert sorted(path.name for path in share.iterdir()) == ['hello.txt', 'sub']
    ftp.sendcmd('ALLO 102400')
    ftp.storbinary('STOR a', io.BytesIO(FITS))
    for command, rest in (('APPE a', None), ('STOR a', 102_400)):
        with pytest.raises(ftplib.error_perm, match='552'):
            ftp.storbinary(command, io.BytesIO(b'x'), rest=rest)
    assert (share / 'a').read_bytes() == FITS
    assert not partials(share)


# ---- the rate -----------------------------------------------------------------------------------

def test_limit_rate_slows_an_upload_down(server, share):  # noqa: F811
    one = server('--write', '--limit-rate', '200K', '--user', f'{USER}:{PASSWORD}',
                 ftp=['127.0.0.1:0'])
    body, (parts, kind) = bytes(204_800), form(('c', bytes(204_800)))
    ftp = ftp_of(one, USER, PASSWORD)
    for upload in (lambda: ask(one, 'PUT', '/a', body),
                   lambda: ask(one, 'POST', '/', parts, Content_Type=kind),
                   lambda: ftp.storbinary('STOR b', io.BytesIO(body))):
        start = time.monotonic()
        upload()
        assert time.monotonic() - start > 0.9
    assert {path.stat().st_size for name in 'abc' for path in [share / name]} == {204_800}


# ---- a drop box ---------------------------------------------------------------------------------

def test_a_drop_box_has_a_page_and_replaces_nothing(server, share, tmp_path):  # noqa: F811
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'eve', '--rights', 'add', input=b'secret\n')
    users.chmod(0o644)
    one = server('--write', '--users', users, ftp=['127.0.0.1:0'])
    eve = {'user': 'eve', 'password': 'secret'}
    status, _, page = ask(one, 'GET', '/', **eve)
    assert status == 200 and b'<form' in page and b'hello.txt' not in page
    body, kind = form(('new', b'1'))
    status, _, page = ask(one, 'POST', '/', body, Content_Type=kind, **eve)
    assert status == 200 and b'1 file uploaded.' in page  # urllib has followed the 303
    body, kind = form(('hello.txt', b'1'))
    assert ask(one, 'POST', '/', body, Content_Type=kind, **eve)[0] == 403
    assert ask(one, 'PUT', '/hello.txt', b'1', **eve)[0] == 403
    assert ask(one, 'GET', '/hello.txt', **eve)[0] == 403
    ftp = ftp_of(one, 'eve', 'secret')
    for command in ('STOR hello.txt', 'APPE hello.txt'):
        with pytest.raises(ftplib.error_perm, match='55[03] This account'):
            ftp.storbinary(command, io.BytesIO(b'1'))
    assert (share / 'hello.txt').read_text() == 'hello\n'
    assert not partials(share)


# ---- whose --------------------------------------------------------------------------------------

def test_a_stranger_ends_by_one_protocol_what_the_other_began(server, share):  # noqa: F811
    one = server('--anonymous-write', where=['127.0.0.1:0'], ftp=['127.0.0.1:0'])
    status, fields, _ = ask(one, 'PUT', '/a', b'01234', user=None, Content_Range='bytes 0-4/10')
    assert (status, fields['Upload-Offset']) == (202, '5')
    with pytest.raises(ftplib.error_perm):
        ftp_of(one, source='127.0.0.2').size('a')
    ftp = ftp_of(one)
    ftp.voidcmd('TYPE I')
    assert ftp.size('a') == 5
    ftp.storbinary('STOR a', io.BytesIO(b'56789'), rest=5)
    assert (share / 'a').read_bytes() == b'0123456789'
    with ftp.transfercmd('STOR b') as data:
        data.sendall(b'01234')
        eventually(lambda: ask(one, 'HEAD', '/b', user=None)[1]['Upload-Offset'] == '5')
        assert ftp.abort().startswith('426')
    ftp.voidresp()
    assert ask(one, 'PUT', '/b', b'56789', user=None, Content_Range='bytes 5-9/10')[0] == 201
    assert (share / 'b').read_bytes() == b'0123456789'
    assert not partials(share)
