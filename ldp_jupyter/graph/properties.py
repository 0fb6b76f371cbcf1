"""Table properties: names of Delta and of the platform, and which have an effect here."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.declarations import Dataset
    from ldp_jupyter.graph.model import Graph

_DELTA = """
appendOnly autoOptimize autoOptimize.autoCompact autoOptimize.optimizeWrite checkpoint.writeStatsAsJson
checkpoint.writeStatsAsStruct checkpointInterval checkpointPolicy checkpointRetentionDuration columnMapping.mode
columnMapping.maxColumnId compatibility.symlinkFormatManifest.enabled dataSkippingNumIndexedCols
dataSkippingStatsColumns deletedFileRetentionDuration enableChangeDataCapture enableChangeDataFeed
enableDeletionVectors enableExpiredLogCleanup enableFullRetentionRollback enableIcebergCompatV1
enableIcebergCompatV2 enableIcebergCompatV3 enableInCommitTimestamps enableRowTracking enableTypeWidening
enableVariantShredding isolationLevel logRetentionDuration minReaderVersion minWriterVersion
parquet.compression.codec randomizeFilePrefixes randomPrefixLength sampleRetentionDuration
setTransactionRetentionDuration targetFileSize tuneFileSizesForRewrites universalFormat.enabledFormats
"""
RESET_ALLOWED = "pipelines.reset.allowed"
_USED = (RESET_ALLOWED, "pipelines.pipelineId", "pipelines.trigger.interval")
# Changes are kept until a full refresh; the second spelling is the older one.
_TOMBSTONES = (
    "pipelines.cdc.tombstoneGCFrequencyInSeconds",
    "pipelines.cdc.tombstoneGCThresholdInSeconds",
    "pipelines.applyChanges.tombstoneGCFrequencyInSeconds",
    "pipelines.applyChanges.tombstoneGCThresholdInSeconds",
)
_WITHOUT_EFFECT = (
    *_TOMBSTONES,
    "pipelines.autoOptimize.managed",
    "pipelines.autoOptimize.zOrderCols",
    "pipelines.channel",
    "pipelines.metastore.tableName",
)
_KNOWN = {
    "delta.": tuple(f"delta.{name}" for name in _DELTA.split()),
    "pipelines.": (*_USED, *_WITHOUT_EFFECT),
}


def without_effect(configuration: Iterable[str]) -> list[str]:
    """Keys of a pipeline's configuration that do something on the platform and nothing here."""
    idle = {key.lower() for key in (*_TOMBSTONES, "pipelines.dropInactiveTables")}
    return [key for key in configuration if key.lower() in idle]


def check_properties(graph: Graph, dataset: Dataset) -> None:
    """Tell a mistyped name of Delta's or the platform's, and properties of the platform that do nothing here.

    Delta refuses unknown names that begin with ``delta.``; names that nobody knows and that are near to none are left
    alone, since the platform has more than Delta.
    """
    if not dataset.options.properties:
        return
    for key, value in dataset.options.properties.items():
        if key.lower() == RESET_ALLOWED and str(value).lower() not in ("true", "false"):
            graph.problems.append(
                LdpError(
                    "LDP-2011",
                    f'table property "{key}" is "{value}"',
                    hint="it is true or false",
                    dataset=graph.shown(dataset.name),
                    location=dataset.location,
                )
            )
        known = next((names for prefix, names in _KNOWN.items() if key.lower().startswith(prefix)), ())
        if not known or key.lower() in {name.lower() for name in known}:
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.85)
        if near:
            graph.problems.append(
                LdpError(
                    "LDP-2011",
                    f'unknown table property "{key}"',
                    hint=f'did you mean "{near[0]}"?',
                    dataset=graph.shown(dataset.name),
                    location=dataset.location,
                )
            )
    lower = {name.lower() for name in _WITHOUT_EFFECT}
    idle = [key for key in dataset.options.properties if key.lower() in lower]
    if idle:
        graph.not_checked.append(Note("no_effect", f"property {', '.join(idle)}", dataset.location))
