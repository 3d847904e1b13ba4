"""sessions.cfg: who may log on.  QuickFIX's session settings format, read line by line."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from fixgw.config.mistakes import Notes, suggestion
from fixgw.config.readers import ACCOUNT, WrongValueError, show
from fixgw.config.session_settings import (
    ALL_FIRMS,
    DROP_COPY,
    MARKET_DATA,
    ORDER_ENTRY,
    OWN,
    PASSED_NAMES,
    REQUIRED,
    SETTINGS,
    refusal,
)
from fixgw.spec.participant import MarketMaker

_SECTION = re.compile(r"\[(.*)\]")
_PRINTABLE = re.compile(r"[ -~]+")


@dataclass(frozen=True)
class OrderEntrySession:
    """One client session; ``settings`` are QuickFIX's, to be handed to it as they are."""

    comp_id: str
    """The client's CompID, by which the venue knows the session."""
    firm: str
    accounts: tuple[str, ...]
    """Never empty; an order without Account(1) goes to the first."""
    extensions: bool
    settings: dict[str, str]
    line: int
    """Where its section begins in sessions.cfg."""
    market_maker: MarketMaker | None = None
    """None when it may not quote."""


@dataclass(frozen=True)
class DropCopySession:
    """A session that gets a copy of each ExecutionReport."""

    comp_id: str
    firms: tuple[str, ...] | None
    """Whose reports; None for those of all firms."""
    settings: dict[str, str]
    line: int


@dataclass(frozen=True)
class MarketDataSession:
    """A session that asks for market data."""

    comp_id: str
    settings: dict[str, str]
    line: int


@dataclass(frozen=True)
class SessionFile:
    """What sessions.cfg says, and all names in it, those of wrong sessions too."""

    sessions: tuple[OrderEntrySession, ...]
    drop_copy: tuple[DropCopySession, ...]
    market_data: tuple[MarketDataSession, ...]
    comp_ids: frozenset[str]
    firms: frozenset[str]
    accounts: frozenset[str]


@dataclass(frozen=True)
class _Entry:
    value: str
    line: int


@dataclass
class _Section:
    """``[DEFAULT]`` or a ``[SESSION]``: its right and wrong entries by name, and the raw text of them."""

    line: int
    entries: dict[str, _Entry] = field(default_factory=dict)
    written: dict[str, _Entry] = field(default_factory=dict)

    @property
    def role(self) -> str:
        entry = self.entries.get("Role")
        return ORDER_ENTRY if entry is None else entry.value

    @property
    def settings(self) -> dict[str, str]:
        """What QuickFIX is to be handed."""
        return {name: entry.value for name, entry in self.entries.items() if name in PASSED_NAMES}

    def is_for(self, role: str) -> bool:
        """Whether this is a session of the role that can be used."""
        return self.role == role and "TargetCompID" in self.entries


def read_session_file(text: str, comp_id: str | None, notes: Notes) -> SessionFile:
    """Read the whole file, noting every mistake.  ``comp_id`` is the venue's; None when that is not known."""
    defaults, sections = _sections(text, notes)
    for section in sections:
        section.entries = defaults.entries | section.entries
        section.written = defaults.written | section.written
    _note_twins(sections, notes)
    for section in sections:
        _note_missing(section, notes)
        if comp_id is not None:
            _note_comp_ids(section, comp_id, notes)
    trading = [section for section in sections if section.role == ORDER_ENTRY]
    if not trading:
        notes.add(None, "", "there is no session; write [SESSION], TargetCompID=CLIENT1, Firm=ALPHA, Accounts=A1")
    accounts = [_accounts(section, notes) for section in trading]
    _note_shared_accounts(trading, accounts, notes)
    firms = _names(trading, "Firm")
    sessions = [_order_entry(*pair, notes) for pair in zip(trading, accounts, strict=True)]
    copies = [_drop_copy(section, firms, notes) for section in sections if section.role == DROP_COPY]
    return SessionFile(
        sessions=tuple(session for session in sessions if session is not None),
        drop_copy=tuple(session for session in copies if session is not None),
        market_data=tuple(_market_data(section) for section in sections if section.is_for(MARKET_DATA)),
        comp_ids=_names(trading, "TargetCompID"),
        firms=firms,
        accounts=frozenset(name for names in accounts for name in names),
    )


