"""What terminals show."""

import re

import display_samples as samples

from ldp_jupyter.declarations import Note
from ldp_jupyter.display import CellCard, DryRunView, EventsView, ExpectationsView, GraphView, TablesView, UpdateReport
from ldp_jupyter.display.update_view import totals
from ldp_jupyter.events import FlowStatus, Level
from ldp_jupyter.graph.model import Column, Graph

WHERE = "dev · local .ldp"


def lines(display):
    return [re.sub(r" {2,}", "  ", line) for line in display.text().splitlines()]


def test_the_graph_is_a_tree_under_its_deepest_inputs():
    graph = samples.bookstore()
    told = lines(GraphView(graph, samples.good_update(graph).view(), WHERE))
    assert told[0] == "bookstore · dev · local .ldp · 12 datasets · ✓ Completed"
    assert "└─ bronze  streaming table  ✓ Completed  3,000 rows" in told
    assert "  │  └─ orders_silver  streaming table  ✓ Completed  976 rows, 24 dropped  ✓ 2,974 ✗ 26" in told
    assert "  │  └─ books_sales  streaming table  ✓ Completed  2,311 rows  also reads orders_silver" in told
    assert len(told) == 1 + 2 + 12 + 1


def test_a_deep_graph_is_a_list():
    nodes = [samples.node(f"t{i:02d}", samples.MV, [f"t{i - 1:02d}"] if i else []) for i in range(20)]
    told = lines(GraphView(Graph("deep", samples.SPACE, {n.name: n for n in nodes})))
    assert told[-1] == "t19  materialized view  2 columns  reads t18"
    assert not any("└" in line for line in told)


def test_tables():
    told = lines(TablesView(samples.good_update(samples.bookstore()).view()))
    assert "orders_silver  streaming table  ✓ Completed  976 rows, 24 dropped  ✓ 2,974 ✗ 26  1.1 s" in told
    assert "country_lookup  materialized view  ✓ Completed  No change" in told
    assert "orders_quarantined  temporary view  24 dropped  ✓ 1,976 ✗ 24" in told
    assert "orders_out  sink  ✓ Completed  976 rows  0.3 s" in told


def test_columns_without_content_are_left_out():
    story = samples.Story()
    story.create()
    story.flow("t", "RUNNING")
    story.flow("t", "COMPLETED", metrics={"num_output_rows": 1})
    view = TablesView(story.view())
    assert not {"Refresh", "Expectations"} & set(re.split(r" {2,}", view.text().splitlines()[0]))
    assert "Upserted" not in str(view.html())


def test_expectations():
    graph = samples.bookstore()
    told = lines(ExpectationsView(samples.good_update(graph).view(), graph))
    assert "orders_silver  valid_quantity  quantity > 0  drop  ! Violated  976  24  █░░░░░░░░░  2.4 %" in told
    assert "orders_silver  known_order  order_id IS NOT NULL  fail  ✓ Passed  1,000  0  ░░░░░░░░░░  0.0 %" in told
    assert "countries_stats  has_country  country IS NOT NULL  warn  ○ Not evaluated" in told
    failed = lines(ExpectationsView(samples.failed_update(graph).view()))
    assert "orders_silver  known_order  fail  ✗ Failed  997  3  █░░░░░░░░░  0.3 %" in failed


def test_violating_rows_follow_the_counts():
    story = samples.Story()
    story.create()
    rows = [f'{{"n":{n}}}' for n in range(10)]
    story.flow("numbers", "COMPLETED", quality={
        "expectations": [samples.checked("numbers", "low", 5, 10)],
        "samples": [{"name": "low", "dataset": "numbers", "rows": rows}],
    })
    told = lines(ExpectationsView(story.view()))
    assert told[-4:] == ["numbers · low is violated by", *(f"  {row}" for row in rows[:3])]


def test_nothing_to_show():
    assert ExpectationsView(samples.Story().view()).text() == "No expectations."
    assert TablesView(samples.Story().view()).text() == "No datasets."
    assert "No datasets." in TablesView(samples.Story().view()).html()


def test_events_that_are_only_some_of_them():
    story = samples.Story()
    story.create()
    story.tell("hook_progress", "Hook 'mail' failed.", {}, level=Level.WARN)
    told = lines(EventsView(story.events, 70))
    assert told[2].endswith("·  Info  create_update  Update 3f2a91 started by USER_ACTION.".replace("·  ", "· "))
    assert "! Warn  hook_progress  Hook 'mail' failed." in told[3]
    assert told[-1] == "2 of 70 events"


def test_a_valid_dry_run_says_what_it_did_not_check():
    told = DryRunView(samples.bookstore(), WHERE).text().splitlines()
    assert told[0] == "✓ Valid locally · 12 datasets · bookstore · dev · local .ldp"
    assert "! Deprecated: `create_table` is an older spelling of `table` at transformations/bronze.py:8" in told
    assert told[-1] == "Not checked here: row filter on `orders_silver`; `ai_query` at transformations/gold.sql:9."


