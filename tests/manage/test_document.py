"""Documents: everything that is wrong, each with its file and line."""

from textwrap import dedent

import pytest

from livedash.manage.document import Document, Mistake, load
from livedash.manage.lines import names
from livedash.model.errors import Invalid

WEATHER = """\
apiVersion: 1
team: main
pipelines:
  - slug: weather
    name: Seattle weather
    source: {type: push}
    ingest_token: ${WEATHER_INGEST}
    stream_token: ${WEATHER_STREAM}
    allowed_origins: ["https://shop.example", "https://*.shop.example"]
    persist: true
    retention: {days: 30, bytes: 2GB}
    mapping: [{rename: {tmax: temp_max}}]
dashboards:
  - slug: weather
    title: Weather
    is_public: true
    widgets:
      - {id: temp, type: line_chart, position: {x: 0, y: 0, w: 8, h: 4}, config: {title: Temperature, unit: celsius}, query: {pipeline: weather, fields: [temp_max, temp_min]}}
      - {id: days, type: table,      position: {x: 8, y: 0, w: 4, h: 4}, config: {title: Days, fields: [date, weather, temp_max]}, query: {pipeline: weather, limit: 20}}
      - {id: wind, type: stat_card,  position: {x: 0, y: 4, w: 3, h: 2}, config: {title: Wind, label: "m/s"}, query: {pipeline: weather, field: wind, aggregate: last}}
"""  # noqa: E501 as in the contract
TOKENS = {"WEATHER_INGEST": "ingest-text", "WEATHER_STREAM": "stream-text"}


def document(text: str, **variables: str) -> Document:
    return load({"a.yaml": dedent(text)}, variables)


def mistakes(*texts: str, **variables: str) -> list[str]:
    """What is wrong with the texts, as files a.yaml, b.yaml …"""
    with pytest.raises(Invalid) as caught:
        load({f"{'abc'[i]}.yaml": dedent(text) for i, text in enumerate(texts)}, variables)
    assert all(isinstance(fault, Mistake) for fault in caught.value.faults)
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    return [str(fault) for fault in caught.value.faults]


def test_the_document_of_the_contract_is_taken() -> None:
    document = load({"weather.yaml": WEATHER}, TOKENS)
    [pipeline], [dashboard] = document.spec.pipelines, document.spec.dashboards
    assert pipeline.ingest_token == "ingest-text"
    assert pipeline.retention.bytes == 2_000_000_000
    assert [(each.id, each.type) for each in dashboard.widgets] == [
        ("temp", "line_chart"),
        ("days", "table"),
        ("wind", "stat_card"),
    ]
    assert document.references == {
        ("pipelines", 0, "ingest_token"): "${WEATHER_INGEST}",
        ("pipelines", 0, "stream_token"): "${WEATHER_STREAM}",
    }


def test_every_mistake_is_said_at_once_with_its_line() -> None:
    assert mistakes(
        """\
        apiVersion: 1
        pipelines:
          - slug: Weather_1
            nme: Weather
            persist: maybe
            retention: {bytes: many}
            allowed_origins: ["https://shop.example/path", "https://shop.example:443"]
          - slug: twice
            source: {type: pussh}
          - slug: twice
            source:
              type: system
              evry: 3
            ingest_token: short
        dashboards:
          - title: No slug
            widgets:
              - id: a b
                type: line_chart
                position: {x: 8, y: 0, w: 5, h: 4}
                config:
                  title: T
                  colour: red
                query: {pipeline: twice}
        """
    ) == [
        "a.yaml:3: pipelines[0].slug: a slug has 1 to 63 of a-z, 0-9 and '-', and does not begin with '-'",
        "a.yaml:4: pipelines[0].nme: there is no key 'nme' here",
        "a.yaml:5: pipelines[0].persist: input should be a valid boolean, unable to interpret input",
        "a.yaml:6: pipelines[0].retention.bytes: a size is a number and a unit, such as 500MB or 2GiB",
        "a.yaml:7: pipelines[0].allowed_origins[0]: an origin looks like https://shop.example or "
        "https://*.shop.example: in small letters (xn--… for others), with a port if it has one, without a path",
        "a.yaml:7: pipelines[0].allowed_origins[1]: browsers leave out the port that a scheme has by itself; leave it "
        "out here as well",
        "a.yaml:9: pipelines[1].source: there is no type 'pussh'; did you mean 'push'?",
        "a.yaml:10: pipelines[2].slug: the pipeline 'twice' is there twice",
        "a.yaml:13: pipelines[2].source.evry: there is no key 'evry' here",
        "a.yaml:14: pipelines[2].ingest_token: string should have at least 8 characters",
        "a.yaml:16: dashboards[0]: 'slug' is missing",
        "a.yaml:18: dashboards[0].widgets[0].id: a widget id has 1 to 64 of letters, digits, '_' and '-'",
        "a.yaml:20: dashboards[0].widgets[0].position: x + w is 13, but the grid has 12 columns",
        "a.yaml:23: dashboards[0].widgets[0].config.colour: there is no key 'colour' here",
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("pipelines: [{slug: a, source: {type: poll}}]", "pipelines[0].source: the type 'poll' is not built yet"),
        ("pipelines: [{slug: a, source: {type: webhook}}]", "pipelines[0].source: the type 'webhook' is not built yet"),
        ("dashboards: [{slug: a, variables: []}]", "dashboards[0].variables: 'variables' is not built yet"),
    ],
)
def test_what_is_not_built_is_refused_by_name(lines: str, said: str) -> None:
    assert mistakes(f"apiVersion: 1\n{lines}\n") == [f"a.yaml:2: {said}"]


