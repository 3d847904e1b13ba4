"""Every message the venue sends must be one that a stock FIX 4.4 client accepts: ask QuickFIX's own dictionary."""

import sys
from functools import cache
from pathlib import Path

import quickfix as fix

STOCK = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"


def check(text: str) -> None:
    """Raise AssertionError with QuickFIX's reason unless ``text`` validates against the stock FIX 4.4 dictionary.

    ``text`` is a whole message, fields ended by SOH; BodyLength(9) and CheckSum(10) must be right as well.
    """
    # AssertionError is raised, not asserted: QuickFIX's exception says what and where, and stays as the cause.
    try:
        message = fix.Message(text, _stock(), True)
        _stock().validate(message)
    except fix.FIXException as refusal:
        printable = text.replace("\x01", "|")
        raise AssertionError(f"{refusal} in {printable}") from refusal


@cache
def _stock() -> fix.DataDictionary:
    return fix.DataDictionary(str(STOCK))
