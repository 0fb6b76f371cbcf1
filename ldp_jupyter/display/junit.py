"""An update as JUnit XML: one test case for each flow and each expectation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from ldp_jupyter.display.icons import printable
from ldp_jupyter.errors import render_problem, sort_problems
from ldp_jupyter.events import FlowStatus, UpdateState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import DatasetView, FlowView, RuleCount, UpdateView

_UNRUN = (FlowStatus.SKIPPED, FlowStatus.EXCLUDED, FlowStatus.STOPPED, FlowStatus.QUEUED)


def junit_xml(update: UpdateView, problems: Sequence[LdpError] = ()) -> str:
    """The report as text.

    A flow that failed is a failure; one that did not run, or was stopped, is skipped. An update that did not complete
    has one failure at least. A violated expectation is a
    failure with the action FAIL; with WARN or DROP it passes and its counts are printed. Errors that belong to no
    failed flow are test cases of their own.

    Parameters:
        update: the update.
        problems: its errors, whole.
    """
    name = update.pipeline or "pipeline"
    cases: list[ET.Element] = []
    told: set[int] = set()
    for view in update.datasets.values():
        cases += [_flow_case(name, view, flow, problems, told) for flow in view.flows.values()]
        cases += [_rule_case(name, view, rule) for rule in view.expectations.values()]
    for problem in sort_problems(problems):
        if id(problem) not in told:
            title = f"{problem.code} {problem.dataset}" if problem.dataset else problem.code
            case = _case(f"{name}.problems", title, 0.0)
            _child(case, "failure", render_problem(problem), message=problem.message, type=problem.code)
            cases.append(case)
    if (
        update.state is not None
        and update.state != UpdateState.COMPLETED
        and all(c.find("failure") is None for c in cases)
    ):
        case = _case(name, f"update {update.update_id[:6]}", update.seconds or 0.0)
        _child(case, "failure", "\n".join(update.errors), message=f"The update is {update.state.value}.", type="update")
        cases.append(case)
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(c.find("failure") is not None for c in cases)),
        "errors": "0",
        "skipped": str(sum(c.find("skipped") is not None for c in cases)),
        "time": f"{update.seconds or 0:.3f}",
    }
    root = ET.Element("testsuites", {"name": _clean(name), **{k: v for k, v in totals.items() if k != "skipped"}})
    more = {"timestamp": update.created.strftime("%Y-%m-%dT%H:%M:%S")} if update.created else {}
    suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **totals, **more})
    properties = ET.SubElement(suite, "properties")
    facts = {
        "update_id": update.update_id,
        "state": update.state.value if update.state else "",
        "full_refresh": str(update.full_refresh).lower(),
    }
    for key, value in facts.items():
        ET.SubElement(properties, "property", {"name": key, "value": _clean(value)})
    suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _flow_case(
    pipeline: str, view: DatasetView, flow: FlowView, problems: Sequence[LdpError], told: set[int]
) -> ET.Element:
    case = _case(f"{pipeline}.{view.name}", f"flow {flow.name}", flow.seconds or 0.0)
    if flow.status == FlowStatus.FAILED:
        own = [p for p in problems if p.dataset == view.name]
        told.update(id(p) for p in own)
        blocks = (
            "\n\n".join(render_problem(p) for p in own) or flow.error or f"Flow '{flow.name}' is {flow.status.value}."
        )
        first = own[0].message if own else blocks.splitlines()[0]
        _child(case, "failure", blocks, message=first, type=own[0].code if own else "flow")
    elif flow.status in _UNRUN:
        _child(case, "skipped", "", message=flow.status.value)
    return case


def _rule_case(pipeline: str, view: DatasetView, rule: RuleCount) -> ET.Element:
    action = rule.action.lower()
    case = _case(f"{pipeline}.{view.name}", f"expectation {rule.name} ({action})", 0.0)
    counts = f"{rule.failed:,} of {rule.passed + rule.failed:,} records violate the rule"
    if not rule.passed and not rule.failed:
        _child(case, "skipped", "", message="not evaluated")
    elif rule.failed and action == "fail":
        _child(case, "failure", counts, message=counts, type="expectation")
    elif rule.failed:
        _child(case, "system-out", f"{counts}; action: {action}")
    return case


def _case(classname: str, name: str, seconds: float) -> ET.Element:
    return ET.Element(
        "testcase", {"classname": _clean(classname), "name": _clean(name), "time": f"{max(seconds, 0):.3f}"}
    )


def _child(case: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(case, tag, {k: _clean(v) for k, v in attributes.items()}).text = _clean(text) or None


def _clean(text: str) -> str:
    """Text without what XML cannot hold, e.g. the colours of a terminal."""
    return printable(text.replace("\x1b", ""))