WIDGET = """\
apiVersion: 1
pipelines: [{slug: p}]
dashboards:
  - slug: d
    widgets:
      - id: w
        position: {x: 0, y: 0, w: 1, h: 1}
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("type: pie\nquery: {pipeline: p}", "8: {w}.type: input should be 'line_chart', 'table' or 'stat_card'"),
        ("query: {pipeline: p}", "6: {w}: 'type' is missing"),
        ("type: table\nquery: {pipeline: p, limit: 0}", "9: {w}.query.limit: input should be greater than or equal"),
        ("type: table\nquery: {pipeline: p}\nconfig: {type: table}", "6: {w}: config takes no 'type'"),
        ("type: table\nquery: {pipeline: p}\nconfig: 3", "10: {w}.config: input should be a valid dictionary"),
        ("type: table\nquery:\n  pipeline: p\n  where: 'data.a =='", "{w}"),
        ("type: stat_card\nquery:\n  pipeline: p", "9: {w}.query: a stat card needs `field`"),
    ],
)
def test_a_widget_is_checked_by_its_type(lines: str, said: str) -> None:
    text = WIDGET + "".join(f"        {line}\n" for line in lines.splitlines())
    [mistake] = mistakes(text)
    assert said.format(w="dashboards[0].widgets[0]") in mistake


def test_widget_ids_are_unique_on_a_dashboard_only() -> None:
    widget = "{id: w, type: table, position: {x: 0, y: 0, w: 1, h: 1}, query: {pipeline: p}}"
    text = f"apiVersion: 1\ndashboards:\n- slug: a\n  widgets: [{widget}]\n- slug: b\n  widgets:\n  - {widget}\n"
    assert len(document(text).spec.dashboards) == 2
    assert mistakes(text + f"  - {widget}\n") == [
        "a.yaml:8: dashboards[1].widgets[1].id: the widget 'w' is there twice"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: 1\npipelines: [\n", "a.yaml:3: "),
        ("apiVersion: 1\n\tpipelines: []\n", "a.yaml:2: "),
        ("- 1\n", "a.yaml:1: a document is a mapping that begins with 'apiVersion: 1'"),
        ("", "a.yaml:1: a document is a mapping that begins with 'apiVersion: 1'"),
        ("pipelines: []\n", "a.yaml:1: apiVersion: a document begins with 'apiVersion: 1'"),
        ("pipelines: []\napiVersion: 2\n", "a.yaml:2: apiVersion: a document begins with 'apiVersion: 1'"),
        ("apiVersion: 1\npipelines: 3\n", "a.yaml:2: pipelines: this is a list"),
        ("apiVersion: 1\nteam: a\nteam: b\n", "a.yaml:3: team: the key 'team' is there twice"),
        (
            "apiVersion: 1\npipelines:\n- slug: a\n  retention: {days: .inf}\n",
            "a.yaml:4: pipelines[0].retention.days: a",
        ),
        ("apiVersion: 1\n[a]: 1\n", "a.yaml:2: a key must be a word"),
        ("apiVersion: 1\npipelines: &a [*a]\n", "a.yaml:2: too many values"),
        ("apiVersion: 1\nx: " + "[" * 200_000 + "]" * 200_000, "a.yaml:2: nested too deeply"),
    ],
)
def test_what_is_not_a_document(text: str, said: str) -> None:
    [mistake] = mistakes(text)
    assert mistake.startswith(said)


def test_a_few_aliases_cannot_stand_for_billions_of_values() -> None:
    bomb = "apiVersion: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    assert any("too many values" in mistake for mistake in mistakes(bomb))


def test_aliases_are_values_like_others() -> None:
    text = "apiVersion: 1\npipelines:\n- slug: a\n  allowed_origins: &o ['https://x.example']\n"
    text += "- slug: b\n  allowed_origins: *o\n"
    assert [each.allowed_origins for each in document(text).spec.pipelines] == [("https://x.example",)] * 2


def test_files_are_joined_and_mistakes_keep_their_file() -> None:
    first = "apiVersion: 1\npipelines:\n- slug: a\n- slug: b\n"
    second = "apiVersion: 1\n\npipelines:\n- slug: c\n  stream_token: ${T}\ndashboards:\n- slug: d\n"
    joined = load({"a.yaml": first, "b.yaml": second}, {"T": "12345678"})
    assert [each.slug for each in joined.spec.pipelines] == ["a", "b", "c"]
    assert joined.references == {("pipelines", 2, "stream_token"): "${T}"}
    assert mistakes(first, second.replace("slug: c", "slug: a"), T="12345678") == [
        "b.yaml:4: pipelines[2].slug: the pipeline 'a' is there twice"
    ]
    assert mistakes(first + "  nme: x\n", "apiVersion: 1\npipelines: [}\n", "team: b\n")[:1] == [
        "a.yaml:5: pipelines[1].nme: there is no key 'nme' here"
    ]
    assert mistakes("apiVersion: 1\nteam: a\n", "apiVersion: 1\nteam: b\n") == [
        "b.yaml:2: team: another file says something else here"
    ]


def test_references_are_replaced_in_values_and_can_be_escaped() -> None:
    text = "apiVersion: 1\npipelines:\n- slug: a\n  name: In ${CITY}, $${CITY} and $5\n  persist: ${KEEP}\n"
    [pipeline] = document(text, CITY="Seattle", KEEP="false").spec.pipelines
    assert (pipeline.name, pipeline.persist) == ("In Seattle, ${CITY} and $5", False)
    assert names(text) == {"CITY", "KEEP"}


def test_only_given_variables_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE", "a secret of the server")
    assert mistakes("apiVersion: 1\npipelines:\n- slug: a\n  name: ${PRIVATE}\n  ingest_token: ${not a name}\n") == [
        "a.yaml:4: pipelines[0].name: the environment variable PRIVATE is not set",
        "a.yaml:5: pipelines[0].ingest_token: ${not a name} does not name a variable; write $${ for a plain ${",
    ]


def test_a_token_is_a_reference_only_when_it_is_nothing_else() -> None:
    text = "apiVersion: 1\npipelines:\n- slug: a\n  ingest_token: secret-${X}\n"
    assert document(text, X="1").references == {}


def test_a_date_is_a_text() -> None:
    [pipeline] = document("apiVersion: 1\npipelines:\n- slug: a\n  name: 2026-11-22\n").spec.pipelines
    assert pipeline.name == "2026-11-22"


def test_mistakes_never_show_a_token() -> None:
    said = mistakes("apiVersion: 1\npipelines:\n- slug: a\n  ingest_token: ${T}\n  nope: 1\n", T="hushhus")
    assert len(said) == 2
    assert "hushhus" not in "".join(said)


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        ("http://localhost:3000", True),
        ("http://[::1]:3000", True),
        ("https://*.shop.example", True),
        ("https://xn--mnchen-3ya.example", True),
        ("https://Shop.example", False),
        ("https://münchen.example", False),
        ("http://localhost:*", False),
        ("https://*.[::1]", False),
        ("capacitor://localhost", False),
        ("https://shop.example/", False),
        ("*", False),
    ],
)
def test_origins(origin: str, good: bool) -> None:
    text = f"{{apiVersion: 1, pipelines: [{{slug: a, allowed_origins: ['{origin}']}}]}}"
    if good:
        assert document(text).spec.pipelines[0].allowed_origins == (origin,)
    else:
        with pytest.raises(Invalid, match="an origin looks like"):
            document(text)
