"""Live displays, fed by a real bus."""

import io

import display_samples as samples
import pytest

from ldp_jupyter.display import LiveView, NotebookProgress, TerminalProgress, UpdateReport
from ldp_jupyter.display.words import clock
from ldp_jupyter.events import EventBus, Level


class Output:
    """What a front end keeps under one display id: the last drawing wins."""

    def __init__(self):
        self.drawn = []

    def show(self, drawing):
        self.drawn.append(self.keep(drawing))
        return self

    def update(self, drawing):
        self.drawn.append(self.keep(drawing))

    def keep(self, drawing):
        return type(drawing), drawing._repr_mimebundle_()["text/html"]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def feed(subscriber, events, between=lambda: None):
    bus = EventBus()
    bus.subscribe(subscriber)
    for event in events:
        bus.emit(event)
        bus.drain()
        between()


def test_a_notebook_is_left_with_the_final_report():
    graph = samples.bookstore()
    output, time = Output(), Clock()
    progress = NotebookProgress(graph, "dev", show=output.show, clock=time)
    feed(progress, samples.good_update(graph).events)
    assert [kind for kind, _ in output.drawn] == [LiveView, UpdateReport]
    assert "Completed" in output.drawn[-1][1]
    assert "valid_quantity" in output.drawn[-1][1]


def test_a_notebook_is_redrawn_at_most_five_times_a_second():
    graph = samples.bookstore()
    output, time = Output(), Clock()
    progress = NotebookProgress(graph, show=output.show, clock=time)
    events = samples.good_update(graph).events

    def pass_by():
        time.now += 0.05

    feed(progress, events, pass_by)
    seconds = len(events) * 0.05
    assert 3 <= len(output.drawn) <= seconds * 5 + 2
    assert output.drawn[-1][0] is UpdateReport


def test_a_slow_front_end_gets_fewer_redraws():
    graph = samples.bookstore()
    time = Clock()

    class Slow(Output):
        def keep(self, drawing):
            time.now += 1.0
            return type(drawing), ""

    output = Slow()

    def pass_by():
        time.now += 0.1

    events = samples.good_update(graph).events
    feed(NotebookProgress(graph, show=output.show, clock=time), events, pass_by)
    assert len(output.drawn) <= len(events) * 0.1 / 5 + 2


def test_finish_shows_the_errors_whole():
    graph = samples.bookstore()
    output = Output()
    progress = NotebookProgress(graph, show=output.show, clock=Clock())
    feed(progress, samples.failed_update(graph).events)
    progress.finish([samples.violated()])
    assert "transformations/silver.sql:22" in output.drawn[-1][1]


def test_a_front_end_that_breaks_does_not_break_the_update():
    class Broken(Output):
        def update(self, drawing):
            raise ConnectionError

    graph = samples.bookstore()
    output = Broken()
    progress = NotebookProgress(graph, show=output.show, clock=Clock())
    feed(progress, samples.good_update(graph).events)
    progress.finish()
    assert progress.update.state.value == "COMPLETED"
    assert len(output.drawn) == 1


def test_a_large_graph_is_told_by_its_flows_at_work():
    nodes = [samples.node(f"t{i:03d}", samples.ST) for i in range(80)]
    graph = samples.Graph("large", samples.SPACE, {n.name: n for n in nodes})
    story = samples.Story()
    story.create()
    story.state("RUNNING")
    for n in nodes:
        story.flow(graph.shown(n.name), "QUEUED")
    story.flow("t000", "RUNNING")
    story.flow("t000", "COMPLETED")
    story.flow("t007", "RUNNING")
    page = str(LiveView(graph, story.view()).html())
    assert "<img" not in page
    assert "t007" in page
    assert "t009" not in page
    assert "1 of 80" in page


def written(story, **options):
    stream = io.StringIO()
    feed(TerminalProgress(stream, **options), story.events)
    return stream.getvalue()


def test_a_terminal_gets_a_line_for_each_change_of_state():
    graph = samples.bookstore()
    story = samples.good_update(graph)
    told = written(story, where="dev · local .ldp").splitlines()
    assert told[0].endswith("bookstore · update 3f2a91 · dev · local .ldp")
    silver = [line for line in told if "orders_silver" in line]
    assert len(silver) == 2
    assert silver[0].endswith("▶ RUNNING")
    assert silver[1].endswith(f"  {'orders_silver':40}  ✓ COMPLETED  976 rows, 24 dropped  1.1 s")
    ended = next(e for e in story.events if e.message == "Flow 'orders_silver' is COMPLETED.")
    assert silver[1].startswith(clock(ended.timestamp))
    assert any(
        line.endswith("current_books".ljust(40) + "  ✓ COMPLETED  120 rows  Full recompute  0.6 s") for line in told
    )
    assert told[-1].endswith(
        "bookstore · update 3f2a91  ✓ COMPLETED  9 datasets, 1 sink, 7,444 rows, 1,600 upserted, 4 deleted, 24 dropped"
        "  3 expectations violated  8.6 s"
    )
    assert not any("QUEUED" in line for line in told)


def test_every_state_on_request():
    assert "QUEUED" in written(samples.good_update(samples.bookstore()), every_state=True)


def test_a_failure_shows_its_message():
    told = written(samples.failed_update(samples.bookstore())).splitlines()
    failed = next(i for i, line in enumerate(told) if "✗ FAILED" in line)
    assert "[EXPECTATION_VIOLATION] rule 'known_order' failed for 3 records" in told[failed + 1]
    assert any(line.endswith("↷ SKIPPED") for line in told)
    assert "✗ FAILED" in told[-1]


def test_warnings_of_other_events_are_told():
    story = samples.Story()
    story.create()
    story.tell("hook_progress", "Hook 'mail' failed.", {"status": "FAILED"}, level=Level.WARN)
    story.tell("hook_progress", "Hook 'mail' is enabled.", {"status": "ENABLED"})
    told = written(story)
    assert "! Hook 'mail' failed." in told
    assert "enabled" not in told


def test_flows_of_one_table_are_told_apart():
    story = samples.Story()
    story.create()
    for flow in ("main.default.backfill", "main.default.live"):
        story.tell("flow_progress", "", {"status": "RUNNING"}, dataset_name="t", flow_name=flow)
        story.tell("flow_progress", "", {"status": "COMPLETED"}, dataset_name="t", flow_name=flow)
    assert "t (live)" in written(story)


@pytest.mark.parametrize(("color", "escapes"), [(True, True), (False, False), (None, False)])
def test_colours_only_where_wanted(color, escapes):
    told = written(samples.good_update(samples.bookstore()), color=color)
    assert ("\x1b[" in told) == escapes
