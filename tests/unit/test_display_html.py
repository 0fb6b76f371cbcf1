"""What notebooks hold: HTML that is shown although nobody trusts it, with nothing from the user read as HTML."""

import base64
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import display_samples as samples
import pytest
from bs4 import BeautifulSoup

from ldp_jupyter.declarations import Location, Note
from ldp_jupyter.display import (
    CellCard,
    DataView,
    DryRunView,
    EventsView,
    ExpectationsView,
    GraphView,
    LiveView,
    TablesView,
    UpdateReport,
    draw,
)
from ldp_jupyter.display.svg import palette
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph.model import Column, Graph

EVIL = "<script>alert('x')</script>&\"`"
# What JupyterLab's sanitizer keeps, as far as the displays use it.
ELEMENTS = {
    "div",
    "span",
    "b",
    "i",
    "wbr",
    "pre",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "caption",
    "details",
    "summary",
    "img",
    "progress",
    "br",
}
ATTRIBUTES = {"style", "alt", "src", "width", "height", "scope", "open", "max", "value", "title"}
PROPERTIES = {
    "background-color",
    "border-bottom",
    "border-collapse",
    "border-left",
    "border-radius",
    "color",
    "cursor",
    "display",
    "font-family",
    "font-size",
    "font-weight",
    "height",
    "line-height",
    "margin",
    "margin-top",
    "max-width",
    "min-width",
    "opacity",
    "overflow",
    "overflow-x",
    "overflow-wrap",
    "padding",
    "text-align",
    "vertical-align",
    "white-space",
    "width",
}


def evil_graph():
    graph = Graph(EVIL, samples.SPACE)
    node = samples.node(
        EVIL, samples.MV, outside=[f"/data/{EVIL}"], rules=[samples.rule(EVIL, EVIL)], file=EVIL, comment=EVIL
    )
    node.columns = [Column(EVIL, EVIL)]
    graph.nodes[node.name] = node
    graph.problems = [LdpError("LDP-2003", EVIL, dataset=EVIL, hint=EVIL, location=Location(EVIL, 3))]
    graph.warnings = [Note("warning", EVIL)]
    graph.not_checked = [Note("not_checked", EVIL)]
    return graph


def evil_story(graph):
    story = samples.Story(pipeline=EVIL, update_id=EVIL)
    story.create()
    story.define(graph)
    story.flow(EVIL, "RUNNING")
    error = {"fatal": True, "exceptions": [{"class_name": EVIL, "message": EVIL, "stack": []}]}
    story.flow(EVIL, "FAILED", quality={
        "expectations": [samples.checked(EVIL, EVIL, 5, 1)],
        "samples": [{"name": EVIL, "dataset": EVIL, "rows": [json.dumps({EVIL: EVIL})]}],
    }, error=error)
    return story


def all_displays():
    graph, evil = samples.bookstore(), evil_graph()
    good, failed = samples.good_update(graph).view(), samples.failed_update(graph).view()
    story = evil_story(evil)
    where = "dev · local .ldp"
    return {
        "graph": GraphView(graph, where=where),
        "graph of an update": GraphView(graph, good, where),
        "evil graph": GraphView(evil, story.view(), EVIL),
        "tables": TablesView(good),
        "evil tables": TablesView(story.view()),
        "expectations": ExpectationsView(good, graph),
        "evil expectations": ExpectationsView(story.view(), evil),
        "events": EventsView(story.events, 100),
        "dry run": DryRunView(graph, where),
        "dry run with errors": DryRunView(samples.broken(), where),
        "evil dry run": DryRunView(evil, EVIL),
        "update": UpdateReport(graph, good, (), where),
        "failed update": UpdateReport(graph, failed, [samples.violated()], where),
        "evil update": UpdateReport(evil, story.view(), evil.problems, EVIL),
        "evil update by its events": UpdateReport(evil, story.view()),
        "no graph": UpdateReport(None, failed),
        "live": LiveView(graph, samples.good_update(graph).view(), where),
        "evil live": LiveView(None, story.view(), EVIL),
        "card": CellCard(
            list(graph.nodes.values()),
            samples.SPACE,
            sinks=list(graph.sinks.values()),
            captured=["threshold"],
            flows=[graph.sink_flows[0].flow],
            notes=graph.warnings,
            advice="save it",
        ),
        "evil card": CellCard(
            [*evil.nodes.values(), next(iter(evil.nodes.values())).dataset],
            samples.SPACE,
            captured=[EVIL],
            notes=evil.warnings,
            problems=evil.problems,
            advice=EVIL,
        ),
        "rows": DataView([Column(EVIL, EVIL), Column("n", "int")], [(EVIL, None), ({EVIL: [EVIL]}, 3)], title=EVIL),
    }


DISPLAYS = all_displays()


@pytest.mark.parametrize("name", DISPLAYS)
def test_an_untrusted_notebook_keeps_all_of_it(name):
    soup = BeautifulSoup(DISPLAYS[name]._repr_mimebundle_()["text/html"], "html.parser")
    found = soup.select("*")
    assert found
    assert {e.name for e in found} <= ELEMENTS
    assert {a for e in found for a in e.attrs} <= ATTRIBUTES
    styles = [d.split(":", 1) for e in found for d in e.get("style", "").split(";") if d.strip()]
    assert {key for key, _ in styles} <= PROPERTIES
    assert not any("url(" in value or "var(" in value for _, value in styles)


