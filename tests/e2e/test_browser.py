# SPDX-License-Identifier: MIT
"""The listing page in a browser: Chromium, spoken to by WebDriver over plain HTTP."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess

import pytest

from conftest import CORONET, PATIENCE, eventually, make_certificate, quiet_port, run

pytestmark = pytest.mark.skipif(
    not (shutil.which('chromium') and shutil.which('chromedriver')),
    reason='chromium or chromedriver is not installed')

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # W3C WebDriver, section 12.1


class Browser:
    """A session of chromedriver's."""

    def __init__(self, port, profile):
        self.port, self.base = port, ''
        arguments = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-proxy-server',
                     '--disable-dev-shm-usage', '--window-size=1000,800',
                     f'--user-data-dir={profile}']
        answer = self.send('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'acceptInsecureCerts': True,
            'goog:chromeOptions': {'args': arguments}}}})
        self.base = '/session/' + answer['sessionId']

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE * 3)
        connection.request(method, self.base + path, json.dumps(body) if body is not None else None)
        value = json.loads(connection.getresponse().read())['value']
        connection.close()
        assert not (isinstance(value, dict) and 'error' in value), value
        return value

    def open(self, url):
        self.send('POST', '/url', {'url': url})

    def script(self, text, *arguments):
        return self.send('POST', '/execute/sync', {'script': text, 'args': arguments})

    def element(self, selector):
        found = self.script('return document.querySelector(arguments[0])', selector)
        assert found, (selector, self.text())
        return f'/element/{found[ELEMENT]}'

    def press(self, selector):
        self.send('POST', self.element(selector) + '/click', {})

    def choose(self, selector, *paths):
        """Gives files to an input for files."""
        self.send('POST', self.element(selector) + '/value',
                  {'text': '\n'.join(str(path) for path in paths)})

    def click(self, label):
        """Follows the first link with this text."""
        found = self.script(
            'return [...document.links].find(a => a.textContent.trim() === arguments[0])', label)
        assert found, (label, self.links())
        self.send('POST', f'/element/{found[ELEMENT]}/click', {})

    def links(self):
        return self.script('return [...document.links].map(a => a.textContent.trim())')

    def text(self):
        return self.script('return document.body.innerText')

    def url(self):
        return self.send('GET', '/url')

    def close(self):
        self.send('DELETE', '')


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    port, profile = quiet_port(), tmp_path_factory.mktemp('profile')
    environment = dict(os.environ, HOME=str(profile), LANG='C.UTF-8')
    driver = subprocess.Popen(['chromedriver', f'--port={port}'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=environment)

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', port)) == 0
    eventually(listens)
    one = Browser(port, profile)
    yield one
    one.close()
    driver.terminate()
    driver.wait(timeout=PATIENCE)


NAMES = ['plain.txt', 'with space.txt', 'a"quoted\'.txt', '<script>document.title="bad"<!--.txt',
         'grüße 日本.txt', '100%.txt', 'a#b?c&d.txt', 'line\nbreak.txt']


@pytest.fixture
def listed(server, folder):
    for size, name in enumerate(NAMES):
        (folder / name).write_text(f'content {NAMES.index(name)}' + ' ' * size)
    (folder / 'sub folder').mkdir()
    (folder / 'sub folder' / 'inside.txt').write_text('inside')
    return server()


def entries(browser):
    """The names that the page shows, in order, as far as they are files of ours."""
    return [text for text in browser.links() if text.endswith('.txt')]


def test_the_page_shows_every_name_as_text(browser, listed):
    browser.open(listed.url)
    shown = entries(browser)
    assert len(shown) == len(NAMES)
    assert set(NAMES) - set(shown) <= {'line\nbreak.txt'}  # a control byte is shown some other way
    assert browser.send('GET', '/title') != 'bad'


@pytest.mark.parametrize('name', NAMES)
def test_each_file_opens_by_its_link(browser, listed, name):
    browser.open(listed.url)
    target = browser.script(
        'return [...document.links].map(a => a.href).filter(h => h.endsWith(".txt"))')
    shown = entries(browser)
    at = shown.index(name) if name in shown else next(
        i for i, text in enumerate(shown) if text.startswith('line'))
    browser.open(target[at])
    assert browser.text().strip() == f'content {NAMES.index(name)}'


def test_folders_are_entered_and_left(browser, listed):
    browser.open(listed.url)
    browser.click(next(text for text in browser.links() if text.startswith('sub folder')))
    eventually(lambda: browser.url().endswith('/sub%20folder/'))
    assert entries(browser) == ['inside.txt']
    browser.click('inside.txt')
    eventually(lambda: browser.text().strip() == 'inside')
    browser.send('POST', '/back', {})
    up = browser.script('return [...document.links].map(a => a.href)')
    assert listed.url in up


def test_columns_sort(browser, listed):
    browser.open(listed.url)
    by_name = entries(browser)
    heading = next(text for text in browser.links() if text.lower().startswith('size'))
    browser.click(heading)
    eventually(lambda: entries(browser) != by_name)
    by_size = [name for name in entries(browser) if name in NAMES]
    ranks = [NAMES.index(name) for name in by_size]
    assert ranks in (sorted(ranks), sorted(ranks, reverse=True))
    heading = next(text for text in browser.links() if text.lower().startswith('size'))
    browser.click(heading)
    eventually(lambda: [name for name in entries(browser) if name in NAMES] == by_size[::-1])


def test_dark_and_light(browser, listed):
    def background(scheme):
        browser.send('POST', '/goog/cdp/execute', {
            'cmd': 'Emulation.setEmulatedMedia',
            'params': {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]}})
        return browser.script('return getComputedStyle(document.body).backgroundColor + '
                              'getComputedStyle(document.documentElement).backgroundColor')
    browser.open(listed.url)
    assert background('dark') != background('light')


