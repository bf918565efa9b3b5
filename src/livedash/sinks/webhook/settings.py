"""The settings of a webhook."""

from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from livedash.model.errors import Invalid
from livedash.sinks.sink import SinkSettings
from livedash.sinks.webhook import signature
from livedash.sinks.webhook.examples import EXAMPLES
from livedash.sinks.webhook.template import GapTemplate, Template

Signature = Literal["standard", "github"]
GITHUB_CHARS = (16, 200)


def _url(text: str) -> str:
    """Checks what can be said without looking the host up. Whoever parses it must find the same host."""
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("a URL has no spaces, control characters or backslashes")
    parts = urlsplit(text)  # raises ValueError for brackets that do not fit
    if parts.scheme not in ("http", "https"):
        raise ValueError("a URL begins with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("a URL holds no user name or password: send them in the header authorization")
    if "#" in text:
        raise ValueError("a URL has no part behind #: it would not be sent")
    if not _host(parts.hostname) or parts.port == 0:  # `port` raises ValueError beyond 65535
        raise ValueError("a URL names a host, such as https://shop.example/hooks")
    return text


def _host(name: str | None) -> bool:
    try:
        return bool(name and name.encode("idna"))
    except UnicodeError:
        return False


def _template(value: Any) -> Any:
    return _compiled(value, Template)


def _gap_template(value: Any) -> Any:
    return _compiled(value, GapTemplate)


def _compiled(value: Any, kind: type[Template] | type[GapTemplate]) -> Any:
    try:
        if value is not None:
            kind(value)
    except Invalid as error:
        raise ValueError(str(error)) from None
    return value


class Webhook(SinkSettings):
    """Records are posted to `url`, signed as Standard Webhooks describe."""

    MAY_BE_SECRET: ClassVar[frozenset[str]] = frozenset({"url"})  # whoever knows that of a chat may write there
    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    type: Literal["webhook"] = "webhook"
    url: Annotated[str, AfterValidator(_url)] = Field(
        max_length=2000,
        description="Where to post to; https, or http",
        examples=["https://shop.example/hooks/livedash"],
    )
    signature: Signature = Field(
        default="standard",
        description="standard: `webhook-signature`; github: `X-Hub-Signature-256`, for receivers that know only that",
    )
    template: Annotated[Any, AfterValidator(_template)] = Field(
        default=None,
        description="The body as JSON with `{{ expressions }}`; otherwise `type`, `timestamp` and `data`",
        examples=[{"text": "{{ count }} new in {{ pipeline }}"}],
    )
    gap_template: Annotated[Any, AfterValidator(_gap_template)] = Field(
        default=None,
        description="With a template, the body that tells of a gap; otherwise that is sent as without a template",
        examples=[{"text": "Records of {{ pipeline }} no longer exist: {{ gap.reason }}"}],
    )

    @model_validator(mode="after")
    def _templates(self) -> Self:
        if self.template is not None and self.fields is not None:
            raise ValueError("a template says itself which fields are sent: leave out fields")
        if self.template is None and self.gap_template is not None:
            raise ValueError("gap_template goes with a template")
        return self

    def check_secret(self, text: str) -> None:
        """Raises ValueError for a secret that the signature cannot be made with. Never names the secret."""
        if self.signature == "standard":
            signature.key(text)
        elif not (GITHUB_CHARS[0] <= len(text) <= GITHUB_CHARS[1] and text.isprintable() and text == text.strip()):
            raise ValueError(f"a secret has {GITHUB_CHARS[0]} to {GITHUB_CHARS[1]} characters, no spaces at its ends")
