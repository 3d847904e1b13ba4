"""sessions.cfg: what it may say, and the exact words for each kind of mistake."""

import pytest
import quickfix

from fixgw.config import OrderEntrySession
from fixgw.config.session_settings import SETTINGS, refusal
from tests.config.conftest import AAPL, CLIENT, Load, Tell

NO_SESSION = "sessions.cfg: there is no session; write [SESSION], TargetCompID=CLIENT1, Firm=ALPHA, Accounts=A1"


def test_what_stands_under_default_holds_for_all(load_texts: Load) -> None:
    """A session's own value goes before it; QuickFIX's settings are handed on under their own names."""
    sessions = load_texts(
        sessions="# Börse\n\n[DEFAULT]\r\nFirm = ALPHA\nresetonlogon=Y\nMaxLatency=30\nSenderCompID=FIXGW\n"
        "[SESSION]\nTargetCompID=C1\nAccounts=A1, A2\nMaxLatency=5\n"
        "[SESSION]\nTargetCompID=C2\nAccounts=B1\nFirm=BETA\nExtensions=Y\nBeginString=FIX.4.4\nSocketNodelay=Y\n"
    ).sessions

    assert sessions == (
        OrderEntrySession("C1", "ALPHA", ("A1", "A2"), False, {"ResetOnLogon": "Y", "MaxLatency": "5"}, 8),
        OrderEntrySession("C2", "BETA", ("B1",), True, {"ResetOnLogon": "Y", "MaxLatency": "30"}, 12),
    )


def test_sessions_of_a_firm_may_share_an_account(mistakes: Tell) -> None:
    """It is firms that an account may not be shared by."""
    assert mistakes(sessions=CLIENT + CLIENT.replace("C1", "C2")) == []


