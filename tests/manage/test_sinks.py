"""Sinks in documents: what may be said of them, the three-way comparison, secrets that take over from each other."""

from dataclasses import replace

import pytest

from livedash.base import limits
from livedash.base.tokens import digest, make_signing_secret
from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import DropPipeline, DropSink, PutSink
from livedash.catalog.entries import Header, Pipeline, SigningSecret, Sink
from livedash.manage.apply import apply
from livedash.manage.export import export
from livedash.manage.rights import ANONYMOUS
from livedash.model import Cursor
from livedash.model.errors import Invalid, Unknown

from .support import ADMIN, NOW, applied, conflicts, fields, head_of, plan_of, said
from .test_document import document, mistakes

FIRST, SECOND, THIRD = (make_signing_secret() for _ in range(3))
HOUR = 3600 * 1_000_000
DAY = limits.ROTATION_SECONDS * 1_000_000
HEAD = "apiVersion: 1\npipelines:\n- slug: a\n"
PLAIN = "  sinks:\n  - {type: webhook, name: s, url: 'https://x.example/hooks'}\n"
SINK = """\
  sinks:
  - type: webhook
    name: s
    url: https://x.example/hooks
    secret: ${SECRET}
    headers: {X-Key: '${KEY}', X-Plain: written-out}
    batch: {records: 10}
    where: data.a > 1
"""
GIVEN = {"SECRET": FIRST, "KEY": "the-value-of-the-key"}


def sink(catalog: Catalog, name: str = "s") -> Sink:
    pipeline = catalog.directory.pipeline("a")
    assert pipeline is not None
    found = catalog.directory.sink(name, pipeline.id)
    assert found is not None
    return found


async def by_people(catalog: Catalog, **changes: object) -> None:
    """What the browser would do to the sink."""
    await catalog.write([PutSink(replace(sink(catalog), **changes))])  # type: ignore[arg-type]


async def at(catalog: Catalog, moment: int, text: str, **variables: str) -> None:
    """Apply at a moment (µs)."""
    await apply(catalog, ADMIN, plan_of(catalog, text, **variables), lambda: moment, head_of)


def test_mistakes_are_said_with_their_lines() -> None:
    assert mistakes(
        """\
        apiVersion: 1
        pipelines:
        - slug: a
          sinks:
          - {type: pigeon, name: a, url: "https://x.example"}
          - {name: b, url: "https://x.example"}
          - {type: poll, name: c}
          - type: webhook
            name: Not a name
            url: https://x.example
            secret: ${SECRET}
            nope: 1
            headers:
              Content-Type: text/plain
              X Y: z
              X-Lines: "one\\ntwo"
              X-Empty: ""
          - type: webhook
            name: twice
            url: https://x.example
            headers: {X-A: b, x-a: c}
          - type: webhook
            name: twice
            url: https://x.example
            batch: {records: 0}
            where: data.a ==
        """,
        SECRET="hush",
    )[:-1] == [
        "a.yaml:5: pipelines[0].sinks[0]: there is no type 'pigeon'; there is webhook",
        "a.yaml:6: pipelines[0].sinks[1]: 'type' is missing",
        "a.yaml:7: pipelines[0].sinks[2]: there is no type 'poll'; there is webhook",
        "a.yaml:9: pipelines[0].sinks[3].name: a sink's name has 1 to 63 of a-z, 0-9 and '-', and does not begin with "
        "'-'",
        "a.yaml:12: pipelines[0].sinks[3].nope: there is no key 'nope' here",
        "a.yaml:14: pipelines[0].sinks[3].headers.Content-Type: this header is set by Livedash",
        "a.yaml:15: pipelines[0].sinks[3].headers.X Y: the name of a header has 1 to 100 of letters, digits and '-'",
        "a.yaml:16: pipelines[0].sinks[3].headers.X-Lines: the value of a header is one line",
        "a.yaml:17: pipelines[0].sinks[3].headers.X-Empty: string should have at least 1 character",
        "a.yaml:21: pipelines[0].sinks[4].headers: the header 'x-a' is there twice; upper and lower case are the same",
        "a.yaml:23: pipelines[0].sinks[5].name: the sink 'twice' is there twice",
        "a.yaml:25: pipelines[0].sinks[5].batch.records: input should be greater than or equal to 1",
    ]


