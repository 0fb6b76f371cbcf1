"""What the code of a flow does that the platform would not take, or that has no effect here; told by the dry run."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.declarations import Location, Note
from ldp_jupyter.declarations.local_only import local_only
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.pipelines.arguments import location_of
from ldp_jupyter.sources.failures import is_user_frame

if TYPE_CHECKING:
    from ldp_jupyter.declarations import SqlQuery

# Options of Auto Loader, as the platform spells them.
_USED = (
    "format",
    "schemaHints",
    "inferColumnTypes",
    "inferSchema",
    "maxFilesPerTrigger",
    "maxBytesPerTrigger",
    "maxFileAge",
    "includeExistingFiles",
    "cleanSource.moveDestination",
    "cleanSource.retentionDuration",
    "partitionColumns",
    "fileNamePattern",
    "mergeSchema",
    "rescuedDataColumn",
)
# Those without effect, with the values that ask for what happens here in any case.
IDLE_OPTIONS = {
    "schemaLocation": (),
    "schemaEvolutionMode": ("addnewcolumns", "rescue", "failonnewcolumns", "none"),
    "allowOverwrites": ("false",),
    "backfillInterval": (),
    "cleanSource": ("off",),
    "useNotifications": ("false",),
    "useManagedFileEvents": ("false",),
    "useIncrementalListing": ("false", "auto"),
    "useStrictGlobber": ("true",),
    "validateOptions": ("true",),
    "fetchParallelism": (),
    "resourceTag": (),
    "region": (),
    "queueUrl": (),
}
_PREFIX = "cloudfiles."
_NOT_RESCUED = ("avro", "orc", "xml")
_NO_TIME = re.compile(r"\s*(interval\s+)?'?0\b", re.IGNORECASE)
_BY_LOWER = {name.lower(): name for name in (*_USED, *IDLE_OPTIONS)}
_CLOUD = ("aws", "azure", "queue", "subscription", "topic", "tenant", "client", "connection", "resource", "project")


class Notices:
    """What is noticed while one flow is evaluated."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._idle: dict[str, Location | None] = {}
        self._places: set[Location | None] = set()
        # processed files are moved, and kept for no time before
        self._moves, self._at_once = False, False
        # formats of files whose new columns are left out, and where that they are rescued was asked
        self._formats: set[str] = set()
        self._rescues: list[Location | None] = []

    def action(self, key: str) -> None:
        """A call of `LOCAL_ONLY` in a dataset function. What such a method calls itself stands at the same place."""
        place = _user_place()
        if place not in self._places:
            self._places.add(place)
            self.notes.append(local_only(key, place))

    def option(self, key: str, value: Any) -> None:
        """An option of a reader.

        Raises:
            LdpError: LDP-2011 for one of Auto Loader's that it does not have.
        """
        if key.lower() == "rescueddatacolumn":
            self._rescues.append(_user_place())
        if not key.lower().startswith(_PREFIX):
            return
        name = key[len(_PREFIX) :]
        if name.lower() == "format" and str(value).lower() in _NOT_RESCUED:
            self._formats.add(str(value).lower())
        if name.lower() == "rescueddatacolumn" or str(value).lower() == "rescue":
            self._rescues.append(_user_place())
        known = _BY_LOWER.get(name.lower())
        self._moves |= known == "cleanSource" and str(value).lower() == "move"
        self._at_once |= known == "cleanSource.retentionDuration" and bool(_NO_TIME.match(str(value)))
        if known in IDLE_OPTIONS and str(value).lower() not in IDLE_OPTIONS[known]:
            self._idle.setdefault(known, _user_place())
        elif known is None and not name.lower().startswith(_CLOUD):
            raise LdpError(
                "LDP-2011",
                f'Auto Loader has no option "{key}"',
                hint=_near(name) or "its options begin with cloudFiles.; those of the format do not",
                location=_user_place(),
            )

    def sql(self, query: SqlQuery) -> None:
        """Forms and options in the text of a query."""
        from ldp_jupyter.sql.text import position, strip_comments

        plain = strip_comments(query.text)
        if re.search(r"\bPIVOT\s*\(", plain, re.IGNORECASE):
            found = re.search(r"\bPIVOT\s*\(", query.text, re.IGNORECASE)
            self.notes.append(local_only("PIVOT", _moved(query, position(query.text, found.start() if found else 0))))
        if not re.search(r"\b(read_files|cloud_files)\s*\(", plain, re.IGNORECASE):
            return
        self._formats |= {f for f in _NOT_RESCUED if re.search(rf"'{f}'", query.text, re.IGNORECASE)}
        if rescues := re.search(r"\brescuedDataColumn\b|'rescue'", query.text, re.IGNORECASE):
            self._rescues.append(_moved(query, position(query.text, rescues.start())))
        self._moves |= bool(re.search(r"\bcleanSource\W+MOVE\b", query.text, re.IGNORECASE))
        self._at_once |= bool(re.search(r"\bcleanSource\.retentionDuration\W+0\b", query.text, re.IGNORECASE))
        for option, quiet in IDLE_OPTIONS.items():
            found = re.search(
                rf"(?:\b{option}\b\s*=>|'cloudFiles\.{option}'\s*,)\s*'?(\w*)", query.text, re.IGNORECASE
            )
            if found and found[1].lower() not in quiet:
                self._idle.setdefault(option, _moved(query, position(query.text, found.start())))
        for found in re.finditer(r"\b(\w+)\s*=>", query.text):
            near = _near(found[1]) if found[1].lower() not in _BY_LOWER else None
            if near and found[1].lower() not in _FILE_OPTIONS:
                raise LdpError(
                    "LDP-2011",
                    f'read_files has no parameter "{found[1]}"',
                    hint=near,
                    location=_moved(query, position(query.text, found.start())),
                )

    def all(self) -> list[Note]:
        """Everything noticed; options without effect in one note."""
        if self._moves and self._at_once:
            self._idle.pop("cleanSource", None)
        notes = list(self.notes)
        if self._formats and self._rescues:
            text = f"Auto Loader rescues nothing of {', '.join(sorted(self._formats))} files: new columns are left out"
            notes.append(Note("no_effect", text, self._rescues[0]))
        if not self._idle:
            return notes
        text = f"Auto Loader's {', '.join(self._idle)} {'has' if len(self._idle) == 1 else 'have'} no effect"
        return [*notes, Note("no_effect", text, next(iter(self._idle.values())))]