def _sections(text: str, notes: Notes) -> tuple[_Section, list[_Section]]:
    """Return the defaults and the sessions, line by line."""
    defaults, sections = _Section(line=0), list[_Section]()
    section: _Section | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if header := _SECTION.fullmatch(line):
            section = _Section(number)
            match header[1].strip():
                case "SESSION":
                    sections.append(section)
                case "DEFAULT" if defaults.line:
                    notes.add(number, "[DEFAULT]", f"is there already on line {defaults.line}; write all into that one")
                case "DEFAULT":
                    defaults = section
                case name:
                    meant = difflib.get_close_matches(name.upper(), ("DEFAULT", "SESSION"), n=1)
                    right = f"write [{meant[0]}]" if meant else "write [DEFAULT] or [SESSION]"
                    notes.add(number, "", f"{show(line)} is not a section; {right}")
                    # Read on as if it were one, so that a slip here makes no further mistakes elsewhere.
                    if meant == ["SESSION"]:
                        sections.append(section)
        elif section is None:
            notes.add(number, "", f"{show(line)} stands before the first section; write [DEFAULT] or [SESSION] above")
        else:
            _read_entry(section, line, number, notes, is_default=section is defaults)
    return defaults, sections


def _read_entry(section: _Section, line: str, number: int, notes: Notes, is_default: bool) -> None:
    written, equals, value = (part.strip() for part in line.partition("="))
    if not equals or not written:
        notes.add(number, "", f"{show(line)} is neither KEY=VALUE nor a section; write a comment with # in front")
        return
    setting = SETTINGS.get(written.lower())
    if setting is None:
        key = show(written)[1:-1]
        reason = refusal(written)
        if reason is None:
            known = [known.name for known in SETTINGS.values()]
            notes.add(number, key, f"there is no such setting; {suggestion(written, known)}")
        else:
            notes.add(number, key, f"is refused: {reason}")
        return
    name = setting.name
    if name in section.written:
        notes.add(number, name, f"is there already on line {section.written[name].line}; write it once")
        return
    section.written[name] = _Entry(value, number)
    if is_default and name == "TargetCompID":
        notes.add(number, name, "belongs to one session; write it under its [SESSION]")
    elif not value:
        notes.add(number, name, f"is empty; write for example {name}={setting.example}")
    elif not _PRINTABLE.fullmatch(value):
        notes.add(number, name, f"{show(value)} is not printable ASCII; write for example {name}={setting.example}")
    elif " #" in value:
        notes.add(number, name, f"{show(value)} has a comment in it; write the comment on a line of its own")
    else:
        try:
            section.entries[name] = _Entry(setting.read(value), number)
        except WrongValueError as wrong:
            notes.add(number, name, str(wrong))


def _note_twins(sections: list[_Section], notes: Notes) -> None:
    first: dict[str, int] = {}
    for section in sections:
        if (entry := section.entries.get("TargetCompID")) is None:
            continue
        if entry.value in first:
            message = f"{entry.value} has a session already on line {first[entry.value]}; write one for each CompID"
            notes.add(entry.line, "TargetCompID", message)
        else:
            first[entry.value] = entry.line


def _accounts(section: _Section, notes: Notes) -> tuple[str, ...]:
    """Return the accounts of a section, noting what is wrong with them; empty when there is nothing to use."""
    entry = section.entries.get("Accounts")
    if entry is None:
        return ()
    accounts: list[str] = []
    for written in entry.value.split(","):
        name = written.strip()
        try:
            accounts.append(ACCOUNT.read(name))
        except WrongValueError as wrong:
            notes.add(entry.line, "Accounts", str(wrong) if name else "has a comma too many; write for example A1,A2")
    for name in dict.fromkeys(accounts):
        if accounts.count(name) > 1:
            notes.add(entry.line, "Accounts", f"{name} is there more than once; write it once")
    return tuple(accounts)