def test_the_page_draws(browser, listed):
    """CORONET_SCREENSHOT keeps the picture, for a person to look at."""
    browser.open(listed.url)
    picture = base64.b64decode(browser.send('GET', '/screenshot'))
    assert picture.startswith(b'\x89PNG') and len(picture) > 5000
    if 'CORONET_SCREENSHOT' in os.environ:
        with open(os.environ['CORONET_SCREENSHOT'], 'wb') as file:
            file.write(picture)


# ---- for those who may write ---------------------------------------------------------------------

AWKWARD = ['a"quoted\'.txt', '<script>document.title="bad"<!--.txt', 'grüße 100%.txt']
LOGIN = ['--write', '--user', 'ann:good-secret', '--login-delay', '0']


@pytest.fixture
def files(tmp_path):
    (tmp_path / 'mine').mkdir()
    for name in AWKWARD:
        (tmp_path / 'mine' / name).write_text('content of ' + name)
    return [tmp_path / 'mine' / name for name in AWKWARD]


@pytest.fixture(params=['http', 'https'])
def writable(server, folder, tmp_path, request):
    folder.chmod(0o777)
    if request.param == 'http':
        return server('--anonymous-write')
    cert, key = make_certificate(tmp_path, 'one')
    return server('--anonymous-write', '--cert', cert, '--key', key, where=(),
                  https=('localhost:0',))


def test_the_browser_comes_by_http2_where_it_can(browser, writable):
    browser.open(writable.url)
    protocol = browser.script('return performance.getEntriesByType("navigation")[0]'
                              '.nextHopProtocol')
    assert protocol == ('h2' if writable.url.startswith('https') else 'http/1.1')


def scripts(browser, allowed):
    browser.send('POST', '/goog/cdp/execute', {
        'cmd': 'Emulation.setScriptExecutionDisabled', 'params': {'value': not allowed}})


def test_files_are_uploaded_without_a_script(browser, writable, folder, files):
    scripts(browser, False)
    try:
        browser.open(writable.url + '?sort=size&order=asc')
        browser.choose('form input', *files)
        browser.press('form button')
        eventually(lambda: sorted(entries(browser)) == sorted(AWKWARD))
        assert browser.url() == writable.url + '?sort=size&order=asc'
    finally:
        scripts(browser, True)
    assert sorted(path.name for path in folder.iterdir()) == sorted(AWKWARD)
    for name in AWKWARD:
        assert (folder / name).read_text() == 'content of ' + name
    assert browser.send('GET', '/title') != 'bad'


def test_a_stranger_logs_in_by_the_link(browser, server, folder):
    (folder / 'sub').mkdir()
    one = server(*LOGIN)
    browser.open(one.url + 'sub/')
    assert 'You may read. Log in to upload.' in browser.text()
    assert not browser.script('return document.querySelector("form, script")')
    link = browser.script('return document.querySelector(".may a").href')
    browser.open(link.replace('://', '://ann:good-secret@'))  # as if typed into the dialogue
    assert browser.url().endswith('/')  # and back; a URL with a password is no good from here on
    for path in ('', 'sub/'):
        browser.open(one.url + path)
        assert 'Logged in as ann' in browser.text()
        assert browser.script('return document.querySelector("form") !== null')


def drop(browser, *paths):
    for kind in ('dragEnter', 'dragOver', 'drop'):
        browser.send('POST', '/goog/cdp/execute', {
            'cmd': 'Input.dispatchDragEvent',
            'params': {'type': kind, 'x': 300, 'y': 300, 'data': {
                'items': [], 'files': [str(path) for path in paths], 'dragOperationsMask': 1}}})


def answer(browser, text=None):
    """Says yes to a question, with a text where it asks for one."""
    if text is not None:
        browser.send('POST', '/alert/text', {'text': text})
    browser.send('POST', '/alert/accept', {})


