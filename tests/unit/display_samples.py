"""A bookstore-like pipeline and the events of one update of it, for the tests of displays."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ldp_jupyter.declarations import (
    Action,
    CdcSpec,
    Dataset,
    Expectation,
    Flow,
    Kind,
    Location,
    Note,
    Sink,
    SqlQuery,
)
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import Event, Level, UpdateView
from ldp_jupyter.graph.model import Column, FlowNode, Graph, Node
from ldp_jupyter.names import Name, Namespace

SPACE = Namespace("main", "default")
START = datetime(2026, 11, 25, 10, 2, 8, tzinfo=timezone.utc)
UPDATE_ID = "3f2a91c4-0000-4000-8000-000000000001"

ST, MV, TV, VIEW = Kind.STREAMING_TABLE, Kind.MATERIALIZED_VIEW, Kind.TEMPORARY_VIEW, Kind.VIEW


def name(text: str) -> Name:
    """A name as it stands, whatever it holds."""
    return Name("main", "default", text)


def rule(rule_name: str, condition: str, action: Action = Action.WARN) -> Expectation:
    return Expectation(rule_name, condition, action)


def node(
    text, kind, inputs=(), outside=(), rules=(), file="transformations/bronze.py", line=10, cdc=False, comment=None
):
    query = CdcSpec(inputs[0], ("id",), "ts", scd_type="2") if cdc else SqlQuery("SELECT 1", Location(file, line))
    flow = Flow(f"main.default.{text}", name(text), query, SPACE, default=True, location=Location(file, line))
    dataset = Dataset(name(text), kind, comment, expectations=tuple(rules), location=Location(file, line))
    resolved = FlowNode(flow, [name(i) for i in inputs], list(outside), kind == ST)
    return Node(dataset, kind, [resolved], [Column("id", "bigint"), Column("title", "string")], streaming=kind == ST)


def bookstore() -> Graph:
    """Twelve datasets, two kinds of outside sources, one sink."""
    gold = "transformations/gold.sql"
    silver = "transformations/silver.sql"
    nodes = [
        node("bronze", ST, outside=["/data/bookstore/kafka-raw"], line=8, comment="Raw messages"),
        node("country_lookup", MV, outside=["/data/bookstore/country_lookup"], line=31),
        node(
            "orders_quarantined",
            TV,
            ["bronze"],
            file=silver,
            line=4,
            rules=[
                rule("valid_quantity", "quantity > 0", Action.DROP),
                rule("valid_customer", "customer_id IS NOT NULL"),
            ],
        ),
        node(
            "orders_silver",
            ST,
            ["orders_quarantined"],
            file=silver,
            line=22,
            rules=[
                rule("valid_quantity", "quantity > 0", Action.DROP),
                rule("has_total", "total > 0"),
                rule("known_order", "order_id IS NOT NULL", Action.FAIL),
            ],
        ),
        node("books_bronze_clean", TV, ["bronze"], file=silver, line=40),
        node("books_silver", ST, ["books_bronze_clean"], file=silver, line=55, cdc=True),
        node("current_books", MV, ["books_silver"], file=silver, line=70, rules=[rule("priced", "price > 0")]),
        node("customers_silver", ST, ["bronze"], file=silver, line=84, cdc=True),
        node("books_sales", ST, ["orders_silver", "current_books"], file=gold, line=3),
        node("authors_stats", MV, ["books_sales"], file=gold, line=30),
        node(
            "countries_stats",
            MV,
            ["books_sales", "customers_silver", "country_lookup"],
            file=gold,
            line=48,
            rules=[rule("has_country", "country IS NOT NULL")],
        ),
        node(
            "daily_customer_books_with_a_very_long_name_indeed",
            VIEW,
            ["books_sales", "customers_silver"],
            file=gold,
            line=66,
        ),
    ]
    graph = Graph("bookstore", SPACE, {n.name: n for n in nodes})
    graph.sinks["orders_out"] = Sink("orders_out", "delta", location=Location("transformations/sinks.py", 3))
    flow = Flow(
        "to_orders_out",
        name("orders_out"),
        SqlQuery("SELECT 1", Location("transformations/sinks.py", 9)),
        SPACE,
        sink="orders_out",
    )
    graph.sink_flows.append(FlowNode(flow, [name("orders_silver")], [], streaming=True))
    graph.warnings.append(
        Note("deprecated", "`create_table` is an older spelling of `table`", Location("transformations/bronze.py", 8))
    )
    graph.not_checked.append(Note("not_checked", "row filter on `orders_silver`"))
    graph.not_checked.append(Note("not_checked", "`ai_query`", Location(gold, 9)))
    return graph


def broken() -> Graph:
    """The same, with two errors."""
    graph = bookstore()
    problem = LdpError(
        "LDP-2003",
        'unknown table "order_silver"',
        dataset="books_sales",
        hint='did you mean "orders_silver"?',
        location=Location("transformations/gold.sql", 14, 23),
        because=["authors_stats", "countries_stats"],
    )
    other = LdpError(
        "LDP-2004",
        'unknown column "qty"',
        dataset="orders_silver",
        location=Location("transformations/silver.sql", 24, 3),
    )
    graph.problems = [problem, other]
    for text, error in (("books_sales", problem), ("orders_silver", other)):
        graph.nodes[name(text)].problem = error
        graph.nodes[name(text)].columns = None
    return graph


class Story:
    """Makes the events of an update, one after another."""

    def __init__(self, pipeline="bookstore", update_id=UPDATE_ID):
        self.moment = START
        self.origin = {"pipeline_name": pipeline, "pipeline_id": "p-1", "update_id": update_id}
        self.events: list[Event] = []

    def tell(self, event_type, message, payload, after=0.1, level=Level.INFO, error=None, **origin):
        self.moment += timedelta(seconds=after)
        self.events.append(
            Event(
                event_type,
                message,
                {**self.origin, **origin},
                {event_type: payload},
                level,
                error=error,
                timestamp=self.moment,
                id=f"e{len(self.events)}",
                sequence=len(self.events) + 1,
            )
        )

    def create(self, full_refresh=False):
        self.tell(
            "create_update",
            "Update 3f2a91 started by USER_ACTION.",
            {"cause": "USER_ACTION", "full_refresh": full_refresh},
        )

    def state(self, state, **more):
        self.tell(
            "update_progress",
            f"Update 3f2a91 is {state}.",
            {"state": state},
            level=Level.ERROR if state == "FAILED" else Level.INFO,
            **more,
        )

    def define(self, graph):
        for n in graph.nodes.values():
            self.tell(
                "dataset_definition",
                f"Dataset '{graph.shown(n.name)}' defined.",
                {
                    "dataset_type": n.kind.value.upper(),
                    "num_flows": len(n.flows),
                    "expectations": [{"name": e.name, "action": e.action.value} for e in n.dataset.expectations],
                },
                after=0.002,
                dataset_name=graph.shown(n.name),
            )

    def flow(self, dataset, status, after=0.1, metrics=None, quality=None, error=None, level=Level.INFO):
        payload = {"status": status}
        if metrics:
            payload["metrics"] = metrics
        if quality:
            payload["data_quality"] = quality
        self.tell(
            "flow_progress",
            f"Flow '{dataset}' is {status}.",
            payload,
            after,
            level,
            error,
            dataset_name=dataset,
            flow_name=f"main.default.{dataset}",
        )

    def technique(self, dataset, kind):
        self.tell(
            "planning_information",
            f"Flow '{dataset}' is planned as {kind}.",
            {"technique_information": [{"maintenance_type": f"MAINTENANCE_TYPE_{kind}", "is_chosen": True}]},
            after=0.01,
            dataset_name=dataset,
        )

    def view(self) -> UpdateView:
        view = UpdateView()
        for event in self.events:
            view.apply(event)
        return view


def checked(dataset, rule_name, passed, failed):
    return {"dataset": dataset, "name": rule_name, "passed_records": passed, "failed_records": failed}


def good_update(graph: Graph) -> Story:
    """All flows complete."""
    story = Story()
    story.create()
    story.state("INITIALIZING")
    story.define(graph)
    story.state("SETTING_UP_TABLES")
    story.state("RUNNING")
    for dataset in (
        "bronze",
        "country_lookup",
        "orders_silver",
        "books_silver",
        "current_books",
        "customers_silver",
        "books_sales",
        "authors_stats",
        "countries_stats",
        "orders_out",
    ):
        story.flow(dataset, "QUEUED", 0.001)
    story.flow("bronze", "RUNNING")
    story.flow("bronze", "RUNNING", 0.8, {"num_output_rows": 3000})
    story.flow("bronze", "COMPLETED")
    story.technique("country_lookup", "NO_OP")
    story.flow("country_lookup", "COMPLETED")
    story.flow("orders_silver", "RUNNING")
    story.flow(
        "orders_silver",
        "RUNNING",
        0.9,
        {"num_output_rows": 976},
        {
            "dropped_records": 24,
            "expectations": [
                checked("orders_silver", "valid_quantity", 976, 24),
                checked("orders_silver", "has_total", 998, 2),
                checked("orders_silver", "known_order", 1000, 0),
                checked("orders_quarantined", "valid_quantity", 976, 24),
                checked("orders_quarantined", "valid_customer", 1000, 0),
            ],
            "dropped_in_views": {"orders_quarantined": 24},
        },
    )
    story.flow("orders_silver", "COMPLETED", 0.2)
    story.flow("orders_out", "RUNNING", 0.1)
    story.flow("orders_out", "COMPLETED", 0.3, {"num_output_rows": 976})
    story.flow("books_silver", "RUNNING")
    story.flow("books_silver", "COMPLETED", 1.4, {"num_upserted_rows": 396, "num_deleted_rows": 4})
    for dataset, kind, rows in (("current_books", "FULL_RECOMPUTE", 120),):
        story.technique(dataset, kind)
        story.flow(dataset, "RUNNING")
        story.flow(
            dataset,
            "COMPLETED",
            0.6,
            {"num_output_rows": rows},
            {"expectations": [checked("current_books", "priced", 120, 0)]},
        )
    story.flow("customers_silver", "RUNNING")
    story.flow("customers_silver", "COMPLETED", 1.1, {"num_upserted_rows": 1204})
    story.flow("books_sales", "RUNNING")
    story.flow("books_sales", "COMPLETED", 0.7, {"num_output_rows": 2311})
    for dataset, rows in (("authors_stats", 44), ("countries_stats", 17)):
        story.technique(dataset, "GROUP_AGGREGATE" if dataset == "authors_stats" else "FULL_RECOMPUTE")
        story.flow(dataset, "RUNNING")
        story.flow(dataset, "COMPLETED", 0.5, {"num_output_rows": rows})
    story.state("COMPLETED")
    return story


def failed_update(graph: Graph) -> Story:
    """A rule with FAIL is violated: one flow fails, what reads it is skipped."""
    story = Story()
    story.create(full_refresh=True)
    story.state("INITIALIZING")
    story.define(graph)
    story.state("RUNNING")
    story.flow("bronze", "RUNNING")
    story.flow("bronze", "COMPLETED", 0.8, {"num_output_rows": 3000})
    story.flow("orders_silver", "RUNNING")
    error = {
        "fatal": True,
        "exceptions": [
            {
                "class_name": "ExpectationViolated",
                "message": "[EXPECTATION_VIOLATION] rule 'known_order' failed for 3 records",
                "stack": [],
            }
        ],
    }
    story.flow(
        "orders_silver",
        "FAILED",
        0.4,
        None,
        {"expectations": [checked("orders_silver", "known_order", 997, 3)]},
        error,
        Level.ERROR,
    )
    story.flow("books_sales", "SKIPPED", 0.01)
    story.flow("authors_stats", "SKIPPED", 0.01)
    story.flow("country_lookup", "EXCLUDED", 0.01)
    story.flow("customers_silver", "STOPPED", 0.01)
    story.state("FAILED")
    return story


def violated() -> LdpError:
    return LdpError(
        "LDP-4001",
        'rule "known_order" was violated by 3 records',
        dataset="orders_silver",
        location=Location("transformations/silver.sql", 22),
        because=["books_sales", "authors_stats"],
    )
