"""Auto Loader's `includeExistingFiles = false`: files that are there when a stream first begins are not read.

Spark's file source has no such option. So the stream is given a checkpoint in which a first batch has read them: lists
of the files that were seen, the batch's offsets, and that it was committed. The offsets are written last and make it
count.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

from ldp_jupyter.engine.backlog import modified_at, waiting_files
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.places import is_remote, place, write_text
from ldp_jupyter.state.checkpoints import has_begun

if TYPE_CHECKING:
    from ldp_jupyter.spark.bridge import StreamSource
    from ldp_jupyter.spark.places import Place

_PARTITIONS = "spark.sql.shuffle.partitions"
_OPTION = "ldp.includeexistingfiles"
# What java.net.URI leaves as it is in a path, with letters beyond ASCII.
_PLAIN = "/=:@!$&'()*+,;~"
_BEYOND = re.compile(r"[^\x00-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def pass_over_existing(checkpoint: str, sources: list[StreamSource], partitions: str) -> None:
    """Let a stream that never ran begin behind the files of those of its sources that want it.

    Parameters:
        sources: the plan's source leaves, in the order of the offset log.
        partitions: how many a query's state has; Spark wants to know them of each batch.

    Raises:
        LdpError: LDP-2023 where the files are not on this machine.
    """
    folder = place(checkpoint)
    if not any(map(_wants, sources)) or has_begun(checkpoint):
        return
    offsets = []
    for index, source in enumerate(sources):
        if _wants(source) and is_remote(source.path or ""):
            raise LdpError(
                "LDP-2023",
                "cloudFiles.includeExistingFiles as false needs files of this machine",
                hint=f"{source.path} is elsewhere: leave the option out, or filter by _metadata",
            )
        files = waiting_files(folder, source, None) if _wants(source) else None
        if files is None:
            offsets.append("-")
            continue
        _write(folder / "sources" / str(index) / "0", [_entry(file) for file in files])
        offsets.append('{"logOffset":0}')
    if not any(offset != "-" for offset in offsets):
        return
    if not (folder / "metadata").exists():
        write_text(folder / "metadata", json.dumps({"id": str(uuid.uuid4())}))
    _write(folder / "commits" / "0", ['{"nextBatchWatermarkMs":0}'])
    about = {"batchWatermarkMs": 0, "batchTimestampMs": int(time.time() * 1000), "conf": {_PARTITIONS: partitions}}
    _write(folder / "offsets" / "0", [json.dumps(about), *offsets])


def _wants(source: StreamSource) -> bool:
    return source.kind == "files" and any(k.lower() == _OPTION and v == "false" for k, v in source.options.items())


def _entry(file: str) -> str:
    plain = _BEYOND.findall(file)
    parts = [quote(part, safe=_PLAIN) for part in _BEYOND.split(file)]
    path = "file://" + "".join(part + kept for part, kept in zip(parts, [*plain, ""], strict=True))
    return json.dumps({"path": path, "timestamp": modified_at(file) or 0, "batchId": 0})


def _write(path: Place, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(["v1", *lines]))