def test_nothing_left_unchecked_is_said_only_when_it_is_so():
    graph = samples.bookstore()
    graph.not_checked = []
    assert DryRunView(graph).text().splitlines()[-1] == "Nothing left unchecked."
    graph.nodes[samples.name("bronze")].columns = None
    assert DryRunView(graph).text().splitlines()[-1] == "Not checked here: columns of `bronze`."
    broken = samples.broken()
    broken.not_checked = []
    assert DryRunView(broken).text().splitlines()[-1] == "Not checked here: what depends on the errors above."


def test_every_error_of_a_dry_run_is_shown_sorted_by_place():
    told = DryRunView(samples.broken()).text()
    assert told.startswith("✗ 2 errors · 12 datasets")
    first, second = told.index("gold.sql:14:23"), told.index("silver.sql:24:3")
    assert first < second
    assert 'LDP-2003 unknown table "order_silver" in dataset "books_sales"' in told
    assert 'did you mean "orders_silver"?' in told
    assert "fails with it: authors_stats, countries_stats" in told


def test_what_was_not_refreshed_is_not_counted():
    view = samples.good_update(samples.bookstore()).view()
    assert totals(view).startswith("9 datasets, 1 sink, ")
    for flow in (*view.datasets["orders_silver"].flows.values(), *view.datasets["orders_out"].flows.values()):
        flow.status = FlowStatus.EXCLUDED
    assert totals(view).startswith("8 datasets, 5,492 rows, ")


def test_an_update_as_a_whole():
    graph = samples.bookstore()
    told = UpdateReport(graph, samples.good_update(graph).view(), (), WHERE).text(width=160)
    assert told.startswith(
        "bookstore ✓ Completed · dev · local .ldp · update 3f2a91 · 8.6 s · 9 datasets, 1 sink, 7,444 rows, 1,600 upserted, 4 deleted, 24"
    )
    assert "valid_quantity" in told
    assert "authors_stats" in told


def test_a_failed_update_shows_errors_whole_or_by_its_events():
    graph = samples.bookstore()
    view = samples.failed_update(graph).view()
    whole = UpdateReport(graph, view, [samples.violated()]).text()
    assert "✗ Failed" in whole
    assert "full refresh" in whole
    assert "transformations/silver.sql:22" in whole
    assert "EXPECTATION_VIOLATION" not in whole
    assert "[EXPECTATION_VIOLATION] rule 'known_order' failed for 3 records" in UpdateReport(graph, view).text()


def test_the_card_of_a_cell():
    graph = samples.bookstore()
    node = graph.nodes[samples.name("orders_silver")]
    node.columns = [Column(f"c{i}", "int") for i in range(15)]
    card = CellCard(
        [node],
        samples.SPACE,
        sinks=list(graph.sinks.values()),
        flows=[graph.sink_flows[0].flow],
        captured=["threshold"],
        notes=[Note("no_effect", "`path`")],
        advice="save before deploying: `%ldp cells save`",
    )
    told = card.text().splitlines()
    assert told[0] == "orders_silver  streaming table"
    assert "  reads: orders_quarantined" in told
    assert any(line.endswith("c11 int, and 3 more") for line in told)
    assert "  expect (drop): valid_quantity: quantity > 0" in told
    assert "to_orders_out  flow" in told
    assert "  into orders_out" in told
    assert "orders_out  sink" in told
    assert "  format delta" in told
    assert "! Uses variables of this notebook: threshold" in told
    assert "! No effect here: `path`" in told
    assert told[-1] == "save before deploying: `%ldp cells save`"


def test_the_card_of_a_dataset_that_is_only_declared():
    dataset = samples.bookstore().nodes[samples.name("bronze")].dataset
    assert CellCard([dataset], samples.SPACE).text() == "bronze  streaming table\n  comment: Raw messages"


def test_names_are_not_read_as_markup():
    nodes = [samples.node("[red]x[/red] :smile:", samples.ST)]
    graph = Graph("[bold]p", samples.SPACE, {n.name: n for n in nodes})
    told = GraphView(graph).text()
    assert "[red]x[/red] :smile:" in told
    assert "[bold]p" in told


def test_what_is_not_checked_is_told_once_with_its_first_places():
    from ldp_jupyter.declarations import Location, Note
    from ldp_jupyter.display.problems_view import grouped

    notes = [Note("no_effect", "LOCATION", Location("a.sql", line, 1)) for line in (3, 5, 5, 9, 11)]
    assert grouped([*notes, Note("not_checked", "a mask")]) == [
        "LOCATION at a.sql:3:1, a.sql:5:1, a.sql:9:1 and 1 more",
        "a mask",
    ]
