from icelos.jobs.mail.synthesis.dice import Odds, number, pick, stream


def test_draws_repeat_and_go_by_name() -> None:
    assert number(7, "date") == number(7, "date")
    assert number(7, "date") != number(7, "time")
    assert number(7, "date") != number(8, "date")
    assert pick("abc", 5, "x") == pick("abc", 5, "x")
    assert stream(1, "a").random() == stream(1, "a").random()


def test_all_of_a_pool_is_drawn() -> None:
    assert {pick("abcdef", seed, "letter") for seed in range(200)} == set("abcdef")


def test_odds_follow_their_weights() -> None:
    odds, rng = Odds({"often": 9.0, "seldom": 1.0, "never": 0.0}), stream(3, "odds")
    drawn = [odds.draw(rng) for _ in range(1000)]
    assert drawn.count("never") == 0
    assert 50 < drawn.count("seldom") < 160
