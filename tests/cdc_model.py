"""AUTO CDC told as plain Python over a list of events: what the engine is measured against. Shares no code with it.

An event is a dict: ``key``, ``seq``, ``op`` ("u", "d" or "t"), ``row`` (payload), and optionally ``sets`` (columns that
it sets, None for all), ``ignores`` (columns whose NULL means "as before") and ``sys`` (when it became known).
"""


def scd1(events, columns):
    """{key: row} after all events."""
    cut = _last_truncate(events)
    result = {}
    for key, own in _by_key(events).items():
        state = None
        for seq in sorted({e["seq"] for e in own}, key=_order):
            if cut is not None and _order(seq) < _order(cut):
                continue
            at = [e for e in own if e["seq"] == seq]
            if any(e["op"] == "d" for e in at):
                state = None
            for event in _upserts(at, columns):
                state = _after(state, event, columns)
        if state is not None:
            result[key] = state
    return result


def scd2(events, columns, tracked):
    """{key: [(row, start, end), ...]} in order of start."""
    result = {}
    for key, own in _by_key(events).items():
        rows, state = [], None
        for seq in sorted({e["seq"] for e in own}, key=_order):
            before = state
            for at in _as_they_became_known([e for e in own if e["seq"] == seq]):
                if any(e["op"] == "d" for e in at):
                    state = None
                else:
                    for event in _upserts(at, columns):
                        state = _after(state, event, columns)
            if before is not None and state is not None and all(before[c] == state[c] for c in tracked):
                rows[-1] = (state, rows[-1][1], None)
                continue
            if before is not None:
                rows[-1] = (rows[-1][0], rows[-1][1], seq)
            if state is not None:
                rows.append((state, seq, None))
        if rows:
            result[key] = rows
    return result


def bitemporal(events, columns, tracked):
    """{key: [(row, start, end, known from, known until), ...]}: at each moment, the history that its events give."""
    result = {}
    for key, own in _by_key(events).items():
        known, rows = {}, []
        for moment in sorted({e["sys"] for e in own}, key=_order):
            so_far = [e for e in own if _order(e["sys"]) <= _order(moment)]
            now = {(start, end): row for row, start, end in scd2(so_far, columns, tracked).get(key, [])}
            for place, (row, since) in list(known.items()):
                if place not in now or now[place] != row:
                    rows.append((row, *place, since, moment))
                    del known[place]
            for place, row in now.items():
                known.setdefault(place, (row, moment))
        rows += [(row, *place, since, None) for place, (row, since) in known.items()]
        if rows:
            result[key] = rows
    return result


def _as_they_became_known(events):
    """Groups of events at one sequence: what became known later comes over what was known."""
    moments = sorted({e.get("sys") for e in events}, key=_order)
    return [[e for e in events if e.get("sys") == moment] for moment in moments]


def _last_truncate(events):
    cuts = [e["seq"] for e in events if e["op"] == "t"]
    return max(cuts, key=_order) if cuts else None


def _by_key(events):
    groups = {}
    for event in events:
        if event["op"] != "t":
            groups.setdefault(event["key"], []).append(event)
    return groups


def _order(value):
    """NULL smallest, structs field by field."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return (1, tuple(_order(v) for v in value))
    return (0,) if value is None else (1, value)


def _upserts(events, columns):
    """Upserts at one sequence, the least first."""
    found = [e for e in events if e["op"] == "u"]
    return sorted(found, key=lambda e: (
        tuple(_order(e["row"].get(c)) for c in columns),
        _order(None if e.get("sets") is None else tuple(sorted(e["sets"]))),
        _order(None if e.get("ignores") is None else tuple(sorted(e["ignores"]))),
    ))


def _after(state, event, columns):
    new = {}
    for column in columns:
        old = None if state is None else state[column]
        value = event["row"].get(column)
        if event.get("sets") is not None and column not in event["sets"]:
            new[column] = old
        elif event.get("ignores") is not None and column in event["ignores"]:
            new[column] = _over(old, value)
        else:
            new[column] = value
    return new


def _over(old, value):
    """A value laid over the one before, NULLs letting it through, also inside structs."""
    if value is None:
        return old
    if isinstance(value, dict):
        return {name: _over(old[name] if old else None, part) for name, part in value.items()}
    return value
