"""Layered layout of a graph, left to right, without any program outside Python.

Each connected part is laid out by itself: ranks by longest path, order within a rank by barycentres, heights by the
mean of the neighbours. An edge over several ranks passes through dummy nodes, which the edges of one source share.
Equal input gives equal output.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

Key = TypeVar("Key", bound="Hashable")

COLUMN_GAP = 36.0
ROW_GAP = 14.0
PART_GAP = 26.0
# Parts without an edge are laid side by side up to this width.
WRAP_WIDTH = 960.0
_DUMMY_HEIGHT = 6.0
_SWEEPS = 8
# Beyond this many dummy nodes a drawing is no longer readable anyway: long edges go straight then.
_DUMMIES = 6000


@dataclass(frozen=True)
class Box:
    """Where a node lies."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width


@dataclass
class Layout(Generic[Key]):
    """Places of all nodes.

    Parameters:
        routes: for each edge the points where it enters and leaves columns, from its source to its target.
    """

    boxes: dict[Key, Box] = field(default_factory=dict)
    routes: dict[tuple[Key, Key], list[tuple[float, float]]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def layout(sizes: Mapping[Key, tuple[float, float]], edges: Iterable[tuple[Key, Key]]) -> Layout[Key]:
    """Lay a graph out.

    Parameters:
        sizes: width and height of each node, in the order in which equals are to stand.
        edges: pairs of source and target; loops, repetitions and unknown nodes are left out.
    """
    known = list(dict.fromkeys((a, b) for a, b in edges if a != b and a in sizes and b in sizes))
    result: Layout[Key] = Layout()
    singles: list[Key] = []
    y = 0.0
    for part in _parts(list(sizes), known):
        if len(part) == 1:
            singles.extend(part)
            continue
        members = set(part)
        _place(_Part(part, sizes, [e for e in known if e[0] in members]), result, y)
        y = result.height + PART_GAP
    _place_singles(singles, sizes, result, y if result.boxes else 0.0)
    return result


def _parts(keys: list[Key], edges: list[tuple[Key, Key]]) -> list[list[Key]]:
    """Connected parts, each in the order of `keys`."""
    near: dict[Key, list[Key]] = {k: [] for k in keys}
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    part_of: dict[Key, int] = {}
    parts: list[list[Key]] = []
    for start in keys:
        if start not in part_of:
            part_of[start] = len(parts)
            parts.append([])
            waiting = [start]
            while waiting:
                for other in near[waiting.pop()]:
                    if other not in part_of:
                        part_of[other] = part_of[start]
                        waiting.append(other)
        parts[part_of[start]].append(start)
    return parts


def _place_singles(
    singles: Sequence[Key], sizes: Mapping[Key, tuple[float, float]], result: Layout[Key], y: float
) -> None:
    """Rows of nodes that nothing connects."""
    limit = max(WRAP_WIDTH, result.width)
    x, tallest = 0.0, 0.0
    for key in singles:
        width, height = sizes[key]
        if x and x + width > limit:
            x, y, tallest = 0.0, y + tallest + ROW_GAP, 0.0
        result.boxes[key] = Box(x, y, width, height)
        tallest = max(tallest, height)
        result.width, result.height = max(result.width, x + width), max(result.height, y + tallest)
        x += width + COLUMN_GAP / 2


class _Part(Generic[Key]):
    """A connected part while it is laid out; nodes are numbers here, dummies come after the real ones."""

    def __init__(self, keys: list[Key], sizes: Mapping[Key, tuple[float, float]], edges: list[tuple[Key, Key]]) -> None:
        self.keys = keys
        number = {k: i for i, k in enumerate(keys)}
        self.widths = [float(sizes[k][0]) for k in keys]
        self.heights = [float(sizes[k][1]) for k in keys]
        self.edges = [(number[a], number[b]) for a, b in edges]
        self.forward = _without_cycles(len(keys), self.edges)
        self.rank = _ranks(len(keys), self.forward)
        self.before: list[list[int]] = [[] for _ in keys]
        self.after: list[list[int]] = [[] for _ in keys]
        # for each forward edge the dummies between its ends
        self.through: dict[tuple[int, int], list[int]] = {}
        self._connect()
        self.columns: list[list[int]] = [[] for _ in range(max(self.rank) + 1)]
        for node, rank in enumerate(self.rank):
            self.columns[rank].append(node)

    def _connect(self) -> None:
        """Neighbours in adjacent ranks, dummies in between."""
        reach: dict[int, int] = {}
        for a, b in self.forward:
            reach[a] = max(reach.get(a, 0), self.rank[b] - self.rank[a] - 1)
        bend = sum(reach.values()) <= _DUMMIES
        chains: dict[int, list[int]] = {}
        for a, b in self.forward:
            between = self.rank[b] - self.rank[a] - 1
            if between and bend:
                chain = chains.setdefault(a, [])
                while len(chain) < between:
                    chain.append(self._dummy(self.rank[a] + len(chain) + 1, chain[-1] if chain else a))
                self.through[a, b] = chain[:between]
            last = self.through[a, b][-1] if (a, b) in self.through else a
            self.after[last].append(b)
            self.before[b].append(last)

    def _dummy(self, rank: int, previous: int) -> int:
        node = len(self.rank)
        self.rank.append(rank)
        self.heights.append(_DUMMY_HEIGHT)
        self.widths.append(0.0)
        self.before.append([previous])
        self.after.append([])
        self.after[previous].append(node)
        return node


def _without_cycles(count: int, edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Edges with those that close a circle turned round."""
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        after[a].append(b)
    state = [0] * count  # 1 while on the path, 2 when done
    turned: set[tuple[int, int]] = set()
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        path = [(start, iter(after[start]))]
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                path.pop()
            elif state[following] == 1:
                turned.add((node, following))
            elif state[following] == 0:
                state[following] = 1
                path.append((following, iter(after[following])))
    return list(dict.fromkeys((b, a) if (a, b) in turned else (a, b) for a, b in edges))


def _ranks(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """Longest path from the sources; sources themselves stand just before their first reader."""
    after: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for a, b in edges:
        after[a].append(b)
        missing[b] += 1
    sources = [n for n in range(count) if not missing[n]]
    rank = [0] * count
    ready = list(sources)
    for node in ready:
        for other in after[node]:
            rank[other] = max(rank[other], rank[node] + 1)
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    for node in sources:
        if after[node]:
            rank[node] = min(rank[other] for other in after[node]) - 1
    lowest = min(rank)
    return [r - lowest for r in rank]


def _place(part: _Part[Key], result: Layout[Key], top: float) -> None:
    """Order the ranks, give heights, and put boxes and routes into the result."""
    _order(part)
    y = _heights(part)
    lowest = min(y[n] - part.heights[n] / 2 for n in range(len(y)))
    starts, x = [], 0.0
    breadths = [max((part.widths[n] for n in column), default=0.0) for column in part.columns]
    for breadth in breadths:
        starts.append(x)
        x += breadth + _gap(part, len(starts) - 1)
    for node, key in enumerate(part.keys):
        height = part.heights[node]
        left = starts[part.rank[node]]
        result.boxes[key] = Box(left, y[node] - height / 2 - lowest + top, part.widths[node], height)
        result.width = max(result.width, left + part.widths[node])
    # edges that pass below all nodes belong to the part, too
    result.height = max(result.height, max(y[n] + part.heights[n] / 2 for n in range(len(y))) - lowest + top)
    forward = set(part.forward)
    for a, b in part.edges:
        turned = (a, b) not in forward
        first, last = (b, a) if turned else (a, b)
        start, end = result.boxes[part.keys[first]], result.boxes[part.keys[last]]
        points = [(start.right, start.middle)]
        if part.widths[first] < breadths[part.rank[first]]:
            points.append((starts[part.rank[first]] + breadths[part.rank[first]], start.middle))
        for dummy in part.through.get((first, last), ()):
            left, level = starts[part.rank[dummy]], y[dummy] - lowest + top
            points += [(left, level), (left + breadths[part.rank[dummy]], level)]
        points.append((end.x, end.middle))
        result.routes[part.keys[a], part.keys[b]] = points[::-1] if turned else points


def _gap(part: _Part[Key], rank: int) -> float:
    """Room to the right of a column: more where many edges leave it, so that steep ones can be told apart."""
    leaving = sum(len(part.after[node]) for node in part.columns[rank])
    return COLUMN_GAP + min(90.0, 1.5 * max(0, leaving - 8))


def _order(part: _Part[Key]) -> None:
    """Reorder each column so that edges cross as little as a few sweeps can reach."""
    place = [0.0] * len(part.rank)

    def number(column: list[int]) -> None:
        for position, node in enumerate(column):
            place[node] = position

    for column in part.columns:
        number(column)
    best, fewest = [list(c) for c in part.columns], _crossings(part)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        near = part.before if down else part.after
        for column in part.columns if down else reversed(part.columns):
            weight = {n: sum(place[o] for o in near[n]) / len(near[n]) if near[n] else place[n] for n in column}
            column.sort(key=lambda n: (weight[n], place[n]))
            number(column)
        crossings = _crossings(part)
        if crossings < fewest:
            best, fewest = [list(c) for c in part.columns], crossings
    part.columns = best


def _crossings(part: _Part[Key]) -> int:
    """How many pairs of edges cross between adjacent columns."""
    place = {node: i for column in part.columns for i, node in enumerate(column)}
    total = 0
    for column in part.columns:
        seen: list[int] = []
        for node in column:
            ends = sorted(place[o] for o in part.after[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _heights(part: _Part[Key]) -> list[float]:
    """Middle of each node: near the mean of its neighbours, order and gaps kept."""
    y = [0.0] * len(part.rank)
    for column in part.columns:
        level = 0.0
        for node in column:
            y[node] = level + part.heights[node] / 2
            level += part.heights[node] + ROW_GAP
    tallest = max(y)
    for column in part.columns:  # begin with every column centred
        shift = (tallest - y[column[-1]]) / 2 if column else 0.0
        for node in column:
            y[node] += shift
    for sweep in range(_SWEEPS):
        near = part.before if sweep % 2 == 0 else part.after
        for column in part.columns if sweep % 2 == 0 else reversed(part.columns):
            wanted = [sum(y[o] for o in near[n]) / len(near[n]) if near[n] else y[n] for n in column]
            # a dummy is moved at some cost, so that long edges stay straight
            weights = [4.0 if n >= len(part.keys) else 1.0 for n in column]
            for node, level in zip(column, _spread(column, wanted, weights, part.heights), strict=True):
                y[node] = level
    return y


def _spread(column: list[int], wanted: list[float], weights: list[float], heights: list[float]) -> list[float]:
    """Levels nearest to the wanted ones (least squares) that keep order and gaps: pool adjacent violators."""
    offsets, offset = [], 0.0
    for i, node in enumerate(column):
        if i:
            offset += (heights[column[i - 1]] + heights[node]) / 2 + ROW_GAP
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # level, weight, members
    for target, own, shift in zip(wanted, weights, offsets, strict=True):
        level, weight, members = target - shift, own, 1
        while pools and pools[-1][0] > level:
            above, heavy, many = pools.pop()
            level = (level * weight + above * heavy) / (weight + heavy)
            weight, members = weight + heavy, members + many
        pools.append((level, weight, members))
    levels = [level for level, _, members in pools for _ in range(members)]
    return [level + shift for level, shift in zip(levels, offsets, strict=True)]