def test_a_secret_that_cannot_sign_is_said_at_the_secret_and_not_shown() -> None:
    [mistake] = mistakes(HEAD + SINK, SECRET="hush-hush", KEY="k")
    assert mistake.startswith("a.yaml:8: pipelines[0].sinks[0].secret: ")
    assert "hush" not in mistake


def test_a_sinks_name_is_unique_on_its_pipeline_only() -> None:
    assert len(document(HEAD + PLAIN + "- slug: b\n" + PLAIN).spec.pipelines) == 2
    assert "the sink 's' is there twice" in mistakes(HEAD + PLAIN + PLAIN.partition("\n")[2])[0]


def test_there_is_a_limit_to_sinks_and_headers() -> None:
    more = "".join(PLAIN.partition("\n")[2].replace("name: s", f"name: s{n}") for n in range(limits.SINKS_PER_PIPELINE))
    assert "at most 50 items" in mistakes(HEAD + PLAIN + more)[0]
    headers = ", ".join(f"x-{n}: v" for n in range(limits.HEADERS_PER_SINK + 1))
    assert "at most 20 items" in mistakes(HEAD + PLAIN.replace("}", f", headers: {{{headers}}}}}"))[0]


async def test_a_sink_is_made_with_its_pipeline_and_begins_at_its_first_record(catalog: Catalog) -> None:
    result = await applied(catalog, HEAD + SINK, **GIVEN)
    assert said(result.plan) == {"pipelines.a": "create", "pipelines.a.sinks.s": "create"}
    made = sink(catalog)
    assert made.id.startswith("sk_")
    assert made.settings == {
        "type": "webhook",
        "url": "https://x.example/hooks",
        "batch": {"records": 10},
        "where": "data.a > 1",
    }
    assert made.secrets == (SigningSecret(FIRST, reference="${SECRET}"),)
    assert made.headers == (Header("X-Key", GIVEN["KEY"], "${KEY}"), Header("X-Plain", "written-out"))
    assert made.start is None
    assert plan_of(catalog, HEAD + SINK, **GIVEN).empty


async def test_secrets_are_in_no_plan_and_are_remembered_as_hashes(catalog: Catalog) -> None:
    result = await applied(catalog, HEAD + SINK, **GIVEN)
    changed = await applied(catalog, HEAD + SINK, SECRET=SECOND, KEY="another-value")
    shown = str(result.plan) + repr(result) + str(changed.plan) + repr(changed) + str(catalog.snapshot.applied)
    for text in (FIRST, SECOND, GIVEN["KEY"], "another-value", "written-out"):
        assert text not in shown
        assert text not in repr(sink(catalog))
    assert digest(SECOND) in str(catalog.snapshot.applied)


async def test_a_sink_without_a_secret_gets_one_and_keeps_it(catalog: Catalog) -> None:
    await applied(catalog, HEAD + PLAIN)
    [secret] = sink(catalog).secrets
    assert secret.text.startswith("whsec_")
    await applied(catalog, HEAD + PLAIN.replace("/hooks", "/other"))
    assert sink(catalog).secrets == (secret,)
    assert sink(catalog).settings["url"] == "https://x.example/other"


async def test_a_new_sink_of_an_older_pipeline_begins_with_what_comes_next(catalog: Catalog) -> None:
    await applied(catalog, HEAD)
    asked: list[bool] = []

    async def head_of(pipeline: Pipeline) -> Cursor:
        assert catalog.directory.sinks() == [], "asked before the sink is there"
        asked.append(pipeline.persist)
        return Cursor("e1", 7)

    before = catalog.directory.pipeline("a")
    await apply(catalog, ADMIN, plan_of(catalog, HEAD + PLAIN), lambda: NOW, head_of)
    assert sink(catalog).start == "e1-7"
    assert catalog.directory.pipeline("a") == before, "its sources need not begin again"
    await applied(catalog, HEAD)
    await apply(catalog, ADMIN, plan_of(catalog, HEAD + "  persist: false\n" + PLAIN), lambda: NOW, head_of)
    assert asked == [True, False], "of the log that it is going to be"


