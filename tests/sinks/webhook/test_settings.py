from typing import Any

import pytest
from pydantic import ValidationError

from livedash.base import limits
from livedash.sinks.webhook.examples import EXAMPLES
from livedash.sinks.webhook.settings import Webhook

from .support import SECRET

URL = "https://shop.example/hooks"


def fault(**settings: Any) -> str:
    with pytest.raises(ValidationError) as error:
        Webhook(**{"url": URL, **settings})
    return "; ".join(each["msg"] for each in error.value.errors())


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://localhost:8000",
        "HTTPS://Shop.Example:443/?token=a%20b",
        "http://[::1]:1/x",
        "http://2130706433/",
        "https://bücher.example/haken",
        "http://web_hooks:65535/",
    ],
)
def test_a_url_that_can_be_posted_to(url: str) -> None:
    assert Webhook(url=url).url == url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "begins with https"),
        ("shop.example/hooks", "begins with https"),
        ("ftp://shop.example", "begins with https"),
        ("https://", "names a host"),
        ("https:///hooks", "names a host"),
        ("https://a..example", "names a host"),
        (f"https://{'a' * 64}.example", "names a host"),
        ("https://shop.example:0", "names a host"),
        ("https://shop.example:65536", "ort"),
        ("https://shop.example:http", "ort"),
        ("https://[::1", "IPv6"),
        ("https://me:pass@shop.example", "header authorization"),
        ("https://shop.example@evil.example", "header authorization"),
        ("https://shop.example/#part", "behind #"),
        ("https://shop.example/a b", "spaces"),
        ("https://shop.example/\r\nx", "spaces"),
        ("https://shop.example\\@evil.example", "backslashes"),
        ("https://shop.example/" + "a" * 2000, "2000"),
    ],
)
def test_a_url_that_cannot(url: str, told: str) -> None:
    assert told in fault(url=url)


def test_a_url_is_not_repeated_in_its_error() -> None:
    with pytest.raises(ValidationError) as error:
        Webhook(url="https://me:pass@shop.example")
    assert "pass" not in str(error.value).replace("password", "")


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_settings(example: dict[str, Any]) -> None:
    assert Webhook.model_validate(example).model_dump(mode="json", exclude_unset=True) == example


def test_a_secret_for_each_signature() -> None:
    Webhook(url=URL).check_secret(SECRET)
    with pytest.raises(ValueError, match="whsec_"):
        Webhook(url=URL).check_secret("a" * 32)
    github = Webhook(url=URL, signature="github")
    for text in ("a" * 16, "a" * 200, SECRET):
        github.check_secret(text)
    for text in ("a" * 15, "a" * 201, "a" * 20 + "\n", " " + "a" * 20, "a" * 20 + "\ud800"):
        with pytest.raises(ValueError, match="16 to 200 characters") as error:
            github.check_secret(text)
        assert "aaaa" not in str(error.value)


def test_a_template_says_what_is_sent() -> None:
    assert "leave out fields" in fault(template={"a": 1}, fields=("temp",))
    assert "goes with a template" in fault(gap_template={"a": 1})


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ({"blocks": [{"text": "{{ data. }}"}]}, "blocks.0.text: line 1"),
        ("{{ stations }}", "there is no 'stations'"),
        ("{{ data.list.all(x, x > 1) }}", "loops over a list"),
        ({"text": "{{ data.temp"}, "text: {{ needs its }}"),
        ({"text": "{{ 'a }}"}, "text: "),
        ("{{ data.a } }}", "line 1"),
        ("{{}}", "line 1"),
        ({"{{ data.a }}": 1}, "without expressions"),
        ({"a": {"$each": {"$each": 1}}}, "a.$each: $each has no records here"),
        ({"$each": 1, "text": 2}, "beside $each"),
        ({"$each": 1, "$join": 2}, "$join: it must be a text"),
        ({"$join": ","}, "$join goes with $each"),
        ({"a": "\ud800"}, "a: it is not valid Unicode"),
        ({"\ud800": 1}, "the key"),
        ({"$each": "a", "$join": "\ud800"}, "$join"),
        ({1: 2}, "the key '1' must be a text"),
        ({"a": 2**70}, "a: 1180591620717411303424 is not JSON"),
        ("{{ 1 }}" * (limits.TEMPLATE_EXPRESSIONS + 1), "at most 50 expressions"),
        ("a" * limits.TEMPLATE_CHARS, "more than 16384"),
        ("{{ '" + "a" * limits.EXPRESSION_CHARS + "' }}", "at most 500 characters"),
    ],
)
def test_a_template_that_does_not_compile(template: object, told: str) -> None:
    assert told in fault(template=template)


def test_a_template_is_not_deeper_than_a_record() -> None:
    template: Any = "{{ offset }}"
    for _ in range(limits.RECORD_DEPTH + 1):
        template = [template]
    assert "nested more than 32 deep" in fault(template=template)
    Webhook(url=URL, template=template[0])


def test_a_template_of_gaps_sees_the_gap_only() -> None:
    Webhook(url=URL, template=[], gap_template="{{ gap.from }} {{ pipeline }} {{ timestamp }}")
    assert "there is no 'data'" in fault(template=[], gap_template="{{ data.a }}")
    assert "has no records" in fault(template=[], gap_template={"$each": 1})
