"""What an attempt means: pure decisions."""

from dataclasses import replace

import pytest

from livedash.base import limits
from livedash.sinks.course import Schedule, Settled, settle
from livedash.sinks.sink import Answer
from livedash.sinks.state import Delivery, Replay, State, Status
from tests.sinks.endpoint import BAD, GONE, NEVER, NO, OK, answer
from tests.sinks.support import DAY, SCHEDULE, SECOND, TROUBLE

NOW = 20_000 * DAY


def under_way(**changed: object) -> State:
    return replace(State(), delivery=Delivery("records", "e", 1, 5), **changed)  # type: ignore[arg-type]


def after(state: State, *answers: Answer, now: int = NOW, chance: float = 0.5) -> Settled:
    for each in answers:
        settled = settle(state, each, SCHEDULE, now, chance)
        state = settled.state
    return settled


def waits(*answers: Answer, chance: float = 0.5) -> list[float]:
    """Seconds until the next attempt after each of the answers."""
    state, found = under_way(), []
    for each in answers:
        state = settle(state, each, replace(SCHEDULE, disable_after=1e9), NOW, chance).state
        assert state.delivery is not None
        found.append((state.delivery.due - NOW) / SECOND)
    return found


def test_trouble_is_waited_out_for_longer_and_longer():
    assert waits(*[BAD] * 12) == [*TROUBLE, *[TROUBLE[-1]] * 3]


def test_what_is_refused_is_tried_again_soon_then_parked():
    assert waits(NO, NO, NO) == [5, 60, 300]
    settled = after(under_way(), NO, NO, NO, NO)
    assert settled.over and settled.state.delivery is None
    assert settled.parks is not None
    number, parked = settled.parks
    assert (number, parked.first, parked.last, parked.attempts, parked.reason) == (1, 1, 5, 4, "it was refused")
    assert (settled.state.parked, settled.state.status) == (1, Status.RUNNING)
    assert [each.type for each in settled.state.news] == ["delivery.parked"]


def test_trouble_between_refusals_does_not_count_as_one():
    assert waits(NO, BAD, NO, BAD, BAD, NO) == [5, 5, 60, 300, 1800, 300]


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.9), (0.5, 1.0), (0.999_999, 1.1)])
def test_jitter_is_a_tenth_to_either_side(chance: float, factor: float):
    assert waits(BAD, NO, chance=chance) == pytest.approx([5 * factor, 5 * factor], rel=1e-5)


@pytest.mark.parametrize(("wish", "least", "most"), [(30.0, 30, 33), (0.0, 1, 1.1), (86_400.0, 86_400, 95_040)])
@pytest.mark.parametrize("outcome", ["trouble", "refused"])
def test_a_wish_is_never_undercut(wish: float, least: float, most: float, outcome: str):
    wished = answer(outcome, retry_after=wish)
    assert waits(wished, chance=0.0) == [least]
    assert waits(wished, chance=1.0) == [pytest.approx(most)]


def test_the_endpoint_may_ask_for_nothing_any_more():
    settled = after(under_way(), GONE)
    assert (settled.over, settled.state.status, settled.state.since) == (False, Status.DISABLED, NOW)
    assert settled.state.delivery is not None  # what it did not take is there when it is enabled again
    assert "asked for it" in settled.state.reason
    assert [each.type for each in settled.state.news] == ["sink.disabled"]


def test_it_may_take_the_last_one_and_ask_for_no_more():
    settled = after(under_way(), replace(OK, directive=GONE.directive))
    assert (settled.over, settled.state.status) == (True, Status.DISABLED)
    assert settled.state.delivery is None


def test_what_it_never_wants_again_is_parked_at_once():
    settled = after(under_way(), NEVER)
    assert settled.over and settled.parks is not None
    assert settled.state.status is Status.RUNNING


@pytest.mark.parametrize("failure", [BAD, NO, NEVER])
def test_days_of_nothing_but_failure_disable(failure: Answer):
    before = after(under_way(failing=NOW - 5 * DAY + SECOND), failure)
    assert before.state.status is Status.RUNNING
    settled = after(under_way(failing=NOW - 5 * DAY), failure)
    assert settled.state.status is Status.DISABLED
    assert "5 days" in settled.state.reason and failure.reason in settled.state.reason
    assert (settled.parks is not None) == (failure is NEVER)  # and what is parked is kept


def test_a_success_begins_the_days_anew():
    settled = after(under_way(failing=NOW - 4 * DAY, warned=False), OK)
    assert settled.state.failing is None


def test_it_is_disabled_when_no_more_can_be_parked():
    full = under_way(parked=limits.PARKED_KEPT, failing=NOW - 9 * DAY)
    settled = after(full, NEVER)
    assert (settled.over, settled.parks, settled.state.parked) == (False, None, limits.PARKED_KEPT)
    assert settled.state.status is Status.DISABLED
    assert [each.type for each in settled.state.news] == ["sink.disabled"]  # for the one reason, not for both
    assert after(under_way(parked=limits.PARKED_KEPT - 1), NEVER).state.status is Status.RUNNING


def test_trouble_that_lasts_and_its_end_are_told_once():
    told = after(under_way(), *[BAD] * 5).state
    assert [(each.number, each.type) for each in told.news] == [(1, "sink.failing")]
    told = after(told, OK).state
    assert [(each.number, each.type) for each in told.news] == [(1, "sink.failing"), (2, "sink.recovered")]
    assert after(under_way(), BAD, BAD, OK).state.news == ()  # a hiccup
    assert (told.attempts, told.failures) == (6, 5)


def test_a_retry_that_is_refused_is_parked_where_it_was():
    state = replace(State(), delivery=Delivery("records", "e", 1, 5, parked=7), parked=3, parking=9, retries=(7, 8))
    settled = after(state, NEVER)
    assert settled.parks is not None and settled.parks[0] == 7
    assert (settled.state.parked, settled.state.parking, settled.state.retries) == (3, 9, (8,))
    assert settled.state.news == ()
    settled = after(state, OK)
    assert (settled.unparks, settled.state.parked, settled.state.retries) == (7, 2, (8,))


def test_what_is_new_takes_turns_with_what_is_delivered_again():
    replays = (Replay(1, "e", 1, 9),)
    settled = after(under_way(replays=replays), OK)
    assert settled.state.turn and settled.state.replays == replays
    again = replace(settled.state, delivery=Delivery("records", "e", 1, 5, replay=1))
    settled = after(again, OK)
    assert not settled.state.turn and settled.state.replays == (Replay(1, "e", 6, 9),)
    last = replace(settled.state, delivery=Delivery("records", "e", 6, 9, replay=1))
    assert after(last, OK).state.replays == ()


def test_a_single_wait_serves_every_attempt():
    short = Schedule((0.1,), (), 3600)
    state = settle(under_way(), BAD, short, NOW, 0.5).state
    assert state.delivery is not None and state.delivery.due == NOW + 100_000
    assert settle(under_way(), NO, short, NOW, 0.5).parks is not None