@pytest.mark.parametrize("name", DISPLAYS)
def test_pictures_are_told_in_words_and_need_no_network(name):
    soup = BeautifulSoup(str(DISPLAYS[name].html()), "html.parser")
    for image in soup.find_all("img"):
        assert image["alt"].startswith("Graph of pipeline")
        assert image["src"].startswith("data:image/svg+xml;base64,")
        svg = base64.b64decode(image["src"].split(",", 1)[1]).decode()
        root = ET.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r"href|url\(|<script|<style|<image|<foreignObject|@import", svg)


@pytest.mark.parametrize("name", [n for n in DISPLAYS if "evil" in n])
def test_what_users_wrote_is_text(name):
    page = str(DISPLAYS[name].html())
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all("script")
    assert EVIL in soup.get_text() or any(EVIL in image["alt"] for image in soup.find_all("img"))
    assert EVIL in DISPLAYS[name].text(width=400).replace("\n", "")


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_terminal_gets_the_same_without_html(name):
    bundle = DISPLAYS[name]._repr_mimebundle_()
    assert bundle["text/plain"] == repr(DISPLAYS[name]) == DISPLAYS[name].text()
    assert "\x1b[" not in bundle["text/plain"]
    assert "<div" not in bundle["text/plain"]
    coloured = DISPLAYS[name].text(color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"[ \n]", "", re.sub(r"\x1b\[[0-9;]*m", "", coloured)) == re.sub(r"[ \n]", "", bundle["text/plain"])


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_is_deterministic(name):
    assert DISPLAYS[name]._repr_mimebundle_() == all_displays()[name]._repr_mimebundle_()


def test_front_ends_choose_what_they_want():
    view = GraphView(samples.bookstore())
    assert set(view._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(view._repr_mimebundle_(exclude=["text/html"])) == {"text/plain"}


def test_a_display_never_raises():
    view = GraphView(samples.bookstore())
    view.graph = None
    bundle = view._repr_mimebundle_()
    assert "GraphView" in bundle["text/plain"]
    assert "AttributeError" in bundle["text/plain"]
    assert "text/html" not in bundle


def test_the_picture_names_datasets_and_states():
    graph = samples.bookstore()
    alt = GraphView(graph, samples.good_update(graph).view()).alt()
    assert "12 datasets" in alt
    assert "orders_silver (streaming table), completed, 976 rows, 24 dropped, 26 failed expectations" in alt
    assert "books_silver (streaming table, SCD 2), completed, 396 upserted, 4 deleted" in alt


def texts(svg):
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_says_what_the_update_did():
    graph = samples.bookstore()
    said = texts(draw(graph, samples.good_update(graph).view()).svg)
    for text in (
        "orders_silver",
        "streaming table, SCD 2",
        "Completed",
        "976 rows, 24 dropped",
        "3 rules ✓ 2,974  ✗ 26",
        "1.1 s",
        "No change",
        "Full recompute",
        "Incremental",
        "sink, delta",
        "files",
        "…/kafka-raw",
        "orders_out",
    ):
        assert text in said, text


def test_a_failed_update_is_told_by_words_not_by_colours():
    graph = samples.bookstore()
    said = texts(draw(graph, samples.failed_update(graph).view()).svg)
    for word in ("Failed", "Skipped", "Stopped", "Excluded", "Completed"):
        assert word in said


def test_an_invalid_dataset_is_marked_in_a_dry_run():
    drawn = draw(samples.broken())
    assert texts(drawn.svg).count("Invalid") == 2
    assert "unknown column" in drawn.svg


def test_a_long_name_is_shortened_and_told_whole():
    drawn = draw(samples.bookstore())
    assert any(t.startswith("daily_customer_") and t.endswith("…") for t in texts(drawn.svg))
    titles = [e.text for e in ET.fromstring(drawn.svg).iter("{http://www.w3.org/2000/svg}title")]
    assert any("main.default.daily_customer_books_with_a_very_long_name_indeed" in t for t in titles)


def test_cards_stay_where_they_are_while_an_update_runs():
    graph = samples.bookstore()
    story = samples.good_update(graph)
    heights = set()
    view = samples.UpdateView()
    for event in story.events[:-1]:
        view.apply(event)
        if view.datasets:
            heights.add(draw(graph, view).height)
    assert len(heights) == 1


def test_colours_can_be_left_to_the_page():
    svg = draw(samples.bookstore(), None, palette.variables()).svg
    assert "var(--ldp-card)" in svg
    assert not re.search(r"#[0-9a-f]{6}", svg)


def test_a_huge_graph_is_not_drawn_into_a_notebook():
    nodes = [samples.node(f"t{i}", samples.ST) for i in range(401)]
    view = GraphView(Graph("huge", samples.SPACE, {n.name: n for n in nodes}))
    page = BeautifulSoup(str(view.html()), "html.parser")
    assert not page.find_all("img")
    assert "401 datasets: too many" in page.get_text()
    assert len(page.find_all("tr")) == 402


def test_a_circle_of_datasets_is_shown():
    nodes = [
        samples.node("a", samples.MV, ["b"]),
        samples.node("b", samples.MV, ["a"]),
        samples.node("c", samples.MV, ["b"]),
    ]
    view = GraphView(Graph("circle", samples.SPACE, {n.name: n for n in nodes}))
    assert "img" in str(view.html())
    text = view.text()
    assert all(len(re.findall(rf"^{n} ", text, re.MULTILINE)) == 1 for n in "abc")


def test_importing_displays_loads_nothing_heavy():
    heavy = "{'pyspark', 'IPython', 'pandas', 'rich', 'graphviz'}"
    code = f"import sys, ldp_jupyter.display; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