async def test_a_changed_sink_goes_on_where_it_was(catalog: Catalog) -> None:
    other = PLAIN.partition("\n")[2].replace("name: s", "name: other")
    await applied(catalog, HEAD + SINK + other, **GIVEN)
    before, untouched = sink(catalog), sink(catalog, "other")
    result = await applied(catalog, HEAD + SINK.replace("records: 10", "records: 20") + other, **GIVEN)
    assert fields(result.plan) == {"pipelines.a.sinks.s.batch.records": (10, 20)}
    settings = before.settings | {"batch": {"records": 20}}
    assert sink(catalog) == replace(before, settings=settings, revision=result.revision)
    assert sink(catalog, "other") == untouched
    await applied(catalog, HEAD + SINK.replace("    where: data.a > 1\n", ""), **GIVEN)
    assert "where" not in sink(catalog).settings


async def test_a_changed_secret_takes_over_with_an_overlap(catalog: Catalog) -> None:
    await at(catalog, NOW, HEAD + SINK, **GIVEN)
    await at(catalog, NOW + HOUR, HEAD + SINK, **GIVEN | {"SECRET": SECOND})
    second = SigningSecret(SECOND, reference="${SECRET}")
    assert sink(catalog).secrets == (second, SigningSecret(FIRST, NOW + HOUR + DAY, "${SECRET}"))
    await at(catalog, NOW + HOUR + DAY, HEAD + SINK, **GIVEN | {"SECRET": THIRD})
    assert sink(catalog).secrets == (
        SigningSecret(THIRD, reference="${SECRET}"),
        replace(second, until=NOW + HOUR + 2 * DAY),
    ), "the first one has ended"
    for _ in range(2):
        await at(catalog, NOW + HOUR + DAY, HEAD + SINK, **GIVEN | {"SECRET": SECOND})
    assert [each.text for each in sink(catalog).secrets] == [SECOND, THIRD], "back to the one before"


async def test_only_so_many_secrets_sign(catalog: Catalog) -> None:
    secrets = [make_signing_secret() for _ in range(limits.SIGNING_SECRETS + 2)]
    for secret in secrets:
        await applied(catalog, HEAD + SINK, SECRET=secret, KEY="k")
    assert [each.text for each in sink(catalog).secrets] == secrets[: -limits.SIGNING_SECRETS - 1 : -1]


async def test_a_secret_that_people_changed_stays_until_the_document_changes_it(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK, **GIVEN)
    await by_people(catalog, secrets=(SigningSecret(SECOND),))
    plan = plan_of(catalog, HEAD + SINK, **GIVEN)
    assert (plan.empty, plan.kept) == (True, (("pipelines.a.sinks.s", "secret"),))
    plan = plan_of(catalog, HEAD + SINK, **GIVEN | {"SECRET": THIRD})
    assert conflicts(plan) == {("pipelines.a.sinks.s", "secret")}
    assert "secret was changed here and in the document" in str(plan)


async def test_a_header_goes_when_the_document_says_it_no_more(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK, **GIVEN)
    ours = Header("X-Ours", "of people")
    await by_people(catalog, headers=(*sink(catalog).headers, ours))
    result = await applied(catalog, HEAD + SINK.replace(", X-Plain: written-out", ""), **GIVEN)
    assert sink(catalog).headers == (Header("X-Key", GIVEN["KEY"], "${KEY}"), ours)
    assert "    headers.X-Plain: (hidden) → none" in str(result.plan).splitlines()


async def test_a_header_that_is_only_named_keeps_its_value(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK, **GIVEN)
    before = sink(catalog).headers
    named = HEAD + SINK.replace("X-Plain: written-out", "X-Plain: null")
    for text in (named, named, HEAD + SINK.replace(", X-Plain: written-out", "")):
        assert (await applied(catalog, text, **GIVEN)).plan.empty
        assert sink(catalog).headers == before
    result = await applied(catalog, HEAD + SINK.replace("written-out", "new"), **GIVEN)
    assert result.plan.conflicts == ()
    assert sink(catalog).headers[1] == Header("X-Plain", "new")


