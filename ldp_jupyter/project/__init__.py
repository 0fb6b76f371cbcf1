"""Settings of a project: pipelines, targets, variables, source files."""

from ldp_jupyter.project.files import notebook_files, source_elsewhere, source_files
from ldp_jupyter.project.find import find_project
from ldp_jupyter.project.init import init_project
from ldp_jupyter.project.load import bundle_resources, choose_pipeline, load_project
from ldp_jupyter.project.problems import SettingsProblems
from ldp_jupyter.project.saving import save_settings
from ldp_jupyter.project.settings import (
    EventLogSettings,
    Library,
    Notification,
    PipelineSettings,
    Project,
    SettingRow,
    dump_settings,
)
from ldp_jupyter.project.tree import Tree

__all__ = [
    "EventLogSettings",
    "Library",
    "Notification",
    "PipelineSettings",
    "Project",
    "SettingRow",
    "SettingsProblems",
    "Tree",
    "bundle_resources",
    "choose_pipeline",
    "dump_settings",
    "find_project",
    "init_project",
    "load_project",
    "notebook_files",
    "save_settings",
    "source_elsewhere",
    "source_files",
]
