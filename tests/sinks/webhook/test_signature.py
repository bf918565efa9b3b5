import pytest

from livedash.base.tokens import make_signing_secret
from livedash.sinks.webhook import signature

from .support import SECRET


def test_the_vector_of_standard_webhooks() -> None:
    signed = signature.sign(
        [signature.key(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_one_signature_for_each_key() -> None:
    first, second = b"a" * 24, b"b" * 24
    both = signature.sign([first, second], "id", 1, b"{}").split(" ")
    assert both == [signature.sign([first], "id", 1, b"{}"), signature.sign([second], "id", 1, b"{}")]
    assert both[0] != both[1]


def test_the_vector_of_github() -> None:
    signed = signature.github(b"It's a Secret to Everybody", b"Hello, World!")
    assert signed == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_what_we_make_is_a_secret() -> None:
    assert len(signature.key(make_signing_secret())) == 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # no prefix
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",  # no padding
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa__",  # base64url
        "whsec_" + "A" * 28,  # 21 bytes
        "whsec_" + "A" * 88,  # 66 bytes
        "whsec_Gänsefüße",
    ],
)
def test_what_is_no_secret_is_refused_without_naming_it(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as error:
        signature.key(text)
    assert len(text) < 7 or text[6:].strip() not in str(error.value)