def test_every_setting_of_quickfix_is_decided() -> None:
    """Passed on, fixed or refused with a reason; a newer QuickFIX with new settings fails here."""
    # SWIG makes a constant out of each, in capitals like SOCKET_ACCEPT_PORT; its text is the setting's name.
    constants = {name: getattr(quickfix, name) for name in dir(quickfix) if name.isupper()}
    settings = {text for text in constants.values() if isinstance(text, str) and text[:1].isupper() and text.isalpha()}

    undecided = {name for name in settings if name.lower() not in SETTINGS and refusal(name) is None}

    assert {"SocketAcceptPort", "ResetOnLogon", "MySQLStorePort"} <= settings
    assert undecided == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [NO_SESSION]),
        ("# nobody\n[DEFAULT]\nFirm=ALPHA\n", [NO_SESSION]),
        (
            "Firm=A\n" + CLIENT,
            ["sessions.cfg:1: 'Firm=A' stands before the first section; write [DEFAULT] or [SESSION] above"],
        ),
        (
            "[DEFAULT]\n[DEFAULT]\n" + CLIENT,
            ["sessions.cfg:2: [DEFAULT]: is there already on line 1; write all into that one"],
        ),
        ("[default]\n" + CLIENT, ["sessions.cfg:1: '[default]' is not a section; write [DEFAULT]"]),
        (CLIENT.replace("SESSION", "SESION"), ["sessions.cfg:1: '[SESION]' is not a section; write [SESSION]"]),
        ("[LOG]\n" + CLIENT, ["sessions.cfg:1: '[LOG]' is not a section; write [DEFAULT] or [SESSION]"]),
        (
            "[SESSION]\n",
            [
                "sessions.cfg:1: TargetCompID: is missing in this session; write for example TargetCompID=CLIENT1",
                "sessions.cfg:1: Firm: is missing in this session; write for example Firm=ALPHA",
                "sessions.cfg:1: Accounts: is missing in this session; write for example Accounts=A1,A2",
            ],
        ),
        (
            "[SESSION]\nTargetCompID=X\nAccounts=A1\n",
            ["sessions.cfg:1: Firm: is missing in the session of X; write for example Firm=ALPHA"],
        ),
        (
            CLIENT + CLIENT,
            ["sessions.cfg:6: TargetCompID: C1 has a session already on line 2; write one for each CompID"],
        ),
        (
            CLIENT + CLIENT.replace("C1", "C2").replace("F1", "F2"),
            ["sessions.cfg:8: Accounts: A1 belongs to firm F1 on line 4, here to F2; write each account for one firm"],
        ),
        (
            CLIENT.replace("C1", "FIXGW"),
            [
                "sessions.cfg:2: TargetCompID: FIXGW is the venue's own CompID (venue.comp_id in venue.toml); "
                "write the client's"
            ],
        ),
        (
            "[DEFAULT]\nTargetCompID=X\n" + CLIENT,
            ["sessions.cfg:2: TargetCompID: belongs to one session; write it under its [SESSION]"],
        ),
        (
            "[DEFAULT]\nSenderCompID=X\nFirm=Q\nAccounts=A,,A\n[SESSION]\nTargetCompID=C1\n[SESSION]\nTargetCompID=C2\n",
            [
                "sessions.cfg:2: SenderCompID: X is not the venue's CompID, FIXGW (venue.comp_id in venue.toml); "
                "leave it out",
                "sessions.cfg:4: Accounts: has a comma too many; write for example A1,A2",
                "sessions.cfg:4: Accounts: A is there more than once; write it once",
            ],
        ),
    ],
)
def test_mistakes_in_sections(mistakes: Tell, text: str, expected: list[str]) -> None:
    """QuickFIX passes over most of these in silence."""
    assert mistakes(sessions=text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nonsense", "'nonsense' is neither KEY=VALUE nor a section; write a comment with # in front"),
        ("=3", "'=3' is neither KEY=VALUE nor a section; write a comment with # in front"),
        ("Frim=F1", "Frim: there is no such setting; did you mean Firm?"),
        ("Zebra=1", "Zebra: there is no such setting; docs/configuration.md lists all there are"),
        ("é=1", "\\xe9: there is no such setting; docs/configuration.md lists all there are"),
        ("Firm=F2", "Firm: is there already on line 3; write it once"),
        ("ResetOnLogon=", "ResetOnLogon: is empty; write for example ResetOnLogon=Y"),
        ("ResetOnLogon=é", "ResetOnLogon: '\\xe9' is not printable ASCII; write for example ResetOnLogon=Y"),
        (
            "ResetOnLogon=Y # tests",
            "ResetOnLogon: 'Y # tests' has a comment in it; write the comment on a line of its own",
        ),
        ("ResetOnLogon=yes", "ResetOnLogon: 'yes' is not Y or N; write Y or N"),
        ("Extensions=1", "Extensions: '1' is not Y or N; write Y or N"),
        ("MaxLatency=0", "MaxLatency: '0' is not a number of seconds; write 1 to 99999, for example 10"),
        ("LogonTimeout=1.5", "LogonTimeout: '1.5' is not a number of seconds; write 1 to 99999, for example 10"),
        (
            "TimestampPrecision=4",
            "TimestampPrecision: '4' is not a number of decimals that clocks have; write 0, 3, 6 or 9",
        ),
        ("Role=trader", "Role: 'trader' is not a role; write order-entry, drop-copy or market-data"),
        (
            "SenderCompID=OTHER",
            "SenderCompID: OTHER is not the venue's CompID, FIXGW (venue.comp_id in venue.toml); leave it out",
        ),
        (
            "BeginString=FIX.4.2",
            "BeginString: 'FIX.4.2' is refused: the venue speaks FIX 4.4; write FIX.4.4 or leave it out",
        ),
        (
            "ConnectionType=initiator",
            "ConnectionType: 'initiator' is refused: clients connect to the venue, not the venue to them; "
            "write acceptor or leave it out",
        ),
        (
            "NonStopSession=N",
            "NonStopSession: 'N' is refused: sessions are open round the clock; write Y or leave it out",
        ),
        (
            "StartTime=08:00:00",
            "StartTime: is refused: sessions are open round the clock (NonStopSession=Y); leave it out",
        ),
        (
            "SocketAcceptPort=1",
            "SocketAcceptPort: is refused: write order_entry.port in venue.toml and leave it out here",
        ),
        (
            "DataDictionary=FIX44.xml",
            "DataDictionary: is refused: the venue brings its own dictionary, which closes holes of QuickFIX; "
            "leave it out",
        ),
        (
            "UseDataDictionary=N",
            "UseDataDictionary: 'N' is refused: the venue checks all messages with a dictionary of its own; "
            "write Y or leave it out",
        ),
        (
            "HeartBtInt=30",
            "HeartBtInt: is refused: the client says it in HeartBtInt(108) of its Logon(35=A); leave it out",
        ),
        ("MySQLStoreUser=x", "MySQLStoreUser: is refused: sessions are not kept in a database; leave it out"),
        (
            "SocketConnectHost1=x",
            "SocketConnectHost1: is refused: it is for initiators, and the venue is an acceptor; leave it out",
        ),
    ],
)
def test_mistakes_in_a_line(mistakes: Tell, line: str, expected: str) -> None:
    """Each with its line number, which is 5 here."""
    assert mistakes(sessions=f"{CLIENT}{line}\n") == [f"sessions.cfg:5: {expected}"]


