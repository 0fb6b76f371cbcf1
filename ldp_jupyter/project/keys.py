"""The keys that pipeline settings may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

    from ldp_jupyter.project.tree import Tree

# Keys that settings are read from.
USED = frozenset({
    "catalog", "configuration", "continuous", "development", "event_log", "libraries", "name", "notifications",
    "parameters", "root_path", "schema", "target",
})  # fmt: skip

# Keys of the platform that mean nothing on one machine: kept for export.
KEPT = frozenset({
    "allow_duplicate_names", "budget_policy_id", "cascade_on_destroy", "channel", "clusters", "deployment", "dry_run",
    "edition", "environment", "expected_last_modified", "filters", "gateway_definition", "id", "ingestion_definition",
    "lifecycle", "parent_path", "permissions", "photon", "restart_window", "run_as", "run_as_user_name", "serverless",
    "storage", "tags", "trigger", "usage_policy_id",
})  # fmt: skip

# Keys that reading the settings back from the platform adds.
REPORTED = frozenset({
    "cause", "creator_user_name", "health", "last_modified", "latest_updates", "pipeline_id", "pipeline_type", "spec",
    "state", "effective_budget_policy_id", "effective_publishing_mode", "cluster_id",
})  # fmt: skip

PIPELINE_KEYS = USED | KEPT

LIBRARY_KEYS = frozenset({"file", "glob", "jar", "maven", "notebook", "whl"})
EVENT_LOG_KEYS = frozenset({"catalog", "name", "schema"})
NOTIFICATION_KEYS = frozenset({"alerts", "email_recipients"})
ALERTS = ("on-update-success", "on-update-failure", "on-update-fatal-failure", "on-flow-failure")

# Keys of a bundle's targets, presets and variables.
TARGET_KEYS = frozenset({
    "artifacts", "bundle", "cluster_id", "compute_id", "default", "experimental", "git", "mode", "permissions",
    "presets", "resources", "run_as", "sync", "variables", "workspace",
})  # fmt: skip
PRESET_KEYS = frozenset({
    "artifacts_dynamic_version", "jobs_max_concurrent_runs", "name_prefix", "pipelines_development",
    "source_linked_deployment", "tags", "trigger_pause_status",
})  # fmt: skip
VARIABLE_KEYS = frozenset({"default", "description", "lookup", "type"})

SPARK_PIPELINE_KEYS = frozenset({"catalog", "configuration", "database", "libraries", "name", "schema", "storage"})


def unknown_keys(tree: Tree, known: Collection[str], what: str) -> list[LdpError]:
    """One problem, LDP-1004, for each key of a mapping that is not known."""
    return [
        UsageProblem(
            "LDP-1004",
            f'unknown key "{key}" in {what}',
            location=tree.key_place(key),
            hint=did_you_mean(key, known) or f"known keys: {', '.join(sorted(known))}",
        )
        for key, _ in tree.items()
        if key not in known
    ]
