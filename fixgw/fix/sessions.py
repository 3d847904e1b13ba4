"""The FIX sessions: QuickFIX's settings for them, and their end."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import quickfix as fix

from fixgw.spec import dictionary

BEGIN_STRING = "FIX.4.4"


def session_ids(comp_id: str, sessions: Iterable[str]) -> dict[str, fix.SessionID]:
    """Return QuickFIX's name for each session, by the CompID of its client."""
    return {session: fix.SessionID(BEGIN_STRING, comp_id, session) for session in sessions}


def write_settings(
    folder: Path, comp_id: str, port: int, sessions: Mapping[str, Mapping[str, str]]
) -> fix.SessionSettings:
    """Write QuickFIX's settings file into ``folder`` and return it read.

    ``sessions`` maps the CompID of each client to QuickFIX settings of its own, which win.
    """
    folder.mkdir(parents=True, exist_ok=True)
    default = {
        "ConnectionType": "acceptor",
        "BeginString": BEGIN_STRING,
        "SenderCompID": comp_id,
        "SocketAcceptPort": str(port),
        "SocketNodelay": "Y",  # without it crossing flow falls to 1,500 orders a second
        "NonStopSession": "Y",  # the venue's calendar, not QuickFIX, will log sessions on and off
        "UseDataDictionary": "Y",
        "DataDictionary": str(dictionary.PATH),
        "ValidateUserDefinedFields": "N",
    }
    lines = ["[DEFAULT]", *_lines(default)]
    for session, settings in sessions.items():
        lines += ["[SESSION]", f"TargetCompID={session}", *_lines(settings)]
    path = folder / "quickfix.cfg"
    text = ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
    # A venue that was killed by a full disk must be able to start on it.
    if not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)
    return fix.SessionSettings(str(path))


def _lines(settings: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in settings.items()]


def log_out_all(comp_id: str, sessions: Iterable[str], reason: str) -> Callable[[], bool]:
    """Have QuickFIX send every session a Logout(35=5) with ``reason``, and refuse all logons from now on.

    It does so in its next passes; the function returned tells whether all are out.
    """
    session_ids = [fix.SessionID(BEGIN_STRING, comp_id, session) for session in sessions]
    found = [session for session_id in session_ids if (session := fix.Session.lookupSession(session_id))]
    for session in found:
        session.logout(reason)
    return lambda: not any(session.isLoggedOn() for session in found)