def test_names_that_are_none(mistakes: Tell) -> None:
    """CompIDs become file names; firms and accounts are words."""
    text = "[SESSION]\nTargetCompID=C/1\nFirm=F 1\nAccounts=A 1,A2\n"
    word = "write 1 to 64 printable ASCII characters without spaces or commas, for example"
    assert mistakes(sessions=text) == [
        "sessions.cfg:2: TargetCompID: 'C/1' is not a CompID; write 1 to 64 letters, digits, dots, dashes or "
        "underscores, the first a letter or digit, for example FIXGW",
        f"sessions.cfg:3: Firm: 'F 1' is not a firm; {word} ALPHA",
        f"sessions.cfg:4: Accounts: 'A 1' is not an account; {word} A1",
    ]


def test_a_slip_in_a_session_makes_no_mistake_in_limits(mistakes: Tell) -> None:
    """The firm of a session without accounts is a firm all the same."""
    assert mistakes(AAPL + "[limits.firm.F9]\n", "[SESSION]\nTargetCompID=C1\nFirm=F9\n") == [
        "sessions.cfg:1: Accounts: is missing in the session of C1; write for example Accounts=A1,A2"
    ]


def test_a_comp_id_that_could_not_be_read_is_not_compared(mistakes: Tell) -> None:
    """venue.toml is broken; that SenderCompID is not the default's then is not the point."""
    assert len(mistakes("[venue", CLIENT + "SenderCompID=OTHER\n")) == 1


# Roles.

COPY = "[SESSION]\nTargetCompID=COPY\nRole=drop-copy\n"
FEED = "[SESSION]\nTargetCompID=FEED\nRole=market-data\n"


def test_each_role_has_sessions_of_its_own_kind(load_texts: Load) -> None:
    config = load_texts(AAPL, CLIENT + COPY + "Firm=*\n" + COPY.replace("COPY", "F1COPY") + "Firm=F1\n" + FEED)

    assert [session.comp_id for session in config.sessions] == ["C1"]
    assert [(session.comp_id, session.firms) for session in config.drop_copy_sessions] == [
        ("COPY", None),
        ("F1COPY", ("F1",)),
    ]
    assert [session.comp_id for session in config.market_data_sessions] == ["FEED"]
    assert [participant.session for participant in config.participants] == ["C1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COPY, "5: Firm: is missing in the session of COPY; write for example Firm=ALPHA"),
        (COPY + "Firm=F2\n", "8: Firm: F2 trades nowhere in this file; known here: F1, or write * for all"),
        (
            COPY + "Firm=*\nAccounts=A1\n",
            "9: Accounts: has no place in a session with Role=drop-copy; leave it out",
        ),
        (FEED + "Firm=F1\n", "8: Firm: has no place in a session with Role=market-data; leave it out"),
        (FEED + "Accounts=A1\n", "8: Accounts: has no place in a session with Role=market-data; leave it out"),
        (
            FEED.replace("FEED", "C1"),
            "6: TargetCompID: C1 has a session already on line 2; write one for each CompID",
        ),
        (
            "[SESSION]\nTargetCompID=C2\nFirm=*\nAccounts=A2\n",
            "7: Firm: * is for drop-copy sessions; write the firm, for example Firm=ALPHA",
        ),
    ],
)
def test_mistakes_of_roles(mistakes: Tell, text: str, message: str) -> None:
    assert mistakes(AAPL, CLIENT + text) == [f"sessions.cfg:{message}"]


def test_somebody_must_trade(mistakes: Tell) -> None:
    assert mistakes(AAPL, FEED) == [NO_SESSION]


def test_a_firm_for_all_sessions_is_none_of_a_market_data_session(load_texts: Load) -> None:
    """What stands under [DEFAULT] holds where it has a place."""
    config = load_texts(AAPL, "[DEFAULT]\nFirm=F1\n[SESSION]\nTargetCompID=C1\nAccounts=A1\n" + FEED)

    assert len(config.market_data_sessions) == 1
