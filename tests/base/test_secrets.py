"""Tokens, and secrets at rest."""

import os
import stat
from pathlib import Path

import pytest

from livedash.base.secrets import Vault, kept
from livedash.base.tokens import digest, make_id, make_token
from livedash.model.errors import Invalid, StorageError

PHRASE = "a passphrase of some length"


def test_a_sealed_text_opens_with_the_same_key_for_the_same_thing_only(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal("a secret ünïcode text", "tk_1")
    assert b"secret" not in sealed
    assert vault.seal("a secret ünïcode text", "tk_1") != sealed, "equal texts must not show"
    assert Vault.open(tmp_path).unseal(sealed, "tk_1") == "a secret ünïcode text"
    for other, about in ((vault, "tk_2"), (Vault.open(tmp_path, PHRASE), "tk_1")):
        with pytest.raises(StorageError, match="LIVEDASH_SECRET_KEY"):
            other.unseal(sealed, about)
    for broken in (b"", sealed[:-1], sealed[:12]):
        with pytest.raises(StorageError):
            vault.unseal(broken, "tk_1")


def test_a_passphrase_makes_the_same_key_everywhere_and_no_file(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path, PHRASE).seal("text", "tk_1")
    assert Vault.open(tmp_path / "elsewhere", PHRASE).unseal(sealed, "tk_1") == "text"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Invalid, match="16 characters"):
        Vault.open(tmp_path, "too short")


def test_the_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Vault.open(tmp_path)
    finally:
        os.umask(old)
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "short", "not base64 ünï"])
def test_a_damaged_key_file_is_said_and_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.key").write_text(text)
    with pytest.raises(StorageError, match=r"secret\.key"):
        Vault.open(tmp_path)
    assert (tmp_path / "secret.key").read_text() == text


def test_a_kept_text_is_made_once(tmp_path: Path) -> None:
    made = iter(("one", "two"))
    assert [kept(tmp_path / "admin.token", lambda: next(made)) for _ in range(2)] == ["one", "one"]


def test_a_half_written_file_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "admin.token.part").write_text("on")
    assert kept(tmp_path / "admin.token", lambda: "one") == "one"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        kept(tmp_path / "nowhere" / "admin.token", lambda: "one")


def test_tokens_and_ids_say_what_they_are() -> None:
    assert make_token("in").startswith("ld_in_")
    assert len({make_token("st") for _ in range(100)}) == 100
    assert make_id("pl").startswith("pl_")
    assert make_id("pl").islower()
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
