"""Named texts: those that ship, those that are downloaded, and what can go wrong on the way."""

import gc
import hashlib
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows
from small import TEXT

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text import registry
from charlstm.text.corpus import read_corpus
from charlstm.text.registry import named, others

# requests leaves the socket of a connection that was cut to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CONTENT = (TEXT * 200).encode()


class Server(ThreadingHTTPServer):
    """Serve CONTENT at /good, and worse at other addresses; `asked` counts the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = Counter()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked[self.path] += 1
        first = self.server.asked[self.path] == 1
        if self.path == "/missing":
            self.send_error(404)
            return
        body = CONTENT[::-1] if self.path == "/wrong" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/cut" or (self.path == "/cut-once" and first):
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def register(server, monkeypatch, tmp_path):
    """Put a text at an address of the server into the registry; return the corpus folder."""
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)

    def put(address):
        text = registry.Download(
            title="a test",
            url=f"http://127.0.0.1:{server.server_port}{address}",
            file="test.txt",
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            characters=len(CONTENT),
            vocabulary=len(set(CONTENT)),
            licence="none",
        )
        monkeypatch.setattr(registry, "registry", lambda: {"test": text})
        return tmp_path / "cache"

    yield put
    gc.collect()


def test_a_text_is_downloaded_once(server, register, capfd):
    folder = register("/good")
    for _ in range(2):
        assert read_corpus(["test"]).text.encode() == CONTENT
    assert server.asked == {"/good": 1}
    assert [path.name for path in folder.iterdir()] == ["test.txt"]
    assert f"downloading http://127.0.0.1:{server.server_port}/good" in capfd.readouterr().err


def test_a_connection_that_is_cut_once_is_tried_again(server, register):
    register("/cut-once")
    assert read_corpus(["test"]).text.encode() == CONTENT
    assert server.asked == {"/cut-once": 2}


@pytest.mark.parametrize(
    ("address", "reason"),
    [("/wrong", "another sha256"), ("/cut", "IncompleteRead"), ("/missing", "404")],
)
def test_what_cannot_be_had_is_told_in_one_line_and_leaves_nothing(
    server, register, address, reason
):
    folder = register(address)
    with pytest.raises(UserError, match=reason) as told:
        read_corpus(["test"])
    line = str(told.value)
    assert f"http://127.0.0.1:{server.server_port}{address}" in line
    assert f"put it at {folder / 'test.txt'}" in line
    assert "\n" not in line
    assert list(folder.iterdir()) == []


def test_offline_is_told_with_the_address_the_name_and_the_place(server, register):
    folder = register("/good")
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match=r"test\.txt is not here .* \(no connection to 127") as told:
        read_corpus(["test"])
    assert f"put it at {folder / 'test.txt'}" in str(told.value)


def test_a_file_of_the_name_with_other_content_is_not_taken_for_the_text(server, register):
    folder = register("/good")
    folder.mkdir()
    (folder / "test.txt").write_text("mine, and precious", encoding="utf-8")
    with pytest.raises(UserError, match="not the text of that name"):
        read_corpus(["test"])
    assert (folder / "test.txt").read_text(encoding="utf-8") == "mine, and precious"
    assert read_corpus([str(folder / "test.txt")]).text == "mine, and precious"
    assert not server.asked


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("unix", {"CHARLSTM_DATA": "texts", "XDG_CACHE_HOME": "/cache"}, "texts"),
        ("unix", {"XDG_CACHE_HOME": "/cache"}, "/cache/charlstm"),
        ("unix", {"HOME": "/home/ada"}, "/home/ada/.cache/charlstm"),
        ("macos", {"HOME": "/home/ada"}, "/home/ada/Library/Caches/charlstm"),
        ("windows", {}, "/ada/Local/charlstm/Cache"),
    ],
)
def test_texts_are_where_the_system_keeps_caches(system, environment, folder, monkeypatch):
    for name in ("CHARLSTM_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    classes = {"unix": Unix, "macos": MacOS, "windows": Windows}  # of platformdirs
    monkeypatch.setattr("platformdirs.PlatformDirs", classes[system])
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: "/ada/Local")
    assert registry.corpus_folder().as_posix() == folder


def test_the_registry_pins_every_text():
    downloads = registry.registry()
    assert {"tinyshakespeare", "anna", "names", "irish"} <= set(downloads)
    for download in downloads.values():
        assert re.search(r"/[0-9a-f]{40}/", urlsplit(download.url).path)
        assert re.fullmatch("[0-9a-f]{64}", download.sha256)
    names = [*registry.SHIPPED, *downloads, registry.PYTHON]
    assert len(names) == len(set(names))


def test_texts_here_are_what_the_registry_says():
    for name, download in registry.registry().items():
        if (registry.corpus_folder() / download.file).exists():
            text = read_corpus([name]).text
            assert (len(text), len(set(text))) == (download.characters, download.vocabulary)


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_shipped_texts_are_original_writing(name):
    """No sentence of more than six words stands twice, except in the refrains of verse."""
    import lzma

    text = read_corpus([name]).text
    assert len(text) >= {"tales": 150_000, "plays": 100_000, "verse": 50_000}[name]
    start = text[:100_000].encode("ascii")
    assert 8 * len(lzma.compress(start, preset=9 | lzma.PRESET_EXTREME)) / len(start) > 2.3
    assert set(text) <= set("\n") | set(map(chr, range(32, 127)))
    assert text.endswith("\n")
    assert not re.search(r"^ | $|\n{4}", text, re.M)
    if name != "verse":
        sentences = re.split(r"(?<=[.!?])[\"']*\s+", text.replace("\n", " "))
        words = Counter(" ".join(re.findall(r"[a-z']+", s.lower())) for s in sentences)
        assert [s for s, n in words.items() if n > 1 and len(s.split()) > 6] == []


def test_python_is_the_standard_library_up_to_a_limit():
    corpus = read_corpus(["python"], DataOptions(limit=50_000))
    assert len(corpus.text) == 50_000
    assert "import" in corpus.text
    assert read_corpus(["python"], DataOptions(limit=50_000)).sha256 == corpus.sha256


def test_texts_that_differ_only_in_their_ending_have_it_in_their_names(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path))
    for name in ("note.md", "note.txt", "one.txt", "tales.txt", "README.md", ".hidden"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    assert set(others()) == {"note.md", "note.txt", "one", "tales.txt"}
    assert named("note.md") == [tmp_path / "note.md"]
    assert named("tales.txt") == [tmp_path / "tales.txt"]
    with pytest.raises(
        UserError, match=r"note: there are note\.md and note\.txt; name one of them"
    ):
        named("note")


def test_a_corpus_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path / "file"))
    with pytest.raises(UserError, match="file: not a directory; name a folder that you may read"):
        others()
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path / "gone"))
    assert others() == {}