def _note_shared_accounts(sections: list[_Section], accounts: Iterable[tuple[str, ...]], notes: Notes) -> None:
    """An account belongs to one firm: its positions and limits could not be told apart otherwise."""
    owners: dict[str, tuple[str, int]] = {}
    for section, names in zip(sections, accounts, strict=True):
        if (firm := section.entries.get("Firm")) is None:
            continue
        line = section.entries["Accounts"].line if names else 0
        for name in dict.fromkeys(names):
            owner, owner_line = owners.setdefault(name, (firm.value, line))
            if owner != firm.value:
                message = (
                    f"{name} belongs to firm {owner} on line {owner_line}, here to {firm.value}; "
                    "write each account for one firm"
                )
                notes.add(line, "Accounts", message)


def _order_entry(section: _Section, accounts: tuple[str, ...], notes: Notes) -> OrderEntrySession | None:
    """Return the session; None when a mistake was noted that leaves nothing to use."""
    target, firm = section.entries.get("TargetCompID"), section.entries.get("Firm")
    if firm is not None and firm.value == ALL_FIRMS:
        notes.add(firm.line, "Firm", f"{ALL_FIRMS} is for drop-copy sessions; write the firm, for example Firm=ALPHA")
    if target is None or firm is None or not accounts:
        return None
    extensions = section.entries.get("Extensions")
    return OrderEntrySession(
        comp_id=target.value,
        firm=firm.value,
        accounts=accounts,
        extensions=extensions is not None and extensions.value == "Y",
        settings=section.settings,
        line=section.line,
        market_maker=_market_maker(section),
    )


def _market_maker(section: _Section) -> MarketMaker | None:
    entry = section.entries.get("MarketMaker")
    return MarketMaker() if entry is not None and entry.value == "Y" else None


def _drop_copy(section: _Section, firms: frozenset[str], notes: Notes) -> DropCopySession | None:
    target, firm = section.entries.get("TargetCompID"), section.entries.get("Firm")
    if firm is not None and firm.value != ALL_FIRMS and firm.value not in firms:
        right = f"{suggestion(firm.value, firms)}, or write * for all"
        notes.add(firm.line, "Firm", f"{firm.value} trades nowhere in this file; {right}")
    if target is None or firm is None:
        return None
    copied = None if firm.value == ALL_FIRMS else (firm.value,)
    return DropCopySession(target.value, copied, section.settings, section.line)


def _market_data(section: _Section) -> MarketDataSession:
    return MarketDataSession(section.entries["TargetCompID"].value, section.settings, section.line)


def _note_missing(section: _Section, notes: Notes) -> None:
    """Note what a session of its role must say and does not, and what it may not say."""
    whose = section.written.get("TargetCompID")
    session = f"the session of {show(whose.value)[1:-1]}" if whose else "this session"
    for setting in OWN:
        if setting.default != "required":
            continue
        is_wanted, entry = setting.name in REQUIRED[section.role], section.written.get(setting.name)
        if is_wanted and entry is None:
            right = f"write for example {setting.name}={setting.example}"
            notes.add(section.line, setting.name, f"is missing in {session}; {right}")
        elif not is_wanted and entry is not None and entry.line > section.line:
            notes.add(entry.line, setting.name, f"has no place in a session with Role={section.role}; leave it out")


def _note_comp_ids(section: _Section, comp_id: str, notes: Notes) -> None:
    sender, target = section.entries.get("SenderCompID"), section.entries.get("TargetCompID")
    if sender is not None and sender.value != comp_id:
        message = f"{sender.value} is not the venue's CompID, {comp_id} (venue.comp_id in venue.toml); leave it out"
        notes.add(sender.line, "SenderCompID", message)
    if target is not None and target.value == comp_id:
        message = f"{comp_id} is the venue's own CompID (venue.comp_id in venue.toml); write the client's"
        notes.add(target.line, "TargetCompID", message)


def _names(sections: list[_Section], name: str) -> frozenset[str]:
    return frozenset(section.written[name].value for section in sections if name in section.written)
