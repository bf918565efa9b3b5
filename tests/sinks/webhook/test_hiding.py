from hypothesis import given
from hypothesis import strategies as st

from livedash.sinks.webhook.hiding import Hiding

LETTERS = st.text("abx", max_size=12)


def test_secrets_words_of_them_and_their_form_in_json_are_hidden() -> None:
    hiding = Hiding(["Bearer abcdefgh", 'say "yes"', "abc"])
    assert hiding.text('"Bearer abcdefgh" "abcdefgh" "say \\"yes\\"" abc') == '"[hidden]" "[hidden]" "[hidden]" abc'
    assert Hiding([]).text("abc") == "abc"


@given(st.text("abx", min_size=4, max_size=8), LETTERS, LETTERS, st.integers(0, 30))
def test_what_is_cut_shows_no_beginning_of_a_secret(secret: str, before: str, after: str, length: int) -> None:
    text = (before + secret + after + secret)[:length]
    kept = Hiding([secret]).cut(text, 1000)
    assert secret not in kept
    assert not any(kept.endswith(secret[:size]) for size in range(4, len(secret)))