async def test_a_header_that_is_only_named_needs_a_value_to_keep(catalog: Catalog) -> None:
    named = HEAD + SINK.replace(
        "    headers: {X-Key: '${KEY}', X-Plain: written-out}\n", "    headers:\n      X-Key:\n"
    )
    for _ in range(2):
        with pytest.raises(Invalid) as caught:
            plan_of(catalog, named, **GIVEN)
        place = "file.yaml:10: pipelines[0].sinks[0].headers.X-Key"
        assert str(caught.value) == f"{place}: there is no value to keep; give one"
        await applied(catalog, HEAD + PLAIN)


async def test_headers_of_both_sides_that_differ_in_case_only_are_refused(catalog: Catalog) -> None:
    await applied(catalog, HEAD + PLAIN)
    await by_people(catalog, headers=(Header("X-Key", "of people"),))
    with pytest.raises(Invalid, match="'x-key' is there twice"):
        plan_of(catalog, HEAD + PLAIN.replace("}", ", headers: {x-key: v}}"))


async def test_a_secret_that_stays_must_do_for_a_new_signature(catalog: Catalog) -> None:
    github = PLAIN.replace("}", ", signature: github, secret: '${SECRET}'}")
    await applied(catalog, HEAD + github, SECRET="any sixteen chars")
    with pytest.raises(Invalid, match=r"sinks\[0\]\.secret: ") as caught:
        plan_of(catalog, HEAD + PLAIN)
    assert "any sixteen chars" not in str(caught.value)
    await applied(catalog, HEAD + PLAIN.replace("}", ", secret: '${SECRET}'}"), SECRET=FIRST)
    assert [each.text for each in sink(catalog).secrets] == [FIRST], "what cannot sign any more does not"


async def test_what_the_document_made_and_dropped_is_deleted(catalog: Catalog) -> None:
    await applied(catalog, HEAD + PLAIN)
    await catalog.write([PutSink(replace(sink(catalog), id="sk_ours", name="ours"))])
    result = await applied(catalog, HEAD)
    assert said(result.plan) == {"pipelines.a": "unchanged", "pipelines.a.sinks.s": "delete"}
    assert [each.name for each in catalog.directory.sinks()] == ["ours"], "what people made stays"
    result = await applied(catalog, "apiVersion: 1\n")
    assert said(result.plan) == {"pipelines.a": "delete", "pipelines.a.sinks.ours": "delete"}
    assert catalog.snapshot.sinks == ()


async def test_a_sink_changed_by_people_is_not_deleted_by_the_document(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK, **GIVEN)
    settings = sink(catalog).settings
    await by_people(catalog, settings=settings | {"url": "https://ours.example"})
    assert conflicts((await applied(catalog, HEAD)).plan) == {("pipelines.a.sinks.s", None)}
    await by_people(catalog, settings=settings, secrets=(SigningSecret(SECOND),))
    assert said(plan_of(catalog, HEAD))["pipelines.a.sinks.s"] == "delete", "a new secret keeps nothing"


async def test_what_people_deleted_stays_deleted(catalog: Catalog) -> None:
    await applied(catalog, HEAD + SINK, **GIVEN)
    named = SINK.replace("X-Plain: written-out", "X-Plain: null")
    await applied(catalog, HEAD + named, **GIVEN)
    await catalog.write([DropSink(sink(catalog).id)])
    plan = plan_of(catalog, HEAD + named, **GIVEN)
    assert (plan.empty, plan.conflicts, plan.kept) == (True, (), (("pipelines.a.sinks.s", None),))
    assert conflicts(plan_of(catalog, HEAD + SINK, **GIVEN)) == {("pipelines.a.sinks.s", None)}
    await catalog.write([DropPipeline(catalog.snapshot.pipelines[0].id)])
    plan = plan_of(catalog, HEAD + named + "  - {type: webhook, name: new, url: 'https://x.example'}\n", **GIVEN)
    assert (plan.empty, conflicts(plan)) == (True, {("pipelines.a.sinks.new", None)})
    assert "! sink a/new: belongs to a pipeline that was deleted here" in str(plan)


