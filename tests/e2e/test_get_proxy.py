# SPDX-License-Identifier: MIT
"""`coronet get` through proxies, and what it tells of passwords."""

import json

from test_get import get, here, scripted, whole  # noqa: F401


# ---- passwords ----------------------------------------------------------------------------------

def test_no_password_of_a_url_is_printed_c11(scripted, here):  # noqa: F811
    def answer(head, nth):
        if '/loop' in head:
            return b'HTTP/1.1 302 x\r\nLocation: loop\r\nContent-Length: 0\r\n\r\n'
        return b'HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n' if '/no' in head else whole(b'x')
    one = scripted(answer)
    url = one.url.replace('://', '://ann:secret@')
    (here / 'there').write_text('x')
    for path, code in (('no', 8), ('loop', 7), ('.hidden', 11), ('there', 3)):
        out, said = get('--json', f'{url}/{path}', cwd=here, code=code)
        assert 'secret' not in said and '***@127.0.0.1' in said
        assert json.loads(out) == {
            'event': 'failed', 'url': f'{one.url}/{path}'.replace('://', '://***@')}
    for word in ('ftpx://ann:secret@h/', 'ann:secret@h', 'htp:/ann:sec/ret@h'):
        _, said = get(word, cwd=here, code=2)
        assert 'secret' not in said and 'sec/ret' not in said
    _, said = get('http://ann:sec@ret@h/', cwd=here, code=11)
    assert 'sec@ret' not in said
    out, _ = get('--json', f'{url}/a', cwd=here)
    assert b'secret' not in out
