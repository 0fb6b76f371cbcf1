"""Words, numbers and text widths."""

from datetime import datetime, timezone

import pytest

from ldp_jupyter.declarations import Kind
from ldp_jupyter.display import palette, words
from ldp_jupyter.display.icons import printable
from ldp_jupyter.display.measure import clip, text_width
from ldp_jupyter.events import FlowStatus, Level, UpdateState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.0 s"),
        (1.24, "1.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (184, "3 min 04 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (-3, "0.0 s"),
    ],
)
def test_durations(seconds, text):
    assert words.duration(seconds) == text


def test_numbers():
    assert words.number(1000) == "1,000"
    assert words.number(0) == "0"
    assert words.number(None) == ""
    assert words.counted(1, "row") == "1 row"
    assert words.counted(1000, "row") == "1,000 rows"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0.0 %"),
        (24, 1000, "2.4 %"),
        (1, 1_000_000, "< 0.1 %"),
        (999_999, 1_000_000, "> 99.9 %"),
        (5, 5, "100.0 %"),
        (0, 0, ""),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, whole, text):
    assert words.percent(part, whole) == text


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((976, None, None, 24), "976 rows, 24 dropped"),
        ((0, None, None, None), "0 rows"),
        ((None, 396, 4, None), "396 upserted, 4 deleted"),
        ((0, 396, 0, 0), "396 upserted"),
        ((None, 0, 0, None), "0 upserted"),
        ((None, None, None, None), ""),
        ((1, None, None, 0), "1 row"),
    ],
)
def test_rows(counts, text):
    assert words.rows_text(*counts) == text


def test_every_state_and_kind_has_a_word_an_icon_and_colours():
    shown = [words.STATUS[s.value] for s in FlowStatus] + [words.STATE[s.value] for s in UpdateState]
    shown += [words.LEVEL[level.value] for level in Level]
    for word in shown:
        assert word.icon
        assert word.word
        assert word.tone in palette.PILL
        assert word.tone in palette.TERMINAL
        assert word.tone in palette.STRONG
    assert all(kind.value in words.KIND for kind in Kind)
    # no two states look alike where colours are not seen
    assert len({(words.STATUS[s.value].word) for s in FlowStatus}) == len(FlowStatus)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK])
def test_texts_can_be_read(colours):
    for tone in ("text", "muted", "done", "active", "waiting", "wrong", "caution", "quiet"):
        assert contrast(colours.tone(tone), colours.card) >= 4.5, tone
    for tone in ("text", "muted"):
        assert contrast(colours.tone(tone), colours.source) >= 4.5, tone


def test_pills_and_edges_can_be_read_on_any_page():
    for ground, text in palette.PILL.values():
        assert contrast(ground, text) >= 4.5
    for colour in [palette.LIGHT.edge, *palette.STRONG.values()]:
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, "#111111") >= 3


def test_refreshes_are_named_as_on_the_platform():
    assert words.refresh_word("NO_OP") == "No change"
    assert words.refresh_word("FULL_RECOMPUTE") == "Full recompute"
    assert words.refresh_word("GROUP_AGGREGATE") == "Incremental (group aggregate)"
    assert words.refresh_word("GROUP_AGGREGATE", short=True) == "Incremental"
    assert words.refresh_word(None) == ""


def test_kept_times_are_utc():
    assert words.utc(datetime(2026, 11, 25, 10, 2, 8, tzinfo=timezone.utc)) == "2026-11-25 10:02:08"


def test_clipped_text_fits():
    text = "a_rather_long_dataset_name"
    assert clip(text, text_width(text, 12), 12) == text
    for room in (40, 80, 120):
        short = clip(text, room, 12)
        assert short.endswith("…")
        assert text_width(short, 12) <= room


def test_what_xml_cannot_hold_is_replaced():
    assert printable("a\x00b\x1bc\ud800\uffff\n\t😀é") == "a\ufffdb\ufffdc\ufffd\ufffd\n\t😀é"
