# SPDX-License-Identifier: MIT
"""What scanners of TLS find in `coronet serve --self-signed`, over HTTPS and FTPS. They take
minutes, so `tools/check scanners` runs them and `make test` does not."""

import json
import os
import shutil
import subprocess
import urllib.parse
import xml.etree.ElementTree

import pytest

from conftest import run

pytestmark = pytest.mark.skipif(
    not os.environ.get('CORONET_SCANNERS'), reason='tools/check scanners runs it')

SCAN_SECONDS = 570
HARMLESS = 'OK', 'INFO', 'LOW', 'DEBUG'
EXPLAINED = {'cert_chain_of_trust', 'cert_revocation', 'BREACH'}  # in docs/security.md
# A client of TLS 1.3 that ends as soon as it has shaken hands, as testssl's does here, gets its
# ticket in time or does not, from any server; test_https.py shows that sessions are resumed.
# The other tells of the scanner's own OpenSSL.
UNCERTAIN = {('sessionresumption_ticket', 'WARN'), ('engine_problem', 'WARN')}
# All that testssl finds fault with; how each of a hundred clients would fare takes it minutes.
EVERYTHING = ('--protocols', '--std', '--pfs', '--server-defaults', '--server-preference',
              '--vulnerable')
# By which scheme, and what is said to sslscan and to testssl.
KINDS = {'https': ((), (*EVERYTHING, '--headers')),
         'ftps': ((), EVERYTHING),
         'ftp': (('--starttls-ftp',), ('--starttls', 'ftp', *EVERYTHING))}


@pytest.fixture
def secured(server, tmp_path):
    one = server('-4', '--self-signed', '--ftps', '127.0.0.1:0', where=(), https=('127.0.0.1:0',),
                 ftp=('127.0.0.1:0',), env=dict(os.environ, XDG_STATE_HOME=str(tmp_path / 'state')))
    one.places = {parts.scheme: parts.netloc for parts in map(urllib.parse.urlsplit, one.urls)}
    assert set(one.places) == set(KINDS)
    return one


@pytest.mark.parametrize('kind', KINDS)
def test_sslscan_finds_nothing_old_or_weak(secured, tmp_path, kind):
    report = tmp_path / 'report.xml'
    run('sslscan', *KINDS[kind][0], f'--xml={report}', secured.places[kind])
    found = xml.etree.ElementTree.parse(report).getroot().find('ssltest')
    spoken = {each.get('version') for each in found.iter('protocol') if each.get('enabled') == '1'}
    assert spoken == {'1.2', '1.3'}
    assert found.find('renegotiation').get('supported') == '0'
    assert all(each.get('vulnerable') == '0' for each in found.iter('heartbleed'))
    ciphers = list(found.iter('cipher'))
    assert ciphers
    for cipher in ciphers:
        assert cipher.get('strength') in ('strong', 'acceptable'), cipher.attrib
        assert 'GCM' in cipher.get('cipher') or 'CHACHA20' in cipher.get('cipher')


@pytest.mark.parametrize('kind', KINDS)
def test_testssl_finds_no_more_than_is_explained(secured, tmp_path, kind):
    report = tmp_path / 'report.json'
    program = shutil.which('testssl') or shutil.which('testssl.sh')
    subprocess.run(
        [program, '--quiet', '--color', '0', '--warnings', 'off', '--jsonfile', str(report),
         *KINDS[kind][1], secured.places[kind]],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False,
        timeout=SCAN_SECONDS)
    findings = json.loads(report.read_text())
    assert {'TLS1_2', 'TLS1_3', 'heartbleed', 'PFS'} <= {each['id'] for each in findings}
    wrong = [each for each in findings
             if each['severity'] not in HARMLESS and each['id'].split()[0] not in EXPLAINED
             and (each['id'], each['severity']) not in UNCERTAIN]
    assert not wrong
