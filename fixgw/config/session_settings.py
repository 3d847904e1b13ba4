"""What may stand in sessions.cfg: the venue's own keys, and all of QuickFIX's, decided one by one.

``docs/configuration.md`` has these tables too, and tests compare them with it and with QuickFIX.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fixgw.config.readers import COMP_ID, FIRM, WrongValueError, show


@dataclass(frozen=True)
class Setting:
    """A key that may be written.  ``read`` returns the value QuickFIX or the venue is given."""

    name: str
    values: str
    """What may be written, as the documentation has it."""
    default: str
    meaning: str
    example: str
    read: Callable[[str], str]


@dataclass(frozen=True)
class Refusal:
    """A key of QuickFIX's that has no place here, and why."""

    name: str
    reason: str


def _yes_or_no(value: str) -> str:
    if value not in ("Y", "N"):
        raise WrongValueError(f"{show(value)} is not Y or N; write Y or N")
    return value


def _seconds(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}", value, re.ASCII):
        raise WrongValueError(f"{show(value)} is not a number of seconds; write 1 to 99999, for example 10")
    return value


def _precision(value: str) -> str:
    if value not in ("0", "3", "6", "9"):
        raise WrongValueError(f"{show(value)} is not a number of decimals that clocks have; write 0, 3, 6 or 9")
    return value


