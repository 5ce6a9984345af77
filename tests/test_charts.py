import pytest

from dashboard import charts


def test_a_short_history_is_filled_up_on_the_left_so_the_latest_run_is_always_last():
    bars = charts.runs(["ok", "failed"])
    assert len(bars) == charts.RUNS_SHOWN
    assert [bar.look for bar in bars] == ["n"] * 18 + ["", "f"]


def test_a_long_history_shows_only_its_end():
    assert [bar.look for bar in charts.runs(["failed"] + ["ok"] * 20)] == [""] * 20


def test_trouble_is_taller_than_a_good_run_so_it_reads_without_colour():
    ok, late, failed = (float(bar.height.rstrip("%")) for bar in charts.runs(["ok", "late", "failed"], shown=3))
    assert late > ok
    assert failed > ok


def test_bars_stand_on_the_ground_and_stay_inside():
    for bar in charts.runs(["ok", "late", "failed", "running", "never"] * 4):
        x, y, width, height = (float(part.rstrip("%")) for part in bar[:4])
        assert y + height == pytest.approx(100)
        assert x >= 0
        assert x + width <= 100


def test_a_word_that_is_no_outcome_is_an_error_and_not_a_good_run():
    with pytest.raises(KeyError):
        charts.runs(["fine"])


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([], "No runs yet"),
        (["never"], "No runs yet"),
        (["ok"], "Last run: on time"),
        (["never", "failed", "running"], "Last run: failed"),
        (["ok", "ok"], "Last 2 runs: all on time"),
        (["ok", "late", "failed", "late"], "Last 4 runs: 1 failed, 2 late"),
    ],
)
def test_the_bars_have_words_for_those_who_do_not_see_them(outcomes, words):
    assert charts.runs_summary(outcomes) == words


def test_ticks_are_round_and_hold_every_value_and_zero():
    for values in ([0], [3], [61_200, 5], [-40, 7], [-900, -3], [10**15, 1], []):
        axis = charts.axis(values, str)
        assert axis.low <= min([0, *values]) and axis.high >= max([0, *values])
        assert 2 <= len(axis.ticks) <= 7
        assert sum(zero for _, _, zero in axis.ticks) == 1


def test_stacked_bars_touch_the_ground_above_and_below_it():
    axis = charts.axis([30, -10], str)
    bars = charts.stacks([[10], [20], [-10]], axis)
    places = [(float(bar.y[:-1]), float(bar.height[:-1])) for bar in bars]
    ground = axis.y(0)
    assert places[0][0] + places[0][1] == pytest.approx(ground, abs=0.6)
    assert places[1][0] + places[1][1] == pytest.approx(places[0][0], abs=0.6)
    assert places[2][0] == pytest.approx(ground, abs=0.1)


def test_a_line_has_a_gap_where_nothing_is_known():
    path = charts.curve([1, 2, None, 3, 4], charts.axis([4], str), "s1").path
    assert path.count("M") == 2 and path.startswith("M0.0,") and "1000.0," in path


def test_every_place_of_a_chart_can_be_pointed_at():
    for hits in (charts.point_hits("abcde", "12345"), charts.slot_hits("abcde", "12345")):
        assert [hit.values for hit in hits] == list("12345")
        assert all(0 <= float(hit.x[:-1]) <= 100 and float(hit.width[:-1]) > 0 for hit in hits)
