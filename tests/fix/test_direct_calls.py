"""QuickFIX's functions do what the methods before them do."""

from pathlib import Path

import pytest
import quickfix as fix

import fixgw
from fixgw.fix import direct_calls
from fixgw.spec import dictionary

ORDER = "8=FIX.4.4\x019=5\x0135=D\x0110=183\x01"
GROUPED = "8=FIX.4.4\x019=0\x0135=b\x01117=q1\x01297=0\x01296=1\x01302=s1\x01304=1\x01295=1\x01299=e1\x0110=000\x01"


def test_a_message_is_written_and_read() -> None:
    message = fix.Message()

    direct_calls.set_string(message, ORDER, True)

    assert direct_calls.to_string(message) == message.toString() == ORDER


def test_a_group_stays_in_order_by_the_dictionary() -> None:
    direct, method, known = fix.Message(), fix.Message(), fix.DataDictionary(str(dictionary.PATH))

    direct_calls.set_string(direct, GROUPED, False, known)
    method.setString(GROUPED, False, known)

    assert direct_calls.to_string(direct) == method.toString()
    assert "296=1\x01302=s1\x01304=1\x01295=1\x01299=e1\x01" in method.toString()


def test_what_quickfix_raises_is_its_own() -> None:
    with pytest.raises(fix.InvalidMessage):
        direct_calls.set_string(fix.Message(), "garbage", True)


def test_they_have_one_place() -> None:
    house = Path(fixgw.__file__).parent

    users = [path.name for path in house.rglob("*.py") if "_quickfix" in path.read_text(encoding="utf-8")]

    assert users == ["direct_calls.py"]
