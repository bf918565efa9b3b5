"""What people want of a sink, as changes of its state. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from livedash.base import limits
from livedash.model.errors import Busy, NotFound
from livedash.sinks.state import Replay, State, Status


def paused(state: State, now: int) -> State:
    """No more attempts until it is resumed. What disabled it stays said."""
    if state.status is not Status.RUNNING:
        return state
    return replace(state, status=Status.PAUSED, reason="", since=now)


def resumed(state: State, now: int, *, anew: bool) -> State:
    """Deliver, at once, and count failures from now on. With `anew` the cursor was chosen: what was on its way of what
    is new is given up for it."""
    delivery = state.delivery
    if delivery is not None:
        gone = anew and delivery.following
        delivery = None if gone else replace(delivery, due=0)
    if state.status is not Status.RUNNING:
        state = replace(state, status=Status.RUNNING, reason="", since=now)
    return replace(state, delivery=delivery, failing=None, warned=False)


def replayed(state: State, epoch: str, first: int, last: int) -> State:
    """Deliver records once more. Raises Busy."""
    if len(state.replays) >= limits.REPLAYS_WAITING:
        raise Busy(f"{limits.REPLAYS_WAITING} replays of this sink are under way", retry_after=60)
    number = state.replay + 1
    return replace(state, replay=number, replays=(*state.replays, Replay(number, epoch, first, last)))


def retried(state: State, numbers: Iterable[int]) -> State:
    """Retry parked deliveries, in their order."""
    return replace(state, retries=tuple(sorted({*state.retries, *numbers})))


def dropped(state: State, number: int) -> State:
    """Without a parked delivery, also where its retry is on its way. Raises NotFound when none is left to drop."""
    if not state.parked:
        raise NotFound("no delivery is parked here")
    delivery = state.delivery
    if delivery is not None and delivery.parked == number:
        delivery = None
    retries = tuple(each for each in state.retries if each != number)
    return replace(state, delivery=delivery, retries=retries, parked=state.parked - 1)
