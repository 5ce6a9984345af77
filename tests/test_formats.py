from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import formats

NOW = datetime(2026, 11, 21, 9, 42, tzinfo=UTC)


# ── money ──


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (128400, "EUR", "€1,284.00"),
        (-500, "USD", "−$5.00"),
        (-3, "GBP", "−£0.03"),
        (0, "EUR", "€0.00"),
        (2**63, "EUR", "€92,233,720,368,547,758.08"),
        (500, "JPY", "JPY\u00a0500"),
        (1500, "KWD", "KWD\u00a01.500"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_a_real_minus(minor, currency, shown):
    assert formats.money(minor, currency) == shown


@pytest.mark.parametrize("currency", ["ISK", "UGX", "RSD"])
def test_currencies_that_stripe_counts_in_hundredths_are_shown_in_hundredths(currency):
    assert formats.money(50000, currency) == f"{currency}\u00a0500.00"


def test_an_unknown_currency_is_shown_raw_and_says_so():
    assert formats.money(1234, "XXQ") == "1,234 XXQ (minor units)"
    assert formats.money_short(1234, "XXQ") == "1,234 XXQ (minor units)"


@pytest.mark.parametrize(
    ("minor", "shown"),
    [(6120000, "€61.2k"), (6000000, "€60k"), (99_999_900, "€1M"), (-125_000_000_00, "−€125M"), (5900, "€59")],
)
def test_short_money_fits_an_axis(minor, shown):
    assert formats.money_short(minor, "EUR") == shown


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1284", "EUR", 128400),
        ("1,284.00", "EUR", 128400),
        ("1.284,00", "EUR", 128400),
        ("1 284,5", "EUR", 128450),
        ("€ 12", "EUR", 1200),
        ("12 EUR", "EUR", 1200),
        ("−5.5", "EUR", -550),
        ("500", "JPY", 500),
        ("1,500", "JPY", 1500),
        ("1.284", "KWD", 1284),
    ],
)
def test_amounts_are_understood_as_people_type_them(typed, currency, minor):
    assert formats.parse_money(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "EUR"),
        ("abc", "EUR"),
        ("1e5", "EUR"),
        ("NaN", "EUR"),
        ("1,2,3", "EUR"),
        ("٣", "EUR"),
        ("$12", "EUR"),
        ("5.555", "EUR"),
        ("500.5", "JPY"),
        ("99999999999999999999", "EUR"),
        ("12", "XXQ"),
    ],
)
def test_what_is_not_an_amount_is_refused(typed, currency):
    assert formats.parse_money(typed, currency) is None


@pytest.mark.parametrize(("typed", "currency"), [("1.284", "EUR"), ("1,284", "KWD")])
def test_an_amount_that_could_mean_two_things_is_refused(typed, currency):
    assert formats.parse_money(typed, currency) is None


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["EUR", "JPY", "KWD", "ISK"]))
def test_every_amount_survives_an_input_and_what_we_show_reads_back(minor, currency):
    assert formats.parse_money(formats.money_input(minor, currency), currency) == minor
    assert formats.parse_money(formats.money(minor, currency), currency) == minor


def test_an_input_for_an_unknown_currency_cannot_be_offered():
    with pytest.raises(ValueError, match="XXQ"):
        formats.money_input(1, "XXQ")


# ── numbers ──


def test_numbers_and_percents_have_separators_and_a_real_minus():
    assert formats.num(-1284) == "−1,284"
    assert formats.percent(0.312) == "31.2%"
    assert formats.percent(-0.021) == "−2.1%"
    assert formats.percent(1, places=0) == "100%"
    assert formats.percent(None) == ""


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (18_000, "18 kB"),
        (999_999, "1.0 MB"),
        (6_100_000, "6.1 MB"),
        (123_456_789, "123 MB"),
        (10**13, "10.0 TB"),
    ],
)
def test_file_sizes_are_decimal(size, shown):
    assert formats.file_size(size) == shown


# ── times ──


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=14), "14 min ago"),
        (timedelta(hours=5, minutes=59), "5 h ago"),
        (timedelta(hours=25), "Yesterday"),
        (timedelta(hours=47), "19 Nov"),
        (timedelta(days=2), "19 Nov"),
        (timedelta(days=400), "17 Oct 2025"),
        (timedelta(minutes=-26), "in 26 min"),
        (timedelta(days=-3), "in 3 d"),
        (timedelta(days=-30), "21 Dec"),
    ],
)
def test_a_time_is_told_as_a_distance_until_it_is_a_date(passed, shown):
    assert formats.ago(NOW - passed, NOW) == shown


def test_yesterday_is_the_day_before_today_in_the_zone():
    night = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)  # in New York it is the evening before
    assert formats.ago(night - timedelta(hours=26), night) == "19 Nov"
    assert formats.ago(night - timedelta(hours=26), night, "America/New_York") == "Yesterday"


def test_dates_and_times_are_those_of_the_zone():
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert formats.moment(late, "Europe/Oslo") == "22 Nov 2026, 00:30"
    assert formats.day(late, "Europe/Oslo", weekday=True) == "Sun 22 Nov 2026"
    assert formats.day(late, "America/New_York") == "21 Nov 2026"


def test_a_date_is_not_moved_by_a_zone():
    assert formats.day(date(2026, 11, 24), "Pacific/Auckland") == "24 Nov 2026"


def test_both_hours_of_an_autumn_night_are_shown_as_the_clock_had_them():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert formats.moment(first, "Europe/Oslo") == "25 Oct 2026, 02:30"
    assert formats.moment(first + timedelta(hours=1), "Europe/Oslo") == "25 Oct 2026, 02:30"


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(minutes=26), ("in 26 min", "warning")),
        (timedelta(minutes=30), ("in 30 min", "neutral")),
        (timedelta(hours=5), ("in 5 h", "neutral")),
        (timedelta(seconds=20), ("in 1 min", "warning")),
        (timedelta(minutes=-40), ("40 min late", "danger")),
        (timedelta(days=-3), ("3 d late", "danger")),
    ],
)
def test_a_deadline_says_how_far_it_is_and_how_bad(left, shown):
    assert formats.deadline(NOW + left, NOW) == shown


def test_a_paused_clock_is_never_late():
    assert formats.deadline(NOW - timedelta(days=1), NOW, paused=True) == ("Paused", "pending")


def test_a_time_tag_carries_the_exact_time_for_machines_and_people():
    tag = formats.time_tag(NOW - timedelta(minutes=14), "Europe/Oslo", NOW)
    assert tag == '<time datetime="2026-11-21T09:28:00+00:00" title="21 Nov 2026, 10:28">14 min ago</time>'
    assert formats.time_tag(None) == ""


# ── people ──


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ingrid Solheim", "IS"),
        ("Harbour & Pine", "HP"),
        ("Acme", "AC"),
        ("Élodie-Anne", "ÉA"),
        ("lucas.meyer@meyerwerk.example", "LM"),
        ("Q", "Q"),
        ("  ", "?"),
        ("🙂", "?"),
    ],
)
def test_initials_exist_for_every_name(name, shown):
    assert formats.initials(name) == shown


@given(st.text())
def test_a_colour_number_is_stable_and_exists_in_the_stylesheet(text):
    assert formats.hue(text) == formats.hue(text)
    assert 1 <= formats.hue(text) <= 6
    assert formats.hue("Acme") == formats.hue("ACME")