# Options of formats and of files in general, which read_files takes as well.
_FILE_OPTIONS = frozenset({
    "allowbackslashescapinganycharacter", "allowcomments", "allownonnumericnumbers", "allownumericleadingzeros",
    "allowsinglequotes", "allowunquotedcontrolchars", "allowunquotedfieldnames", "attributeprefix", "badrecordspath",
    "charset", "chartoescapequoteescaping", "columnnameofcorruptrecord", "comment", "dateformat",
    "datetimerebasemode", "declaration", "delimiter", "dropfieldifallnull", "emptyvalue", "encoding", "enforceschema",
    "escape", "escapequotes", "excludeattribute", "header", "ignorecorruptfiles", "ignoreleadingwhitespace",
    "ignoremissingfiles", "ignoresurroundingspaces", "ignoretrailingwhitespace", "inferschema", "inferts",
    "int96rebasemode", "lineseparator", "linesep", "locale", "maxcharspercolumn", "maxcolumns", "mergeschema", "mode",
    "modifiedafter", "modifiedbefore", "multiline", "nanvalue", "negativeinf", "nullvalue", "pathglobfilter",
    "positiveinf", "preferdate", "prefersdate", "prefersdecimal", "primitivesasstring", "quote", "quoteall",
    "quoteescapecharacter", "quotemode", "readercasesensitive", "recursivefilelookup", "rescueddatacolumn", "roottag",
    "rowtag", "rowvalidationxsdpath", "samplingratio", "schema", "sep", "singlevariantcolumn", "skiprows",
    "timestampformat", "timestampntzformat", "timezone", "unescapedquotehandling", "unescapequotes", "valuetag",
    "wholetext", "wildcardcolname", "path",
})  # fmt: skip


def _near(name: str) -> str | None:
    import difflib

    near = difflib.get_close_matches(name.lower(), list(_BY_LOWER), n=1, cutoff=0.8)
    return did_you_mean(name, [_BY_LOWER[near[0]]]) if near else None


def _moved(query: SqlQuery, at: tuple[int, int]) -> Location | None:
    from ldp_jupyter.graph.evaluate import place_in

    return place_in(query.location, *at)


def _user_place() -> Location | None:
    """The innermost line of the user's that is running."""
    frame = sys._getframe(1)
    while frame is not None and not is_user_frame(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return location_of(frame.f_code.co_filename, frame.f_lineno, current()) if frame is not None else None