async def test_a_pipeline_that_is_still_shown_keeps_its_sinks(catalog: Catalog) -> None:
    await applied(catalog, HEAD + PLAIN)
    await catalog.write([PutSink(replace(sink(catalog), id="sk_ours", name="ours"))])
    await applied(catalog, "apiVersion: 1\ndashboards: [{slug: d, auto: a}]\n", source="other")
    result = await applied(catalog, "apiVersion: 1\n")
    assert (said(result.plan), conflicts(result.plan)) == ({}, {("pipelines.a", None)})
    assert len(catalog.snapshot.sinks) == 2
    await applied(catalog, "apiVersion: 1\n", source="other")
    assert set(said(plan_of(catalog, "apiVersion: 1\n")).values()) == {"delete"}


async def test_only_an_admin_applies(catalog: Catalog) -> None:
    with pytest.raises(Unknown):
        await apply(catalog, ANONYMOUS, plan_of(catalog, HEAD + PLAIN), lambda: NOW, head_of)


async def test_a_plan_reads_well(catalog: Catalog) -> None:
    await applied(catalog, HEAD + PLAIN)
    text = HEAD + SINK + "  - {type: webhook, name: new, url: 'https://y.example'}\n"
    assert str(plan_of(catalog, text, **GIVEN)).splitlines() == [
        "+ sink a/new",
        "~ sink a/s",
        "    batch.records: not set → 10",
        '    where: not set → "data.a > 1"',
        "    secret: (hidden) → ${SECRET}",
        "    headers.X-Key: none → ${KEY}",
        "    headers.X-Plain: none → (hidden)",
        "1 to create, 1 to change, 0 to delete, 1 unchanged, 0 in conflict",
    ]


RICH = (
    HEAD
    + SINK
    + """\
  - type: webhook
    name: odd
    url: https://x.example/$${NAME}
    signature: github
    template: {text: 'costs $${PRICE}: {{ data.a }}', "a.b": [1, 2.5, null, {c: true}]}
"""
)


async def test_an_export_applied_plans_nothing(catalog: Catalog) -> None:
    await applied(catalog, RICH, **GIVEN)
    assert sink(catalog, "odd").settings["template"]["text"] == "costs ${PRICE}: {{ data.a }}"
    text = export(catalog.snapshot)
    for source in ("file", "a document that was never applied"):
        plan = plan_of(catalog, text, source=source, **GIVEN)
        assert (plan.empty, plan.conflicts) == (True, ())
    before = catalog.snapshot.sinks
    await applied(catalog, text, **GIVEN)
    await applied(catalog, text, **GIVEN)
    assert catalog.snapshot.sinks == before


async def test_an_export_has_no_secrets_but_what_they_are_called(catalog: Catalog) -> None:
    await applied(catalog, RICH, **GIVEN)
    text = export(catalog.snapshot)
    assert "  - name: s\n" in text
    assert "    secret: ${SECRET}\n" in text
    assert "    headers: {X-Key: '${KEY}', X-Plain: null}\n" in text
    for secret in (FIRST, GIVEN["KEY"], "written-out", sink(catalog, "odd").secrets[0].text, "whsec_"):
        assert secret not in text


async def test_an_export_makes_the_same_on_an_empty_installation(catalog: Catalog, other_catalog: Catalog) -> None:
    await applied(catalog, RICH.replace(", X-Plain: written-out", ""), **GIVEN)
    await applied(other_catalog, export(catalog.snapshot), **GIVEN)
    plain = [
        [replace(each, id="", pipeline="", revision=0, secrets=()) for each in it.directory.sinks()]
        for it in (catalog, other_catalog)
    ]
    assert plain[0] == plain[1] != []
    assert sink(other_catalog).secrets == sink(catalog).secrets
    assert export(other_catalog.snapshot) == export(catalog.snapshot)
