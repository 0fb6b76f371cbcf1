"""Decorators and functions that declare tables and views (the platform's Python API, sections table, view, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Dataset, Declarations, Expectation, Flow, Kind, Note, PythonQuery, TableOptions
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check
from ldp_jupyter.pipelines.expectations import from_dict, rules_of
from ldp_jupyter.pipelines.layers import innermost, layer

if TYPE_CHECKING:
    from collections.abc import Callable


@check.api
def table(
    query_function: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
    table_properties: dict[str, str] | None = None,
    path: str | None = None,
    partition_cols: list[str] | None = None,
    cluster_by_auto: bool = False,
    cluster_by: list[str] | None = None,
    schema: Any = None,
    row_filter: str | None = None,
    private: bool = False,
    temporary: bool = False,
    replace_using: list[str] | None = None,
    sequence_by: Any = None,
    replace_where: str | None = None,
    format: str | None = None,  # noqa: A002  (Spark's name)
) -> Any:
    """Declare a streaming table; on a batch query a materialized view, as the platform does.

    Parameters:
        query_function: the dataset function, when used as a bare decorator or called plainly.
        name: dataset name of one to three parts; default: the function's name.
        private, temporary: not published (two spellings of one thing).
        replace_where: a condition over the table's columns; the query is a batch query, and each update replaces the
            rows of this condition by the query's rows of this condition. The table is a streaming table.

    Raises:
        LdpError: LDP-2011 for an argument that is not accepted.
    """
    for parameter, value in (
        ("replace_using", replace_using),
        ("sequence_by", sequence_by),
    ):
        if value is not None:
            raise LdpError(
                "LDP-2023",
                f"table({parameter}=...) is a beta of the platform and not supported here",
                location=check.caller_location(),
            )
    return _declare(
        "table",
        Kind.TABLE if check.text("table", "replace_where", replace_where) is None else Kind.STREAMING_TABLE,
        query_function,
        name,
        comment,
        spark_conf,
        _options(
            "table",
            schema,
            table_properties,
            partition_cols,
            cluster_by,
            cluster_by_auto,
            path,
            check.flag("table", "private", private) or check.flag("table", "temporary", temporary),
            row_filter,
            None,
            format,
        ),
        replace_where,
    )


@check.api
def materialized_view(
    query_function: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
    table_properties: dict[str, str] | None = None,
    path: str | None = None,
    partition_cols: list[str] | None = None,
    cluster_by_auto: bool = False,
    cluster_by: list[str] | None = None,
    schema: Any = None,
    row_filter: str | None = None,
    private: bool = False,
    temporary: bool = False,
    refresh_policy: str | None = None,
    format: str | None = None,  # noqa: A002  (Spark's name)
) -> Any:
    """Declare a materialized view; its function returns a batch DataFrame.

    Parameters:
        refresh_policy: auto, incremental, incremental_strict or full.
    """
    if refresh_policy is not None and refresh_policy not in ("auto", "incremental", "incremental_strict", "full"):
        check.wrong(
            "materialized_view", "refresh_policy", refresh_policy, "auto, incremental, incremental_strict or full"
        )
    return _declare(
        "materialized_view",
        Kind.MATERIALIZED_VIEW,
        query_function,
        name,
        comment,
        spark_conf,
        _options(
            "materialized_view",
            schema,
            table_properties,
            partition_cols,
            cluster_by,
            cluster_by_auto,
            path,
            check.flag("materialized_view", "private", private)
            or check.flag("materialized_view", "temporary", temporary),
            row_filter,
            refresh_policy,
            format,
        ),
    )


@check.api
def temporary_view(
    query_function: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
) -> Any:
    """Declare a view that is neither stored nor published; batch or streaming."""
    return _declare("temporary_view", Kind.TEMPORARY_VIEW, query_function, name, comment, spark_conf, TableOptions())


@check.api
def view(
    query_function: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
) -> Any:
    """Declare a temporary view (the older name)."""
    return _declare("view", Kind.TEMPORARY_VIEW, query_function, name, comment, spark_conf, TableOptions())


create_table = check.alias(table, "create_table", instead="table")
create_view = check.alias(view, "create_view", instead="temporary_view")


@check.api
def create_streaming_table(
    name: str,
    comment: str | None = None,
    spark_conf: dict[str, str] | None = None,
    table_properties: dict[str, str] | None = None,
    partition_cols: list[str] | None = None,
    cluster_by_auto: bool = False,
    cluster_by: list[str] | None = None,
    path: str | None = None,
    schema: Any = None,
    expect_all: dict[str, Any] | None = None,
    expect_all_or_drop: dict[str, Any] | None = None,
    expect_all_or_fail: dict[str, Any] | None = None,
    row_filter: str | None = None,
    private: bool = False,
    temporary: bool = False,
    format: str | None = None,  # noqa: A002  (Spark's name)
) -> None:
    """Declare an empty streaming table that flows write to.

    Parameters:
        expect_all, expect_all_or_drop, expect_all_or_fail: rules by name; they apply to each flow.
    """
    function = "create_streaming_table"
    if not isinstance(name, str):
        check.wrong(function, "name", name, "str")
    context, declarations = check.declaring()
    place = check.caller_location()
    rules = [
        *from_dict(function, "expect_all", expect_all or {}, "warn", place),
        *from_dict(function, "expect_all_or_drop", expect_all_or_drop or {}, "drop", place),
        *from_dict(function, "expect_all_or_fail", expect_all_or_fail or {}, "fail", place),
    ]
    options = _options(
        function,
        schema,
        table_properties,
        partition_cols,
        cluster_by,
        cluster_by_auto,
        path,
        check.flag(function, "private", private) or check.flag(function, "temporary", temporary),
        row_filter,
        None,
        format,
    )
    dataset = Dataset(
        check.full_name(context, name),
        Kind.STREAMING_TABLE,
        check.text(function, "comment", comment),
        options,
        _unique(rules, name),
        check.text_map(function, "spark_conf", spark_conf),
        place,
    )
    declarations.datasets.append(dataset)
    _note_options(declarations, dataset)


create_target_table = check.alias(
    create_streaming_table, "create_target_table", instead="create_streaming_table"
)
create_streaming_live_table = check.alias(
    create_streaming_table, "create_streaming_live_table", instead="create_streaming_table"
)


def _declare(
    decorator: str,
    kind: Kind,
    function: Any,
    name: str | None,
    comment: str | None,
    spark_conf: Any,
    options: TableOptions,
    replace_where: str | None = None,
) -> Any:
    """Register the function, or give the decorator that does."""
    check.text(decorator, "name", name)
    check.text(decorator, "comment", comment)
    confs = check.text_map(decorator, "spark_conf", spark_conf)

    def register(query_function: Callable[[], Any]) -> Any:
        if not callable(query_function):
            raise LdpError(
                "LDP-2011",
                f"@{decorator} must stand on a function",
                hint="give its arguments by keyword, e.g. name=...",
                location=check.caller_location(),
            )
        context, declarations = check.declaring()
        place = check.function_location(query_function)
        own_name = name or getattr(query_function, "__name__", None)
        if own_name is None or own_name == "<lambda>":
            check.wrong(decorator, "name", name, "a name, because the function has none")
        dataset = Dataset(
            check.full_name(context, own_name),
            kind,
            comment,
            options,
            _unique(list(rules_of(query_function)), own_name),
            confs,
            place,
        )
        declarations.datasets.append(dataset)
        declarations.flows.append(
            Flow(
                str(dataset.name),
                dataset.name,
                PythonQuery(innermost(query_function)),
                context.namespace,
                default=True,
                confs={**context.confs, **confs},
                comment=comment,
                location=place,
                replace_where=replace_where,
            )
        )
        _note_options(declarations, dataset)
        return layer(innermost(query_function), declarations=declarations, dataset=dataset)

    return register if function is None else register(function)


def _options(
    function: str,
    schema: Any,
    properties: Any,
    partition_cols: Any,
    cluster_by: Any,
    cluster_by_auto: Any,
    path: Any,
    private: bool,
    row_filter: Any,
    refresh_policy: str | None,
    table_format: Any,
) -> TableOptions:
    if table_format is not None and str(table_format).lower() not in ("delta", "iceberg"):
        check.wrong(function, "format", table_format, '"delta"')
    if schema is not None and not isinstance(schema, str) and not hasattr(schema, "jsonValue"):
        check.wrong(function, "schema", schema, "DDL text or a StructType")
    partitions = check.column_names(function, "partition_cols", partition_cols) or ()
    clusters = check.column_names(function, "cluster_by", cluster_by) or ()
    if partitions and clusters:
        raise LdpError(
            "LDP-2011",
            f"{function}() takes partition_cols or cluster_by, not both",
            hint="keep one of the two; cluster_by is the newer way",
            location=check.caller_location(),
        )
    return TableOptions(
        schema,
        check.text_map(function, "table_properties", properties),
        partitions,
        clusters,
        check.flag(function, "cluster_by_auto", cluster_by_auto),
        check.text(function, "path", path),
        private,
        check.text(function, "row_filter", row_filter),
        refresh_policy,
    )


def _unique(rules: list[Expectation], dataset: str) -> tuple[Expectation, ...]:
    seen: dict[str, Expectation] = {}
    for rule in rules:
        if rule.name in seen:
            raise LdpError(
                "LDP-2006",
                f'expectation "{rule.name}" stands twice on dataset "{dataset}"',
                hint="rename or remove one of the two",
                location=rule.location,
            )
        seen[rule.name] = rule
    return tuple(rules)


def _note_options(declarations: Declarations, dataset: Dataset) -> None:
    """Say once what is accepted but has no effect here."""
    options, place, name = dataset.options, dataset.location, dataset.name.table
    if options.row_filter:
        declarations.notes.append(Note("not_checked", f"row filter on `{name}`", place))
    if options.path:
        declarations.notes.append(Note("no_effect", f"path of `{name}`: tables live in the project's storage", place))
    if options.cluster_by_auto:
        declarations.notes.append(Note("no_effect", f"automatic clustering of `{name}`", place))
    if options.refresh_policy not in (None, "auto", "full"):
        declarations.notes.append(Note("no_effect", f"refresh policy {options.refresh_policy} of `{name}`", place))


__all__ = [
    "create_streaming_live_table",
    "create_streaming_table",
    "create_table",
    "create_target_table",
    "create_view",
    "materialized_view",
    "table",
    "temporary_view",
    "view",
]
