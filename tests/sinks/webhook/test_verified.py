"""Real deliveries are verified by the libraries that customers use."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks
import svix.webhooks

from livedash.base import clock
from livedash.catalog.entries import SigningSecret
from livedash.model import Gap
from livedash.sinks.sink import Outcome

from .support import SECRET, Receiver, Request, a_parcel, sinking

OLD = "whsec_" + "QUJD" * 11
STRANGE = "whsec_" + "REVG" * 11
PACKAGE = Path(__file__).parents[3] / "assets" / "node_modules" / "standardwebhooks" / "dist" / "index.js"
SCRIPT = """
import { readFileSync } from "node:fs";
import module from PACKAGE;
const verified = JSON.parse(readFileSync(0, "utf8")).map(([secret, body, headers]) => {
  try {
    return new module.Webhook(secret).verify(body, headers);
  } catch (error) {
    return error.name + ": " + error.message;
  }
});
console.log(JSON.stringify(verified));
"""


@pytest.fixture
async def delivered(receiver: Receiver) -> list[Request]:
    """Deliveries of each kind, signed with two secrets."""
    secrets = [SigningSecret(SECRET), SigningSecret(OLD, until=clock.now() + 3600_000_000)]
    async with sinking(receiver.url, secrets=secrets) as sink:
        for parcel in (
            a_parcel({"city": "Zürich 🌧", "temp": 21.5}, {"temp": -3}),
            a_parcel(kind="gap", gap=Gap(5, 9, "trimmed")),
            a_parcel(kind="test"),
        ):
            assert (await sink.deliver(parcel)).outcome is Outcome.DELIVERED
    return receiver.requests


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_python(delivered: list[Request], secret: str) -> None:
    for request in delivered:
        assert standardwebhooks.Webhook(secret).verify(request.body, request.headers) == request.json
        svix.webhooks.Webhook(secret).verify(request.body, request.headers)  # raises


def test_python_refuses_what_was_changed(delivered: list[Request]) -> None:
    headers, body = delivered[0].headers, delivered[0].body
    changed = [
        (SECRET, body + b" ", headers),
        (SECRET, body, {**headers, "webhook-id": "another"}),
        (SECRET, body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
        (STRANGE, body, headers),
    ]
    for secret, data, given in changed:
        with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(data, given)
        with pytest.raises(svix.webhooks.WebhookVerificationError):
            svix.webhooks.Webhook(secret).verify(data, given)


def test_the_timestamp_is_now(delivered: list[Request]) -> None:
    sent = datetime.fromtimestamp(int(delivered[0].headers["webhook-timestamp"]), UTC)
    assert abs((datetime.now(UTC) - sent).total_seconds()) < 30


def test_node(delivered: list[Request]) -> None:
    path = shutil.which("node")
    assert path, "install Node.js 20 or newer"
    cases = [[secret, each.body.decode(), each.headers] for each in delivered for secret in (SECRET, OLD, STRANGE)]
    script = SCRIPT.replace("PACKAGE", json.dumps(PACKAGE.as_uri()))
    done = subprocess.run(
        [path, "--input-type=module", "--eval", script],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    failed = "WebhookVerificationError: No matching signature found"
    assert json.loads(done.stdout) == [each for r in delivered for each in (r.json, r.json, failed)]