def press_tool(browser, name, tool):
    index = browser.script('return [...document.querySelectorAll("tbody tr")].findIndex('
                           'row => row.innerText.trim().startsWith(arguments[0]))', name)
    assert index >= 0, browser.text()
    browser.press(f'tbody tr:nth-child({index + 1}) button[value={tool}]')


def test_files_are_uploaded_renamed_and_deleted(browser, writable, folder, files):
    browser.open(writable.url)
    browser.choose('form input', *files)
    browser.press('form button')
    eventually(lambda: sorted(entries(browser)) == sorted(AWKWARD))
    quoted, script, german = AWKWARD
    assert (folder / script).read_text() == 'content of ' + script
    press_tool(browser, script, 'rename')
    answer(browser, 'new "name" 100%.txt')
    eventually(lambda: 'new "name" 100%.txt' in entries(browser))
    press_tool(browser, german, 'rename')
    answer(browser, quoted)
    eventually(lambda: 'That name is taken.' in browser.text())
    press_tool(browser, quoted, 'delete')
    answer(browser)
    eventually(lambda: quoted not in entries(browser))
    press_tool(browser, german, 'delete')
    browser.send('POST', '/alert/dismiss', {})
    assert sorted(path.name for path in folder.iterdir()) == sorted([german, 'new "name" 100%.txt'])
    assert browser.send('GET', '/title') != 'bad'


def test_folders_are_made_entered_renamed_and_removed(browser, writable, folder):
    browser.open(writable.url)
    browser.press('#make')
    answer(browser, '../outside')
    eventually(lambda: 'That is no name.' in browser.text())
    browser.press('#make')
    answer(browser, 'a <b> & "c"')
    eventually(lambda: 'a <b> & "c"/' in browser.links())
    press_tool(browser, 'a <b>', 'rename')
    answer(browser, 'other')
    eventually(lambda: 'other/' in browser.links())
    (folder / 'other' / 'file').touch()
    press_tool(browser, 'other', 'delete')
    answer(browser)
    eventually(lambda: 'The folder is not empty.' in browser.text())
    browser.click('other/')
    eventually(lambda: 'file' in browser.links())
    (folder / 'other' / 'file').unlink()
    browser.open(writable.url)
    press_tool(browser, 'other', 'delete')
    answer(browser)
    eventually(lambda: not list(folder.iterdir()))


def test_files_and_whole_folders_are_dropped(browser, writable, folder, files):
    mine = files[0].parent
    (mine / 'deep' / 'er').mkdir(parents=True)
    (mine / 'deep' / 'er' / 'x.txt').write_text('x')
    browser.open(writable.url)
    drop(browser, mine, files[0])
    eventually(lambda: 'mine/' in browser.links())
    assert (folder / 'mine' / 'deep' / 'er' / 'x.txt').read_text() == 'x'
    for name in AWKWARD:
        assert (folder / 'mine' / name).read_text() == 'content of ' + name
    assert (folder / files[0].name).is_file()


def test_what_is_there_is_not_replaced_by_those_who_may_only_add(browser, server, folder, files,
                                                                 tmp_path):
    folder.chmod(0o777)
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'eve', '--rights', 'read,list,add', input=b'secret\n')
    users.chmod(0o644)
    (folder / files[0].name).write_text('old')
    one = server('--write', '--users', users, '--login-delay', '0')
    browser.open(one.url.replace('://', '://eve:secret@') + '?login')
    browser.open(one.url)
    assert 'You may upload; nothing can be replaced.' in browser.text()
    assert not browser.script('return document.querySelector(".tools, #tools")')
    browser.choose('form input', *files)
    browser.press('form button')
    eventually(lambda: '2 of 3 uploaded.' in browser.text())
    assert files[0].name + ': You may not do that.' in browser.text()
    assert (folder / files[0].name).read_text() == 'old'
    assert (folder / files[1].name).is_file()


def test_a_drop_box_takes_files_and_shows_no_names(browser, server, folder, files, tmp_path):
    folder.chmod(0o777)
    users = tmp_path / 'users'
    run(CORONET, 'passwd', users, 'eve', '--rights', 'add', input=b'secret\n')
    users.chmod(0o644)
    (folder / 'hidden from eve').touch()
    one = server('--write', '--users', users, '--login-delay', '0')
    browser.open(one.url.replace('://', '://eve:secret@') + '?login')
    for with_script in (False, True):
        scripts(browser, with_script)
        try:
            browser.open(one.url)
            browser.choose('form input', files[with_script])
            browser.press('form button')
            eventually(lambda: '1 file uploaded.' in browser.text() or
                       '1 of 1 uploaded.' in browser.text())
        finally:
            scripts(browser, True)
        assert (folder / files[with_script].name).is_file()
        assert 'What lies here is not shown.' in browser.text()
        for path in folder.iterdir():
            assert path.name not in browser.text()
    browser.press('#make')
    answer(browser, 'new')
    eventually(lambda: 'Done.' in browser.text())
    browser.open(one.url + 'new')
    assert browser.url() == one.url + 'new/'
