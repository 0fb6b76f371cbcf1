"""Where JARs come from, against a real repository on this machine's own address."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import multiprocessing
import threading
from pathlib import Path

import pytest

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.jars import DELTA_JARS, Jar, find_jars, missing_jars
from ldp_jupyter.spark.repositories import Repository, local_repository, repositories

CONTENT = b"PK\x03\x04 not much of a JAR"
JAR = Jar("org.example", "thing_2.13", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; with `password` set, only to who gives it."""

    asked: list[str] = []  # noqa: RUF012
    password: str | None = None

    def do_GET(self):
        type(self).asked.append(self.path)
        if self.password is not None:
            wanted = "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self.send_error(401)
                return
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A user with an empty cache, no Maven settings, and Central out of reach."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("LDP_CACHE", str(tmp_path / "cache"))
    for name in ("LDP_JARS", "LDP_MAVEN_MIRROR", "DEFAULT_ARTIFACT_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("ldp_jupyter.spark.repositories.CENTRAL", (tmp_path / "no-central").as_uri())
    (tmp_path / "home" / ".m2").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path):
    """A repository that holds the JAR; gives its address and its handler."""
    put(tmp_path / "remote" / JAR.path)
    handler = type("OwnHandler", (Handler,), {"asked": []})
    serving = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(tmp_path / "remote"))
    )
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", handler
    serving.shutdown()
    thread.join()
    serving.server_close()


def put(file: Path, content: bytes = CONTENT) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def settings(home: Path, body: str, namespace: str = ' xmlns="http://maven.apache.org/SETTINGS/1.2.0"') -> None:
    (home / ".m2" / "settings.xml").write_text(f"<settings{namespace}>{body}</settings>")


def mirror(url: str, of: str = "central") -> str:
    return f"<mirrors><mirror><id>corp</id><mirrorOf>{of}</mirrorOf><url>{url}</url></mirror></mirrors>"


def test_the_two_delta_jars_fit_the_pinned_version():
    assert [jar.file_name for jar in DELTA_JARS] == ["delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar"]
    assert DELTA_JARS[0].path == "io/delta/delta-spark_4.2_2.13/4.4.0/delta-spark_4.2_2.13-4.4.0.jar"


def test_fetched_once_then_no_network(home, server, monkeypatch, tmp_path):
    url, handler = server
    monkeypatch.setenv("LDP_MAVEN_MIRROR", url)
    assert missing_jars([JAR]) == [JAR]
    [path] = find_jars([JAR])
    assert path == tmp_path / "cache" / "jars" / JAR.file_name
    assert path.read_bytes() == CONTENT
    assert missing_jars([JAR]) == []
    assert find_jars([JAR]) == [path]
    assert len(handler.asked) == 1
    assert sorted(p.name for p in path.parent.iterdir()) == [JAR.file_name]


def test_folder_of_the_user_comes_first(home, monkeypatch, tmp_path):
    own = put(tmp_path / "own" / JAR.file_name, b"built by the user")
    monkeypatch.setenv("LDP_JARS", str(tmp_path / "own"))
    assert find_jars([JAR]) == [own]
    assert not (tmp_path / "cache" / "jars").exists()


def test_local_maven_repository_before_the_network(home, server, monkeypatch):
    url, handler = server
    monkeypatch.setenv("LDP_MAVEN_MIRROR", url)
    put(home / ".m2" / "repository" / JAR.path)
    assert find_jars([JAR])[0].read_bytes() == CONTENT
    assert handler.asked == []


def test_wrong_content_is_refused_and_the_next_source_asked(home, server, monkeypatch):
    monkeypatch.setenv("LDP_MAVEN_MIRROR", server[0])
    put(home / ".m2" / "repository" / JAR.path, b"half of it")
    assert find_jars([JAR])[0].read_bytes() == CONTENT


def test_mirror_of_maven_settings_with_its_password(home, server, monkeypatch):
    url, handler = server
    handler.password = "s3cret"
    monkeypatch.setenv("MIRROR_PASSWORD", "s3cret")
    settings(home, mirror(url + "/", "*,!snapshots") + "<servers><server><id>corp</id><username>me</username>"
             "<password>${env.MIRROR_PASSWORD}</password></server></servers>")
    assert find_jars([JAR])[0].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("pattern", "counts"),
    [("central", True), ("*", True), ("external:*", True), ("a, central", True), ("*,!central", False), ("a", False)],
)
def test_which_mirrors_count(home, pattern, counts):
    settings(home, mirror("http://127.0.0.1:9/maven", pattern))
    assert ("http://127.0.0.1:9/maven" in [r.url for r in repositories()]) is counts


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://maven.apache.org/SETTINGS/1.0.0"'])
def test_settings_with_and_without_namespace(home, namespace):
    settings(home, mirror("http://127.0.0.1:9/maven") + "<localRepository>${user.home}/repo</localRepository>", namespace)
    assert repositories()[0].url == "http://127.0.0.1:9/maven"
    assert local_repository() == home / "repo"


def test_broken_settings_are_no_obstacle(home):
    (home / ".m2" / "settings.xml").write_text("<settings><mirrors>")
    assert [r.origin for r in repositories()] == ["Maven Central"]


def test_error_lists_what_was_tried(home, server, monkeypatch, tmp_path):
    monkeypatch.setenv("LDP_JARS", str(tmp_path / "nothing"))
    monkeypatch.setenv("LDP_MAVEN_MIRROR", server[0])
    other = Jar("org.example", "other", "2.0", "0" * 64)
    with pytest.raises(LdpError) as caught:
        find_jars([other])
    assert caught.value.code == "LDP-5002"
    for place in ("LDP_JARS", "repository", server[0], "Maven Central"):
        assert place in caught.value.hint
    assert list((tmp_path / "cache" / "jars").iterdir()) == []


def test_password_is_not_shown():
    assert "s3cret" not in repr(Repository("http://127.0.0.1", "x", "me", "s3cret"))
    assert "s3cret" not in str(Repository("http://127.0.0.1", "x", "me", "s3cret"))


def fetch(_number: int) -> str:
    return str(find_jars([JAR])[0])


def test_two_processes_fetch_once(home, server, monkeypatch):
    url, handler = server
    monkeypatch.setenv("LDP_MAVEN_MIRROR", url)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        paths = pool.map(fetch, range(2))
    assert len(set(paths)) == 1
    assert len(handler.asked) == 1