def _only(right: str, reason: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value != right:
            raise WrongValueError(f"{show(value)} is refused: {reason}; write {right} or leave it out")
        return value

    return read


def _role(value: str) -> str:
    if value not in ROLES:
        raise WrongValueError(f"{show(value)} is not a role; write {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    return value


def _any(value: str) -> str:
    return value


def _fixed(name: str, value: str, meaning: str) -> Setting:
    return Setting(name, f"`{value}`", value, meaning, value, _only(value, meaning))


ORDER_ENTRY, DROP_COPY, MARKET_DATA = ROLES = ("order-entry", "drop-copy", "market-data")

ALL_FIRMS = "*"

REQUIRED = {
    ORDER_ENTRY: ("TargetCompID", "Firm", "Accounts"),
    DROP_COPY: ("TargetCompID", "Firm"),
    MARKET_DATA: ("TargetCompID",),
}
"""The settings that a session of each role must have; of these three it may have no others."""

OWN = (
    Setting("TargetCompID", "CompID", "required", "The client's CompID; one session each", "CLIENT1", COMP_ID.read),
    Setting(
        "Firm",
        "word",
        "required",
        "The firm the session acts for; of a drop-copy session the firm it gets copies of, or `*` for all; a "
        "market-data session has none",
        "ALPHA",
        FIRM.read,
    ),
    Setting(
        "Accounts",
        "words, comma separated",
        "required",
        "The accounts it may name in Account(1); an order without one goes to the first; for order entry only",
        "A1,A2",
        _any,
    ),
    Setting(
        "Role",
        "`order-entry`, `drop-copy` or `market-data`",
        "order-entry",
        "What the session is for; each role has a port of its own",
        "order-entry",
        _role,
    ),
    Setting(
        "MarketMaker",
        "`Y` or `N`",
        "N",
        "Whether the session may quote: Quote(35=S) and MassQuote(35=i); for order entry only",
        "Y",
        _yes_or_no,
    ),
    Setting(
        "Extensions",
        "`Y` or `N`",
        "N",
        "Reserved, without effect yet: whether the venue may send tags that the stock FIX 4.4 dictionary does not know",
        "N",
        _yes_or_no,
    ),
    Setting("SenderCompID", "CompID", "the venue's", "Must be `venue.comp_id` of venue.toml", "FIXGW", COMP_ID.read),
)
"""Keys that the venue itself reads."""

PASSED = (
    Setting("ResetOnLogon", "`Y` or `N`", "N", "MsgSeqNum(34) starts again at 1 with every logon", "Y", _yes_or_no),
    Setting("ResetOnLogout", "`Y` or `N`", "N", "MsgSeqNum(34) starts again at 1 after a logout", "N", _yes_or_no),
    Setting(
        "ResetOnDisconnect", "`Y` or `N`", "N", "MsgSeqNum(34) starts again at 1 after a disconnect", "N", _yes_or_no
    ),
    Setting(
        "CheckLatency", "`Y` or `N`", "Y", "Refuse messages whose SendingTime(52) is off the clock", "N", _yes_or_no
    ),
    Setting("MaxLatency", "seconds", "120", "How far off SendingTime(52) may be", "120", _seconds),
    Setting("LogonTimeout", "seconds", "10", "How long a connection may take to log on", "10", _seconds),
    Setting("LogoutTimeout", "seconds", "2", "How long to wait for the answer to a Logout(35=5)", "2", _seconds),
    Setting(
        "SendRedundantResendRequests",
        "`Y` or `N`",
        "N",
        "Ask again for messages whose resend is under way",
        "N",
        _yes_or_no,
    ),
    Setting(
        "SendNextExpectedMsgSeqNum",
        "`Y` or `N`",
        "N",
        "Send NextExpectedMsgSeqNum(789) in the Logon(35=A)",
        "N",
        _yes_or_no,
    ),
    Setting("TimestampPrecision", "0, 3, 6 or 9", "3", "Decimals of the seconds in SendingTime(52)", "3", _precision),
    Setting(
        "MillisecondsInTimeStamp",
        "`Y` or `N`",
        "Y",
        "The older name: N is TimestampPrecision=0",
        "Y",
        _yes_or_no,
    ),
)
"""Keys that are handed to QuickFIX as they are."""

FIXED = (
    _fixed("BeginString", "FIX.4.4", "the venue speaks FIX 4.4"),
    _fixed("ConnectionType", "acceptor", "clients connect to the venue, not the venue to them"),
    _fixed("NonStopSession", "Y", "sessions are open round the clock"),
    _fixed("UseDataDictionary", "Y", "the venue checks all messages with a dictionary of its own"),
    _fixed("CheckCompID", "Y", "a session is known by its CompIDs"),
    _fixed("PersistMessages", "Y", "a client may ask for every report again"),
    _fixed("ValidateLengthAndChecksum", "Y", "a damaged message must not become an order"),
    _fixed("ValidateFieldsOutOfOrder", "Y", "the venue checks all messages with a dictionary of its own"),
    _fixed("ValidateFieldsHaveValues", "Y", "the venue checks all messages with a dictionary of its own"),
    _fixed("SocketNodelay", "Y", "reports would wait up to 40 ms in the kernel"),
    _fixed("SocketReuseAddress", "Y", "the venue could not start again at once"),
)
"""Keys of existing QuickFIX files that may say what is so anyway, and nothing else."""

_SCHEDULE = "sessions are open round the clock (NonStopSession=Y); leave it out"
_DICTIONARY = "the venue brings its own dictionary, which closes holes of QuickFIX; leave it out"
_FOLDER = "stores and logs are in the data folder (fixgw run --data DIR, FIXGW_DATA); leave it out"
_INITIATOR = "it is for initiators, and the venue is an acceptor; leave it out"
_SOCKET = "all sessions share the venue's port, which sets its own sockets up; leave it out"
_TLS = "TLS is not in this version, and the port is open to this machine only; leave it out"
_VALIDATION = "what an order may contain is the venue's decision, the same for all sessions; leave it out"
_FIXT = "it is for FIX 5.0, and the venue speaks FIX 4.4; leave it out"

_REASONS: dict[str, tuple[str, ...]] = {
    _SCHEDULE: (
        "StartTime",
        "EndTime",
        "StartDay",
        "EndDay",
        "LogonTime",
        "LogoutTime",
        "LogonDay",
        "LogoutDay",
        "UseLocalTime",
    ),
    _DICTIONARY: ("DataDictionary",),
    _FIXT: ("TransportDataDictionary", "AppDataDictionary", "DefaultApplVerID"),
    _VALIDATION: ("ValidateUserDefinedFields", "AllowUnknownMsgFields", "PreserveMessageFieldsOrder"),
    "write order_entry.port in venue.toml and leave it out here": ("SocketAcceptPort",),
    "the port is open to this machine only, and QuickFIX looks at addresses too late; leave it out": (
        "AllowedRemoteAddresses",
    ),
    "the client says it in HeartBtInt(108) of its Logon(35=A); leave it out": ("HeartBtInt",),
    "acceptor sessions are told apart by their CompIDs only; write one TargetCompID for each": ("SessionQualifier",),
    "the venue alone writes a session's store, so there is nothing to read again; leave it out": ("RefreshOnLogon",),
    "QuickFIX's web page is not served; leave it out": ("HttpAcceptPort",),
    _SOCKET: ("SocketSendBufferSize", "SocketReceiveBufferSize"),
    _FOLDER: ("FileStorePath", "FileLogPath", "FileLogBackupPath"),
    "the venue writes no QuickFIX log to the screen; leave it out": (
        "ScreenLogShowIncoming",
        "ScreenLogShowOutgoing",
        "ScreenLogShowEvents",
    ),
    _INITIATOR: (
        "SendResetSeqNumFlag",
        "SocketConnectHost",
        "SocketConnectPort",
        "SocketConnectSourceHost",
        "SocketConnectSourcePort",
        "HostSelectionPolicy",
        "HostSelectionPolicyPriorityStartOverInterval",
        "ReconnectInterval",
    ),
    _TLS: (
        "ServerCertificateFile",
        "ServerCertificateKeyFile",
        "ClientCertificateFile",
        "ClientCertificateKeyFile",
        "CertificationAuthoritiesFile",
        "CertificationAuthoritiesDirectory",
        "CertificateRevocationListFile",
        "CertificateRevocationListDirectory",
        "CertificateVerifyLevel",
        "SSLProtocol",
        "SSLCipherSuite",
        "TLSCipherSuites",
    ),
}

REFUSED = tuple(Refusal(name, reason) for reason, names in _REASONS.items() for name in names)

_DATABASE = re.compile(r"(MySQL|PostgreSQL|Odbc)(Store|Log)[A-Za-z]+", re.IGNORECASE)
_NUMBERED = re.compile(r"(SocketConnect(Source)?(Host|Port)\d+|AppDataDictionary\..*)", re.IGNORECASE)


def refusal(name: str) -> str | None:
    """Return why a key of QuickFIX's has no place here; None when it is none of QuickFIX's."""
    if _DATABASE.fullmatch(name):
        return "sessions are not kept in a database; leave it out"
    if _NUMBERED.fullmatch(name):
        return _INITIATOR if name.lower().startswith("socket") else _FIXT
    return next((known.reason for known in REFUSED if known.name.lower() == name.lower()), None)


SETTINGS: dict[str, Setting] = {setting.name.lower(): setting for setting in (*OWN, *PASSED, *FIXED)}
"""By lower-case name, since QuickFIX does not mind the case of a key."""

PASSED_NAMES = frozenset(setting.name for setting in PASSED)
