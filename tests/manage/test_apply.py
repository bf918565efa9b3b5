"""Plan and apply: three-way between what the document said last time, what is installed, and what it says now."""

from dataclasses import replace
from typing import Any

import pytest

from livedash.base.tokens import digest
from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import PutDashboard, PutPipeline
from livedash.catalog.entries import Dashboard, Pipeline, TokenKind, Widget
from livedash.manage.apply import apply
from livedash.manage.edit import Editor
from livedash.manage.rights import ANONYMOUS
from livedash.model.errors import Conflict, Invalid, Unknown

from .support import ADMIN, applied, conflicts, fields, head_of, now, plan_of, said
from .test_document import TOKENS, WEATHER

SMALL = """\
apiVersion: 1
pipelines:
- slug: a
  name: A
dashboards:
- slug: d
  title: D
  widgets:
  - {id: w, type: table, position: {x: 0, y: 0, w: 4, h: 4}, config: {title: W}, query: {pipeline: a, limit: 20}}
"""


def pipeline(catalog: Catalog, slug: str = "a") -> Pipeline:
    found = catalog.directory.pipeline(slug)
    assert found is not None
    return found


def dashboard(catalog: Catalog, slug: str = "d") -> Dashboard:
    found = catalog.directory.dashboard(slug)
    assert found is not None
    return found


async def by_people(catalog: Catalog, slug: str = "d", widget: dict[str, Any] | None = None, **changes: Any) -> None:
    """What the browser would do to a dashboard, or to its first widget."""
    old = dashboard(catalog, slug)
    if widget is not None:
        changes["widgets"] = (replace(old.widgets[0], **widget), *old.widgets[1:])
    await catalog.write([PutDashboard(replace(old, **changes))])


async def rename_by_people(catalog: Catalog, name: str) -> None:
    await catalog.write([PutPipeline(replace(pipeline(catalog), name=name))])


async def test_the_document_of_the_contract_is_applied(catalog: Catalog) -> None:
    result = await applied(catalog, WEATHER, **TOKENS)
    assert set(said(result.plan).values()) == {"create"}
    weather, board = pipeline(catalog, "weather"), dashboard(catalog, "weather")
    assert weather.mapping == ({"rename": {"tmax": "temp_max"}},)
    assert (weather.retention.days, weather.retention.bytes) == (30, 2_000_000_000)
    assert [widget.id for widget in board.widgets] == ["temp", "days", "wind"]
    assert board.widgets[0].config == {"title": "Temperature", "unit": "celsius"}
    assert result.made_tokens == {}
    grant = catalog.directory.grant("ingest-text")
    assert grant is not None
    assert (grant.kind, grant.pipeline) == (TokenKind.INGEST, weather.id)
    assert catalog.directory.stream_token(weather.id) == "stream-text"


@pytest.mark.parametrize(("text", "variables"), [(WEATHER, TOKENS), (SMALL, {})])
async def test_a_second_apply_plans_and_writes_nothing(catalog: Catalog, text: str, variables: dict[str, str]) -> None:
    first = await applied(catalog, text, **variables)
    second = await applied(catalog, text, **variables)
    assert second.plan.empty
    assert set(said(second.plan).values()) == {"unchanged"}
    assert (second.revision, second.made_tokens) == (first.revision, {})


async def test_a_new_pipeline_gets_tokens_and_the_ingest_token_is_said_once(catalog: Catalog) -> None:
    result = await applied(catalog, SMALL)
    grant = catalog.directory.grant(result.made_tokens["a"])
    assert grant is not None
    assert (grant.kind, grant.pipeline) == (TokenKind.INGEST, pipeline(catalog).id)
    stream = catalog.directory.grant(catalog.directory.stream_token(pipeline(catalog).id))
    assert stream is not None
    assert stream.kind is TokenKind.STREAM


