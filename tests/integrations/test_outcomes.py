from datetime import UTC, datetime

import pytest

from dashboard.integrations.outcomes import safe_words, wait_from

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("35", 35.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("1000000000", 3600.0),
        ("9" * 20, 3600.0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:59:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 3600.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("٣", None),
        ("", None),
        (None, None),
        ("9" * 500, None),
    ],
)
def test_waits_as_long_as_retry_after_says_but_never_over_an_hour(header, seconds):
    assert wait_from(header, NOW) == seconds


def test_a_providers_words_are_shown_without_keys_and_addresses():
    said = safe_words(
        "Bad key sk_live_abcdefghi\r\nat https://api.example/bot1:tok/x?y=1 with hunter2\x00 for robin@mail.example",
        "hunter2",
    )
    assert said == "Bad key (hidden) at (address) with (hidden) for robin@mail.example"


def test_a_providers_words_are_cut_and_never_anything_but_text():
    assert len(safe_words("x" * 5000)) == 300
    assert safe_words({"message": "no"}) == safe_words(None) == ""
