"""The three-way comparison, for any three sides."""

from hypothesis import given, settings
from hypothesis import strategies as st

from livedash.manage.merge import Merged, merge
from livedash.manage.state import State, defaults_of, parent_of

VALUES = st.sampled_from(["x", "y", "z"])
THINGS = {
    "pipelines.a": st.fixed_dictionaries({}, optional={"name": VALUES, "retention.days": st.sampled_from([1, 2])}),
    "pipelines.a.sinks.s": st.fixed_dictionaries({"url": VALUES}, optional={"where": VALUES, "headers.x": VALUES}),
    "dashboards.d": st.fixed_dictionaries({}, optional={"title": VALUES, "is_public": st.booleans()}),
    "dashboards.d.widgets.v": st.fixed_dictionaries({"type": VALUES}, optional={"config.title": VALUES}),
    "dashboards.d.widgets.w": st.fixed_dictionaries({"type": VALUES}, optional={"query.limit": VALUES}),
}


def _whole(state: State) -> State:
    """No widget without its dashboard, no sink without its pipeline."""
    return {key: fields for key, fields in state.items() if parent_of(key) in (None, *state)}


STATES = st.fixed_dictionaries({}, optional=THINGS).map(_whole)


def installed(state: State) -> State:
    """A state as the installation shows it: with every default."""
    return {key: defaults_of(key) | fields for key, fields in state.items()}


def changes(merged: Merged) -> list[str]:
    return [change.key for change in merged.changes if change.action != "unchanged"]


@settings(max_examples=300)
@given(STATES, STATES.map(installed), STATES)
def test_applying_again_changes_nothing_and_reports_the_same_conflicts(before: State, here: State, now: State) -> None:
    once = merge(before, here, now)
    again = merge(once.said, installed(once.wanted), now)
    assert changes(again) == []
    assert [(each.key, each.field) for each in again.conflicts] == [(each.key, each.field) for each in once.conflicts]
    assert again.said == once.said


@settings(max_examples=300)
@given(STATES, STATES)
def test_where_people_change_nothing_the_document_has_its_way(first: State, second: State) -> None:
    after_first = merge({}, {}, first)
    after_second = merge(after_first.said, installed(after_first.wanted), second)
    assert (after_second.conflicts, after_second.kept) == ([], [])
    assert installed(after_second.wanted) == installed(second)


@settings(max_examples=300)
@given(STATES, STATES.map(installed))
def test_where_the_document_changes_nothing_people_have_their_way(said: State, here: State) -> None:
    merged = merge(said, here, said)
    assert {key: merged.wanted[key] for key in here if key in said} == {key: here[key] for key in here if key in said}
    assert (changes(merged), merged.conflicts) == ([], [])


@settings(max_examples=300)
@given(STATES, STATES.map(installed), STATES)
def test_what_people_made_is_only_lost_with_its_dashboard_or_pipeline(before: State, here: State, now: State) -> None:
    merged = merge(before, here, now)
    for key in here.keys() - before.keys() - now.keys():
        assert key in merged.wanted or parent_of(key) not in merged.wanted
    assert _whole(merged.wanted) == merged.wanted
