"""Files: the HTML report, JUnit XML, DOT."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import display_samples as samples
import pytest
from bs4 import BeautifulSoup
from test_display_html import EVIL, evil_graph, evil_story

from ldp_jupyter.display import dot_available, graph_dot, junit_xml, render_dot, report_html, write_report
from ldp_jupyter.errors import LdpError, UsageProblem

WHERE = "dev · local .ldp"


def test_a_report_stands_alone(tmp_path):
    graph = samples.bookstore()
    view = samples.failed_update(graph).view()
    path = write_report(
        tmp_path / "runs" / "3f2a91" / "report.html",
        graph,
        view,
        [samples.violated()],
        where=WHERE,
        settings={"catalog": "main", "configuration": ["a", "b"]},
    )
    text = path.read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert not page.find_all(["script", "link", "iframe", "object", "embed"])
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"@import|url\(", text)
    assert [h.get_text() for h in page.find_all("h2")] == [
        "Errors",
        "Graph",
        "Tables",
        "Expectations",
        "Checks",
        "Settings",
        "Event log",
    ]
    told = page.get_text()
    for text in (
        "✗ Failed",
        "full refresh",
        WHERE,
        "transformations/silver.sql:22",
        "known_order",
        "order_id IS NOT NULL",
        "flow_progress",
        "a, b",
        "Not checked here: row filter on `orders_silver`",
        "2026-11-25 10:02:08 UTC",
    ):
        assert text in told, text
    assert page.svg["aria-label"].startswith("Graph of pipeline bookstore")


def test_a_report_follows_the_reader_s_colours_and_can_be_printed():
    style = BeautifulSoup(report_html(samples.bookstore(), samples.Story().view()), "html.parser").style.get_text()
    assert "@media (prefers-color-scheme:dark)" in style
    assert "@media print" in style
    assert "%" in style
    assert "%%" not in style
    assert "%(" not in style
    used = set(re.findall(r"var\((--ldp-[a-z]+)\)", report_html(samples.bookstore(), samples.Story().view())))
    assert used
    assert all(f"{name}:#" in style for name in used)


def test_nothing_of_the_user_is_read_as_html():
    graph = evil_graph()
    story = evil_story(graph)
    page = BeautifulSoup(
        report_html(graph, story.view(), graph.problems, where=EVIL, settings={EVIL: EVIL}), "html.parser"
    )
    assert not page.find_all("script")
    assert page.get_text().count(EVIL) > 5


def test_a_report_without_a_graph():
    page = BeautifulSoup(report_html(None, samples.failed_update(samples.bookstore()).view()), "html.parser")
    assert page.svg is None
    assert "EXPECTATION_VIOLATION" in page.get_text()


def test_a_long_event_log_is_cut():
    graph = samples.bookstore()
    story = samples.good_update(graph)
    text = report_html(graph, story.view(), events=story.events * 50)
    assert f"2,000 of {len(story.events) * 50:,} events" in text


def cases(text):
    root = ET.fromstring(text)
    suite = root.find("testsuite")
    found = suite.findall("testcase")
    for element in (root, suite):
        assert int(element.get("tests")) == len(found)
        assert int(element.get("failures")) == sum(c.find("failure") is not None for c in found)
    assert int(suite.get("skipped")) == sum(c.find("skipped") is not None for c in found)
    assert all(c.get("classname") and c.get("name") and float(c.get("time")) >= 0 for c in found)
    return {(c.get("classname"), c.get("name")): c for c in found}


def test_junit_of_a_good_update():
    graph = samples.bookstore()
    found = cases(junit_xml(samples.good_update(graph).view()))
    assert len(found) == 10 + 7
    assert not any(c.find("failure") is not None for c in found.values())
    dropped = found["bookstore.orders_silver", "expectation valid_quantity (drop)"]
    assert dropped.findtext("system-out") == "24 of 1,000 records violate the rule; action: drop"
    assert len(found["bookstore.orders_silver", "expectation known_order (fail)"]) == 0
    assert found["bookstore.orders_silver", "flow main.default.orders_silver"].get("time") == "1.100"


def test_junit_of_a_failed_update():
    graph = samples.bookstore()
    other = LdpError("LDP-5006", "disk is full")
    found = cases(junit_xml(samples.failed_update(graph).view(), [samples.violated(), other]))
    flow = found["bookstore.orders_silver", "flow main.default.orders_silver"].find("failure")
    assert flow.get("type") == "LDP-4001"
    assert "transformations/silver.sql:22" in flow.text
    assert found["bookstore.orders_silver", "expectation known_order (fail)"].find("failure") is not None
    assert found["bookstore.books_sales", "flow main.default.books_sales"].find("skipped").get("message") == "SKIPPED"
    assert found["bookstore.problems", "LDP-5006"].find("failure").get("message") == "disk is full"
    assert not any(name == "LDP-4001" for _, name in found)


def test_junit_never_passes_what_did_not_complete():
    story = samples.Story()
    story.create()
    story.flow("t", "RUNNING")
    story.flow("t", "STOPPED")
    story.state("CANCELED")
    found = cases(junit_xml(story.view()))
    assert found["bookstore", "update 3f2a91"].find("failure").get("message") == "The update is CANCELED."


def test_junit_holds_what_xml_cannot():
    error = LdpError("LDP-3001", "bad \x1b[31m\x00 text", dataset="t", user_traceback="a\x08b ]]> <x>")
    story = samples.Story(pipeline="p\x00")
    story.create()
    story.flow("t", "FAILED")
    found = cases(junit_xml(story.view(), [error]))
    assert "]]> <x>" in next(c for c in found.values() if c.find("failure") is not None).findtext("failure")


def test_dot_text_names_nodes_states_and_edges():
    graph = samples.bookstore()
    text = graph_dot(graph, samples.good_update(graph).view())
    assert text.startswith("digraph bookstore {")
    assert "rankdir=LR" in text
    assert r"orders_silver\l✓ Completed · 1.1 s\l976 rows, 24 dropped\l✓ 2,974 ✗ 26\l" in text
    assert len(re.findall(r"^\tn\d+ -> n\d+$", text, re.MULTILINE)) == 17
    assert graph_dot(graph) == graph_dot(samples.bookstore())


def test_dot_text_escapes_what_dot_would_read():
    graph = evil_graph()
    graph.pipeline = 'a "b" \\N'
    text = graph_dot(graph)
    assert EVIL.replace('"', '\\"') in text
    assert "label=<" not in text


@pytest.mark.skipif(dot_available(), reason="a dot program is installed")
def test_without_a_dot_program_the_user_is_told():
    with pytest.raises(UsageProblem, match="built-in drawing"):
        render_dot(samples.bookstore())


def test_a_dot_program_on_the_path_is_used(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text(f"#!{shutil.which('sh')}\n{shutil.which('cat')} >/dev/null\nprintf '<svg/>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert subprocess.run(["dot"], input=b"", capture_output=True, check=True).stdout == b"<svg/>"
    assert dot_available()
    assert render_dot(samples.bookstore()) == b"<svg/>"
    with pytest.raises(UsageProblem, match="cannot draw"):
        render_dot(samples.bookstore(), output="nonsense")
