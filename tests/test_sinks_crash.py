"""Every record is delivered, in order and metered, though endpoints fail and the server is killed in between."""

from collections import Counter
from dataclasses import replace

import pytest
from bench.flaky import ERROR, OK, Receipt
from bench.survive import judged, survive


@pytest.mark.timeout(60)
def test_nothing_is_lost_doubled_or_metered_wrong():
    found = survive(records=3_000, kills=3, patience=50)
    assert found.faults == {}
    assert found.receipts > found.deliveries  # or nothing had failed


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nothing_is_lost_after_many_kills():
    assert survive(records=50_000, kills=20, patience=500, seed=2).faults == {}


def receipt(first: int, last: int, status: int = OK, digest: str = "", id: str = "") -> Receipt:
    numbers = list(range(first, last + 1))
    return Receipt(
        "/flaky/s0", id or f"id-{first}-{last}", 0, status, digest or f"digest-{first}", numbers, numbers, []
    )


GOOD = [receipt(1, 2), receipt(3, 3, ERROR), receipt(3, 3), receipt(4, 4)]
METERED = Counter({"deliveries": 3, "records": 4, "attempts": 4})


def faults(receipts: list[Receipt], metered: Counter[str] = METERED, kills: int = 0) -> set[str]:
    return set(judged(receipts, 4, [metered], kills).faults)


def test_the_judge_lets_pass_what_is_right():
    assert faults(GOOD) == set()
    assert faults([*GOOD, GOOD[-1]], kills=1) == set()  # it was killed between the answer and the commit


@pytest.mark.parametrize(
    ("receipts", "fault"),
    [
        (GOOD[:-1], "lost"),
        ([*GOOD, receipt(4, 4, id="another")], "doubled"),
        ([GOOD[0], receipt(4, 4), receipt(3, 3)], "out of order"),
        ([GOOD[0], GOOD[1], receipt(4, 4), GOOD[2]], "out of order"),  # it went on before 3 was accepted
        ([GOOD[0], GOOD[1], receipt(3, 4)], "given up"),  # 3 failed, and was cut anew with 4
        ([*GOOD[:3], replace(GOOD[3], seqs=[5])], "wrong records"),
        ([*GOOD[:2], replace(GOOD[2], digest="another"), GOOD[3]], "changed"),
    ],
)
def test_the_judge_finds_what_was_delivered_wrong(receipts: list[Receipt], fault: str):
    assert fault in faults(receipts)


@pytest.mark.parametrize("name", ["deliveries", "records", "attempts"])
@pytest.mark.parametrize("wrong", [-1, 1])
def test_the_judge_finds_what_was_metered_wrong(name: str, wrong: int):
    metered = Counter({**METERED, name: METERED[name] + wrong})
    assert faults(GOOD, metered) == {f"{name} metered wrong"}
