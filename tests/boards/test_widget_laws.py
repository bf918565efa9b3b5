"""What holds for every widget, whatever the records, their order in time and the pages they come in."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.boards.records import SECOND, Client, followed, histories, page, picture, record, widget

WIDGETS = {
    "chart": lambda: widget("line_chart", fields=["a", "b"], limit=7),
    "chart of all": lambda: widget("line_chart", limit=7),
    "chart of groups": lambda: widget("line_chart", {"min": -5}, field="a", group_by="g", limit=9),
    "chart of a range": lambda: widget("line_chart", fields=["a"], range="10s", limit=50),
    "joined chart": lambda: widget("line_chart", fields=["a", "b"], range="20s", limit=4),
    "joined chart of groups": lambda: widget("line_chart", group_by="g", range="7s", limit=3, aggregate="last"),
    "joined chart of the least": lambda: widget("line_chart", group_by="g", range="13s", limit=3, aggregate="min"),
    "joined chart of the largest": lambda: widget(
        "line_chart", fields=["a", "b"], range="7s", limit=2, aggregate="max"
    ),
    "chart of sums": lambda: widget(
        "line_chart", fields=["a", "b"], group_by="g", range="7s", limit=3, aggregate="sum"
    ),
    "chart of rates": lambda: widget("line_chart", field="a", range="13s", limit=5, aggregate="rate"),
    "chart with where": lambda: widget("line_chart", field="a", range="9s", where="data.a > 0"),
    "table": lambda: widget("table", {"fields": ["a", "g", "timestamp", "offset"]}, limit=5),
    "table of all": lambda: widget("table", {"order": "oldest"}, limit=5, where="has(data.a)"),
    "ordered table": lambda: widget("table", {"order": {"field": "a", "direction": "desc"}}, range="11s", limit=6),
    "last": lambda: widget("stat_card", {"delta": True, "sparkline": True}, field="a", limit=4),
    "average": lambda: widget("stat_card", {"delta": "start"}, field="a", range="8s", aggregate="avg"),
    "sum": lambda: widget("stat_card", {}, field="b", limit=6, aggregate="sum"),
    "least": lambda: widget("stat_card", {}, field="a", limit=3, aggregate="min"),
    "largest": lambda: widget("stat_card", {}, field="a", range="6s", aggregate="max"),
    "rate": lambda: widget("stat_card", {}, aggregate="rate", range="5s"),
    "count": lambda: widget("stat_card", {}, aggregate="count", field="a", range="9s", where="data.g != 'x'"),
}
law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(params=WIDGETS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pages_step_by_step_give_the_same_as_all_at_once(name: str) -> None:
    @law
    @given(histories())
    def check(history):
        found, pages, moments = history
        made = WIDGETS[name]()
        *_, (_, state, _) = followed(made, pages, moments)
        fresh = WIDGETS[name]()
        whole = fresh.start([page(found)], moments[-1])
        assert picture(made, state) == picture(fresh, whole)
        assert made.rows(state) == fresh.rows(whole)

    check()


def test_what_is_sent_leads_to_the_same_picture(name: str) -> None:
    @law
    @given(histories())
    def check(history):
        _, pages, moments = history
        made, client = WIDGETS[name](), None
        for old, new, _ in followed(made, pages, moments):
            client = client or Client(str(made.render(old)))
            client.apply(made.diff(old, new))
            assert client.picture == picture(made, new)

    check()


def test_a_state_is_not_changed_by_the_steps_after_it(name: str) -> None:
    @law
    @given(histories())
    def check(history):
        _, pages, moments = history
        made = WIDGETS[name]()
        kept = [(new, str(made.render(new))) for _, new, _ in followed(made, pages, moments)]
        fresh = WIDGETS[name]()  # nothing cached
        again = [str(fresh.render(new)) for _, new, _ in followed(fresh, pages, moments)]
        assert [str(made.render(state)) for state, _ in kept] == [text for _, text in kept] == again

    check()


def test_nothing_is_sent_when_nothing_changed(name: str) -> None:
    made = WIDGETS[name]()
    now = 1_700_000_000 * SECOND
    state = made.start([page([record(1, {"a": 1, "b": 2, "g": "y"}, now)])], now)
    assert made.diff(state, made.step(state, page([], after=1), now)) is None


def test_records_that_come_again_are_not_counted_again(name: str) -> None:
    made = WIDGETS[name]()
    now = 1_700_000_000 * SECOND
    found = [record(offset, {"a": offset, "b": 2, "g": "y"}, now) for offset in (1, 2, 3)]
    state = made.start([page(found)], now)
    assert picture(made, made.step(state, page(found[1:]), now)) == picture(made, state)


def test_another_epoch_begins_from_nothing(name: str) -> None:
    made, fresh = WIDGETS[name](), WIDGETS[name]()
    now = 1_700_000_000 * SECOND
    old = [record(offset, {"a": offset, "b": 2, "g": "y"}, now) for offset in range(1, 9)]
    new = [record(1, {"a": 7, "b": 1, "g": "z"}, now)]
    state = made.step(made.start([page(old, "life1")], now), page(new, "life2"), now)
    assert picture(made, state) == picture(fresh, fresh.start([page(new, "life2")], now))
