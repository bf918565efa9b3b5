"""Settings: `LIVEDASH_NAME` in the environment, or `LIVEDASH_NAME__FILE` naming a file that holds the value."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from livedash.base.limits import MIB, TAIL_RECORDS
from livedash.model.errors import Fault, Invalid

PREFIX = "LIVEDASH_"
_UNITS = {
    "": 1,
    "K": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "KI": 1024,
    "MI": MIB,
    "GI": 1024**3,
    "TI": 1024**4,
}


def parse_bytes(value: Any) -> int:
    """`2GB`, `512MiB`, `1000` or an int, as bytes. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip().upper().removesuffix("B")
    digits = text.rstrip("KMGTI")
    unit = text[len(digits) :]
    if unit not in _UNITS:
        raise ValueError("a size is a number and a unit, such as 500MB or 2GiB")
    try:
        return int(float(digits) * _UNITS[unit])
    except (ValueError, OverflowError):
        raise ValueError("a size is a number and a unit, such as 500MB or 2GiB") from None


def _words(value: Any) -> Any:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(parse_bytes)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Seconds = Annotated[tuple[Annotated[float, Field(ge=0, le=86_400)], ...], BeforeValidator(_words)]


class Settings(BaseModel):
    """Everything that can be set from outside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8765, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    data: Path = Field(default=Path("livedash-data"), description="Folder that holds everything Livedash keeps")
    base_url: str | None = Field(default=None, description="Address under which people reach Livedash, behind a proxy")
    trusted_proxies: Words = Field(
        default=(), description="Addresses of proxies whose X-Forwarded headers are believed"
    )
    allowed_hosts: Words = Field(
        default=(),
        description="Host names that are answered, against DNS rebinding; empty: localhost, the address listened on "
        "and the host of the base URL",
    )
    admin_token: str | None = Field(
        default=None, description="Token for /api; otherwise made and kept in the data folder"
    )
    secret_key: str | None = Field(
        default=None,
        description="Key that encrypts stored secrets; otherwise made and kept in the data folder",
    )
    quota: Size = Field(default=0, ge=0, description="Bytes the log may take; 0: as much as the disk has")
    disk_reserve: Size = Field(
        default=256 * MIB,
        ge=0,
        description="Bytes of the disk that are left free, at most a twentieth of the disk",
    )
    tail_records: int = Field(
        default=TAIL_RECORDS, ge=1, le=10_000, description="Newest records of a pipeline in memory"
    )
    stream_coalesce_ms: float = Field(
        default=10,
        ge=0,
        le=1000,
        description="Milliseconds for which what follows a sent event is joined into one",
    )
    stream_opens_per_minute: int = Field(
        default=1000, ge=0, description="New streams a minute per pipeline; resumes are not counted; 0: any number"
    )
    stream_connections: int = Field(
        default=10_000, ge=0, description="Streams open at the same time per pipeline; 0: any number"
    )
    stream_connections_per_address: int = Field(
        default=5_000,
        ge=0,
        description="Streams open at the same time per client address; 0: any number",
    )
    graphql_sockets: int = Field(
        default=10_000, ge=0, description="GraphQL sockets open at the same time; 0: any number"
    )
    graphql_introspection: bool = Field(
        default=True, description="Whether the GraphQL schema can be asked for, as GraphiQL and generators of code do"
    )
    board_updates_per_second: float = Field(default=4, gt=0, le=20, description="Patches a second a page gets at most")
    outbound_allow: Words = Field(
        default=(),
        description="Networks inside that outgoing requests may reach, such as 127.0.0.1,10.0.0.0/8; by default only "
        "public addresses",
    )
    outbound_connections: int = Field(default=1000, ge=1, description="Outgoing requests at the same time, in all")
    outbound_connections_per_host: int = Field(
        default=100, ge=1, description="Outgoing requests to one host and port at the same time"
    )
    sink_timeout_seconds: float = Field(
        default=15, gt=0, le=300, description="Seconds an endpoint has for the whole answer to a delivery"
    )
    sink_retry_seconds: Seconds = Field(
        default=(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        min_length=1,
        description="Waits before each further attempt while an endpoint is in trouble; the last one repeats",
    )
    sink_refused_seconds: Seconds = Field(
        default=(5, 60, 300),
        description="Waits before each further attempt at a delivery that an endpoint refuses; then it is parked",
    )
    sink_disable_days: float = Field(
        default=5, gt=0, le=365, description="Days of nothing but failure after which a sink is disabled"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged")
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="How it is logged; auto: for people on a terminal, as JSON elsewhere"
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> "Settings":
        """Settings from the environment; `overrides` that are not None win. Raises Invalid, naming the variable."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for name in cls.model_fields:
            if (value := variable(name, environ)) is not None:
                values[name] = value
        values |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            faults = [Fault((PREFIX + str(e["loc"][0]).upper(),), e["msg"]) for e in error.errors()]
            raise Invalid("; ".join(f"{fault.path[0]}: {fault.message}" for fault in faults), faults) from None


def variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of `LIVEDASH_NAME`, or what the file that `LIVEDASH_NAME__FILE` names holds. Raises Invalid."""
    found = PREFIX + name.upper()
    if found in environ or not (path := environ.get(found + "__FILE")):
        return environ.get(found)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid(f"{found}__FILE: cannot read {path}: {why}") from None