async def test_only_what_changed_in_the_document_changes(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    result = await applied(catalog, SMALL.replace("limit: 20", "limit: 30").replace("{title: W}", "{title: V}"))
    assert fields(result.plan) == {
        "dashboards.d.widgets.w.config.title": ("W", "V"),
        "dashboards.d.widgets.w.query.limit": (20, 30),
    }
    widget = dashboard(catalog).widgets[0]
    assert (widget.config, widget.query) == ({"title": "V"}, {"pipeline": "a", "limit": 30})


async def test_what_the_document_says_no_more_gets_its_default(catalog: Catalog) -> None:
    await applied(catalog, SMALL.replace("name: A", "name: A\n  retention: {days: 3}"))
    await applied(catalog, SMALL.replace("  name: A\n", "").replace("config: {title: W}, ", "config: {}, "))
    assert (pipeline(catalog).name, pipeline(catalog).retention.days) == ("a", 30)
    assert dashboard(catalog).widgets[0].config == {}


async def test_what_people_changed_and_the_document_did_not_touch_stays(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, title="Ours", is_public=True)
    await by_people(catalog, widget={"config": {"title": "Ours", "order": "oldest"}})
    result = await applied(catalog, SMALL.replace("limit: 20", "limit: 30"))
    board = dashboard(catalog)
    assert (board.title, board.is_public) == ("Ours", True)
    assert board.widgets[0].config == {"title": "Ours", "order": "oldest"}
    assert board.widgets[0].query["limit"] == 30
    assert result.plan.conflicts == ()
    assert set(result.plan.kept) == {("dashboards.d", "title"), ("dashboards.d.widgets.w", "config.title")}


async def test_what_both_changed_is_a_conflict_until_they_agree(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await rename_by_people(catalog, "Ours")
    theirs = SMALL.replace("name: A", "name: Theirs").replace("title: D", "title: E")
    for _ in range(2):
        result = await applied(catalog, theirs)
        assert conflicts(result.plan) == {("pipelines.a", "name")}
        assert pipeline(catalog).name == "Ours"
        assert dashboard(catalog).title == "E", "the rest is applied"
        assert "'Ours' here and 'Theirs' in the document" in str(result.plan)
    await rename_by_people(catalog, "Theirs")
    assert plan_of(catalog, theirs).conflicts == ()


async def test_the_same_change_on_both_sides_is_no_conflict(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await rename_by_people(catalog, "Same")
    assert plan_of(catalog, SMALL.replace("name: A", "name: Same")).conflicts == ()


async def test_a_default_that_people_changed_conflicts_with_a_first_word_on_it(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, is_public=True)
    assert plan_of(catalog, SMALL).empty
    text = SMALL.replace("title: D", "title: D\n  auto: a\n  is_public: false")
    assert fields(plan_of(catalog, text)) == {"dashboards.d.auto": (None, "a")}


async def test_what_the_document_made_and_dropped_is_deleted(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, widgets=(*dashboard(catalog).widgets, a_widget("ours")))
    without = SMALL[: SMALL.index("  widgets:")]
    result = await applied(catalog, without)
    assert said(result.plan)["dashboards.d.widgets.w"] == "delete"
    assert [widget.id for widget in dashboard(catalog).widgets] == ["ours"], "what people made stays"
    result = await applied(catalog, "apiVersion: 1\npipelines: [{slug: a, name: A}]\n")
    assert (said(result.plan)["dashboards.d"], said(result.plan)["dashboards.d.widgets.ours"]) == ("delete",) * 2
    await applied(catalog, "apiVersion: 1\n")
    assert (catalog.directory.pipelines(), catalog.directory.dashboards()) == ((), ())
    assert catalog.snapshot.tokens == ()
    assert catalog.snapshot.applied == {}


async def test_documents_by_different_names_leave_each_other_alone(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await applied(catalog, "apiVersion: 1\npipelines: [{slug: b}]\n", source="other")
    await applied(catalog, "apiVersion: 1\n", source="other")
    assert [each.slug for each in catalog.directory.pipelines()] == ["a"]


async def test_what_people_deleted_stays_deleted(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await Editor(catalog, now, head_of).delete_dashboard(ADMIN, "d")
    plan = plan_of(catalog, SMALL)
    assert (plan.empty, plan.conflicts, plan.kept) == (True, (), (("dashboards.d", None),))
    changed = plan_of(catalog, SMALL.replace("title: D", "title: E"))
    assert (changed.empty, conflicts(changed)) == (True, {("dashboards.d", None)})
    added = plan_of(
        catalog, SMALL + "  - {id: v, type: table, position: {x: 0, y: 4, w: 4, h: 4}, query: {pipeline: a}}\n"
    )
    assert (added.empty, conflicts(added)) == (True, {("dashboards.d.widgets.v", None)})


async def test_what_people_deleted_comes_back_when_the_document_forgot_it_in_between(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await Editor(catalog, now, head_of).delete_dashboard(ADMIN, "d")
    await applied(catalog, SMALL[: SMALL.index("dashboards:")])
    await applied(catalog, SMALL)
    assert [widget.id for widget in dashboard(catalog).widgets] == ["w"]


async def test_a_thing_changed_by_people_is_not_deleted_by_the_document(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, title="Ours")
    without = SMALL[: SMALL.index("dashboards:")]
    for _ in range(2):
        result = await applied(catalog, without)
        assert conflicts(result.plan) == {("dashboards.d", None)}
        assert [widget.id for widget in dashboard(catalog).widgets] == ["w"]
    await by_people(catalog, title="D")
    assert said(plan_of(catalog, without))["dashboards.d"] == "delete"


async def test_a_pipeline_that_is_still_shown_is_not_deleted(catalog: Catalog) -> None:
    await applied(catalog, SMALL[: SMALL.index("dashboards:")])
    await applied(catalog, "apiVersion: 1\n" + SMALL[SMALL.index("dashboards:") :], source="other")
    result = await applied(catalog, "apiVersion: 1\n")
    assert conflicts(result.plan) == {("pipelines.a", None)}
    assert pipeline(catalog).name == "A"


async def test_a_document_takes_over_what_it_first_speaks_of(catalog: Catalog) -> None:
    await Editor(catalog, now, head_of).put_pipeline(ADMIN, "a", {"name": "Ours", "persist": False})
    result = await applied(catalog, SMALL)
    assert fields(result.plan) == {"pipelines.a.name": ("Ours", "A")}
    assert (pipeline(catalog).name, pipeline(catalog).persist) == ("A", False)
    assert result.made_tokens == {}


async def test_a_moved_revision_refuses_the_plan(catalog: Catalog) -> None:
    plan = plan_of(catalog, SMALL)
    await Editor(catalog, now, head_of).put_pipeline(ADMIN, "z", {})
    with pytest.raises(Conflict):
        await apply(catalog, ADMIN, plan, now, head_of)
    assert catalog.directory.pipeline("a") is None


async def test_only_an_admin_applies(catalog: Catalog) -> None:
    with pytest.raises(Unknown):
        await apply(catalog, ANONYMOUS, plan_of(catalog, SMALL), now, head_of)
    assert catalog.directory.pipelines() == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("pipeline: a", "pipeline: b"), "file.yaml:9: dashboards[0].widgets[0].query.pipeline: there is"),
        (SMALL.replace("title: D", "auto: b"), "file.yaml:7: dashboards[0].auto: there is no pipeline 'b'"),
        (SMALL + "team: other\n", "file.yaml:10: team: there is no team 'other'"),
        (
            "apiVersion: 1\npipelines:\n- slug: a\n  ingest_token: same-token\n  stream_token: same-token\n",
            "file.yaml:4: pipelines[0].ingest_token: this token is used elsewhere",
        ),
    ],
)
async def test_what_does_not_fit_the_installation_is_said_with_its_line(
    catalog: Catalog, text: str, message: str
) -> None:
    with pytest.raises(Invalid) as caught:
        plan_of(catalog, text)
    assert str(caught.value).startswith(message)


async def test_a_widget_may_show_a_pipeline_of_the_installation(catalog: Catalog) -> None:
    put = await Editor(catalog, now, head_of).put_pipeline(ADMIN, "b", {})
    await applied(catalog, SMALL.replace("pipeline: a", "pipeline: b"))
    await applied(catalog, SMALL.replace("pipeline: a", f"pipeline: {put.pipeline.id}"))
    assert dashboard(catalog).widgets[0].query["pipeline"] == put.pipeline.id


async def test_two_valid_sides_that_do_not_go_together_are_refused(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, widget={"config": {"title": "W", "order": "oldest"}})
    with pytest.raises(Invalid, match="no key 'order'"):
        plan_of(catalog, SMALL.replace("type: table", "type: line_chart"))


TOKEN = "apiVersion: 1\npipelines:\n- slug: a\n  ingest_token: ${T}\n"


async def test_a_token_changes_with_its_variable_and_the_old_one_opens_nothing(catalog: Catalog) -> None:
    await applied(catalog, TOKEN, T="first-token")
    result = await applied(catalog, TOKEN, T="second-token")
    assert "first-token" not in str(result.plan) + repr(result)
    assert "second-token" not in str(result.plan) + repr(result)
    assert catalog.directory.grant("first-token") is None
    assert catalog.directory.grant("second-token") is not None
    assert digest("second-token") in str(catalog.snapshot.applied), "what was said is remembered as a hash only"


async def test_a_token_left_out_stays(catalog: Catalog) -> None:
    await applied(catalog, TOKEN, T="first-token")
    result = await applied(catalog, "apiVersion: 1\npipelines:\n- slug: a\n")
    assert result.plan.empty
    assert catalog.directory.grant("first-token") is not None


async def test_a_made_token_gives_way_to_the_documents(catalog: Catalog) -> None:
    made = (await applied(catalog, "apiVersion: 1\npipelines: [{slug: a}]\n")).made_tokens["a"]
    await applied(catalog, TOKEN, T="first-token")
    assert catalog.directory.grant(made) is None
    assert catalog.directory.grant("first-token") is not None


async def test_a_revoked_token_stays_revoked_until_it_changes(catalog: Catalog) -> None:
    await applied(catalog, TOKEN, T="first-token")
    [token] = [each for each in catalog.snapshot.tokens if each.kind is TokenKind.INGEST]
    await Editor(catalog, now, head_of).revoke_token(ADMIN, token.id)
    await applied(catalog, TOKEN, T="first-token")
    assert catalog.directory.grant("first-token") is None
    await applied(catalog, TOKEN, T="second-token")
    assert catalog.directory.grant("second-token") is not None


async def test_two_pipelines_can_swap_their_tokens(catalog: Catalog) -> None:
    text = TOKEN + "- slug: b\n  ingest_token: ${U}\n"
    await applied(catalog, text, T="first-token", U="second-token")
    await applied(catalog, text, T="second-token", U="first-token")
    grant = catalog.directory.grant("first-token")
    assert grant is not None
    assert grant.pipeline == pipeline(catalog, "b").id


def a_widget(id: str) -> Widget:
    return Widget(id, "table", {}, {"pipeline": "a"}, {"x": 6, "y": 0, "w": 4, "h": 4})


async def test_a_plan_reads_well(catalog: Catalog) -> None:
    await applied(catalog, SMALL)
    await by_people(catalog, title="Ours")
    text = SMALL.replace("limit: 20", "limit: 30").replace("name: A", "ingest_token: ${T}") + "- slug: new\n"
    assert str(plan_of(catalog, text, T="first-token")).splitlines() == [
        "~ pipeline a",
        "    ingest_token: (hidden) → ${T}",
        '    name: "A" → "a"',
        "~ widget d/w",
        "    query.limit: 20 → 30",
        "+ dashboard new",
        "= dashboard d: title was changed here and stays",
        "1 to create, 2 to change, 0 to delete, 1 unchanged, 0 in conflict",
    ]
