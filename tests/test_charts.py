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
