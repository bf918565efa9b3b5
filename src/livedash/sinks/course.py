"""What an attempt means for its sink: pure decisions, carried out by the follower."""

from dataclasses import dataclass, replace
from typing import Any

from livedash.base import limits
from livedash.sinks.sink import Answer, Directive, Outcome
from livedash.sinks.state import Delivery, News, Replay, State, Status

_SECOND = 1_000_000  # µs
_WARN_AT = 3  # attempts in trouble after which people are told: it has lasted for minutes and is no hiccup
_SHORTEST_WISH = 1.0  # seconds: an endpoint that asks for an immediate retry while it fails would be a busy loop


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds to wait before each further attempt, in trouble (the last one repeats) and when refused (then it is
    parked); seconds of nothing but failure after which a sink is disabled."""

    trouble: tuple[float, ...]
    refused: tuple[float, ...]
    disable_after: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The state after an attempt. `over`: the delivery is, and the sink goes on behind it. `parks` is to be kept as
    the parked delivery `number`, `unparks` to be forgotten."""

    state: State
    over: bool
    parks: tuple[int, Delivery] | None = None
    unparks: int | None = None


def settle(state: State, answer: Answer, schedule: Schedule, now: int, chance: float) -> Settled:
    """After an attempt at `state.delivery` ended at `now` (µs). `chance` is from 0 up to 1, for the jitter."""
    delivery = state.delivery
    assert delivery is not None
    if answer.outcome is Outcome.DELIVERED:
        return _delivered(state, delivery, answer, now)
    state = counted(state, answer)
    refused = answer.outcome is Outcome.REFUSED
    delivery = replace(
        delivery,
        attempts=delivery.attempts + 1,
        refusals=delivery.refusals + refused,
        reason=answer.reason,
    )
    state = replace(state, failing=state.failing or now, delivery=delivery)
    if answer.directive is Directive.DISABLE:
        return Settled(disabled(state, f"the endpoint asked for it: {answer.reason}", now), over=False)
    if answer.directive is Directive.ABORT or delivery.refusals > len(schedule.refused):
        settled = _park(state, delivery, now)
    else:
        due = now + int(_wait(delivery, answer, schedule, chance) * _SECOND)
        settled = Settled(_held(state, replace(delivery, due=due), refused, now), over=False)
    lasted = now - (state.failing or now) >= schedule.disable_after * _SECOND
    if lasted and settled.state.status is not Status.DISABLED:
        reason = f"nothing but failure for {schedule.disable_after / 86_400:g} days; the last: {answer.reason}"
        settled = replace(settled, state=disabled(settled.state, reason, now))
    return settled


def counted(state: State, answer: Answer) -> State:
    """After one more attempt, whatever follows from it."""
    failed = answer.outcome is not Outcome.DELIVERED
    return replace(state, attempts=state.attempts + 1, failures=state.failures + failed)


def disabled(state: State, reason: str, now: int) -> State:
    """The same, but it delivers no more until people say so."""
    return news(replace(state, status=Status.DISABLED, reason=reason, since=now), "sink.disabled", reason, now)


def news(state: State, type: str, reason: str, now: int) -> State:
    """With something more that operators are to be told of."""
    number = state.told + 1
    return replace(state, told=number, news=(*state.news, News(number, type, reason, now)))


def over(state: State, delivery: Delivery, **more: Any) -> State:
    """After `delivery`, whatever came of it; with `more` changes in the same breath, since each `replace` costs
    microseconds."""
    return replace(
        state,
        **more,
        delivery=None,
        replays=_replayed(state.replays, delivery),
        retries=state.retries and tuple(number for number in state.retries if number != delivery.parked),
        turn=delivery.following and bool(state.replays or state.retries),
    )


def skipped(state: State) -> Settled:
    """After a delivery of which the filter, as it is now, takes nothing: there was nothing to attempt."""
    assert state.delivery is not None
    return _done(state, state.delivery)


def _delivered(state: State, delivery: Delivery, answer: Answer, now: int) -> Settled:
    if state.warned:
        state = news(state, "sink.recovered", "", now)
    settled = _done(state, delivery, attempts=state.attempts + 1, failing=None, warned=False)
    if answer.directive is Directive.DISABLE:
        asked = disabled(settled.state, "the endpoint asked for it with the last delivery", now)
        return replace(settled, state=asked)
    return settled


def _done(state: State, delivery: Delivery, **more: Any) -> Settled:
    left = state.parked - (delivery.parked is not None)
    return Settled(over(state, delivery, parked=left, **more), over=True, unparks=delivery.parked)


def _held(state: State, delivery: Delivery, refused: bool, now: int) -> State:
    """It is tried again."""
    state = replace(state, delivery=delivery)
    if delivery.attempts >= _WARN_AT and not refused and not state.warned:
        state = news(replace(state, warned=True), "sink.failing", delivery.reason, now)
    return state


def _park(state: State, delivery: Delivery, now: int) -> Settled:
    """Put it aside with its reason and go on, unless there is no place left."""
    if delivery.parked is not None:
        return Settled(over(state, delivery), over=True, parks=(delivery.parked, _rested(delivery)))
    if state.parked >= limits.PARKED_KEPT:
        reason = f"{limits.PARKED_KEPT} deliveries are parked: retry or drop them; the last: {delivery.reason}"
        return Settled(disabled(state, reason, now), over=False)
    number = state.parking + 1
    state = news(replace(state, parking=number, parked=state.parked + 1), "delivery.parked", delivery.reason, now)
    return Settled(over(state, delivery), over=True, parks=(number, _rested(delivery)))


def _rested(delivery: Delivery) -> Delivery:
    """As it is kept while it is parked: a retry begins the schedule anew."""
    return replace(delivery, parked=None, refusals=0, due=0)


def _replayed(replays: tuple[Replay, ...], delivery: Delivery) -> tuple[Replay, ...]:
    """The replays after a delivery that belongs to one of them."""
    if delivery.replay is None or delivery.parked is not None:
        return replays
    moved = (
        replace(each, next=delivery.last + 1) if each.number == delivery.replay else each  # a gap ends before its end
        for each in replays
    )
    return tuple(each for each in moved if each.next <= each.last)


def _wait(delivery: Delivery, answer: Answer, schedule: Schedule, chance: float) -> float:
    if answer.retry_after is not None:  # never earlier than the endpoint wishes
        return max(answer.retry_after, _SHORTEST_WISH) * (1 + 0.1 * chance)
    if answer.outcome is Outcome.REFUSED:
        steps, step = schedule.refused, delivery.refusals
    else:
        steps, step = schedule.trouble, delivery.attempts - delivery.refusals
    return steps[min(step, len(steps)) - 1] * (0.9 + 0.2 * chance)
