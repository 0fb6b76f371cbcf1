"""Maven repositories to fetch from: the mirror of the user's Maven settings, one named by the environment, Central."""

from __future__ import annotations

import base64
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Maven's own default repository, known to every build tool.
_CENTRAL_HOST = ("repo1", "maven", "org")
CENTRAL = f"https://{'.'.join(_CENTRAL_HOST)}/maven2"


@dataclass(frozen=True)
class Repository:
    """A repository with what it takes to read it.

    Parameters:
        url: root address.
        origin: where the address comes from, as shown.
        user: with `password`, what the server asks for.
    """

    url: str
    origin: str
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return f"{self.url} ({self.origin})"

    def __repr__(self) -> str:
        return f"Repository({self.url!r}, {self.origin!r})"  # a password is nothing for a log


def maven_folder() -> Path:
    """The user's Maven folder."""
    return Path.home() / ".m2"


def local_repository() -> Path:
    """The local repository of Maven, moved by its settings where they say so."""
    settings = _settings()
    moved = _text(settings, "localRepository") if settings is not None else None
    return Path(_filled(moved)) if moved else maven_folder() / "repository"


def repositories() -> list[Repository]:
    """Where to fetch, best first. A mirror that is configured stands for Central, but Central is tried in the end."""
    found: list[Repository] = []
    for name in ("LDP_MAVEN_MIRROR", "DEFAULT_ARTIFACT_REPOSITORY"):
        url = os.environ.get(name)
        if url:
            found.append(Repository(url.rstrip("/"), name))
    mirror = _mirror()
    if mirror is not None:
        found.append(mirror)
    found.append(Repository(CENTRAL, "Maven Central"))
    return found


def download(repository: Repository, path: str, target: Path) -> None:
    """Fetch a file of a repository (through the proxies and certificates of the environment).

    Raises:
        OSError: it cannot be fetched.
    """
    import urllib.request

    url = f"{repository.url}/{path}"
    if not url.startswith(("https://", "http://", "file:/")):
        raise OSError(f"not an address to fetch from: {url}")
    request = urllib.request.Request(url, headers={"User-Agent": "ldp_jupyter"})  # noqa: S310  (checked above)
    if repository.user is not None:
        pair = f"{repository.user}:{repository.password or ''}".encode()
        # Unredirected: a server that forwards to another one must not hand the password on.
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    with urllib.request.urlopen(request, timeout=60) as answer, target.open("wb") as out:  # noqa: S310
        shutil.copyfileobj(answer, out)


def _settings() -> Element | None:
    """The root of the user's ``settings.xml``; None when there is none or it cannot be read."""
    try:
        return ET.parse(maven_folder() / "settings.xml").getroot()  # noqa: S314  (the user's own file)
    except (OSError, ET.ParseError):
        return None


def _mirror() -> Repository | None:
    settings = _settings()
    if settings is None:
        return None
    for mirror in settings.findall("{*}mirrors/{*}mirror"):
        url, name = _text(mirror, "url"), _text(mirror, "id")
        if url and _mirrors_central(_text(mirror, "mirrorOf") or "") and _text(mirror, "blocked") != "true":
            user, password = _credentials(settings, name)
            return Repository(_filled(url).rstrip("/"), "mirror of ~/.m2/settings.xml", user, password)
    return None


def _mirrors_central(pattern: str) -> bool:
    """Whether ``mirrorOf`` covers the repository ``central``: lists, ``*``, ``external:*`` and ``!central``."""
    parts = [part.strip() for part in pattern.split(",")]
    return "!central" not in parts and any(part in ("central", "*", "external:*") for part in parts)


def _credentials(settings: Element, name: str | None) -> tuple[str | None, str | None]:
    for server in settings.findall("{*}servers/{*}server"):
        if name and _text(server, "id") == name:
            user, password = _text(server, "username"), _text(server, "password")
            return (_filled(user) if user else None, _filled(password) if password else None)
    return None, None


def _text(element: Element, tag: str) -> str | None:
    found = element.findtext(f"{{*}}{tag}")
    return found.strip() if found and found.strip() else None


def _filled(text: str) -> str:
    """``${env.NAME}`` and ``${user.home}`` replaced, as Maven does."""
    text = re.sub(r"\$\{env\.([^}]+)\}", lambda m: os.environ.get(m[1], m[0]), text)
    return text.replace("${user.home}", str(Path.home()))
