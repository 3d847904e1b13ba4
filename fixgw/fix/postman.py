"""The postman: hands reports to QuickFIX, which numbers, stores and sends them, or keeps them for who is away."""

from collections.abc import Mapping

import quickfix as fix

from fixgw.fix.corks import Corks
from fixgw.fix.direct_calls import send, set_string
from fixgw.fix.outbound import Encoder, Report, refused
from fixgw.fix.readiness import Traffic
from fixgw.fix.sessions import BEGIN_STRING
from fixgw.spec import dictionary
from fixgw.spec.commands import ClientCommand
from fixgw.spec.inquiries import Answer
from fixgw.spec.sequenced import Sequenced

_GROUPED = frozenset("bNrWXyd")
"""MsgTypes whose reports carry a repeating group, which QuickFIX keeps in order only by the dictionary."""
_FORGETFUL = ("ResetOnLogon", "ResetOnLogout", "ResetOnDisconnect")


class NotStored(Exception):
    """QuickFIX could not store a report, so that the client would never hear of what happened."""


class Postman:
    """Sends to a session by its CompID."""

    def __init__(self, comp_id: str, sessions: Mapping[str, Mapping[str, str]], traffic: Traffic, corks: Corks) -> None:
        """``sessions`` maps the CompID of each client to QuickFIX's settings for it."""
        self._sessions = _Sessions(comp_id)
        self._forgetful = {
            session
            for session, settings in sessions.items()
            if any(settings.get(setting) == "Y" for setting in _FORGETFUL)
        }
        self._traffic = traffic
        self._corks = corks
        self.is_reporting = False
        """Whether what QuickFIX is being handed is the report of an event."""
        self._dictionary = fix.DataDictionary(str(dictionary.PATH))
        self._message = fix.Message()

    def report(self, report: Report) -> None:
        """Send a report of an event; raises NotStored when it is lost."""
        self.is_reporting = True
        self.send(report)
        self.is_reporting = False

    def send(self, report: Report) -> None:
        """Send what no event brings about; raises NotStored when it is lost."""
        # Reading a whole text is six times as fast as setting its fields one by one, and into the same
        # Message twice as fast as into a new one.
        text = f"8={BEGIN_STRING}\x019=0\x0135={report.msg_type}\x01{report.body}10=000\x01"
        if report.msg_type in _GROUPED:
            set_string(self._message, text, False, self._dictionary)
        else:
            set_string(self._message, text, False)
        if not self.is_reporting:
            self._corks.let_go()  # it takes a number of its own, which is written first
        elif self._corks.is_gathering:
            self._corks.note(report.session)
        if not send(self._sessions[report.session], self._message):
            self._check_loss(report)
        self._traffic.sent += 1

    def _check_loss(self, report: Report) -> None:
        """A session that begins anew at each logon has nothing kept for it while it is away; else it is a fault."""
        is_away = not self._sessions[report.session].isLoggedOn()
        if not (is_away and report.session in self._forgetful):
            raise NotStored(f"QuickFIX could not store a message for {report.session}; this is a fault of the venue")


class _Sessions(dict[str, fix.Session]):
    """QuickFIX's sessions by the CompID of the client, looked up once; they live as long as the acceptor."""

    def __init__(self, comp_id: str) -> None:
        self._comp_id = comp_id

    def __missing__(self, name: str) -> fix.Session:
        session = fix.Session.lookupSession(fix.SessionID(BEGIN_STRING, self._comp_id, name))
        if session is None:
            raise KeyError(name)
        self[name] = session
        return session


class Reporter:
    """Tells clients what happened, after the journal has it."""

    def __init__(self, encoder: Encoder, postman: Postman) -> None:
        self._encoder = encoder
        self._report = postman.report
        self._send = postman.send

    def tell(self, sequenced: Sequenced) -> None:
        for event in sequenced.events:
            for report in self._encoder.reports(event, sequenced.time_ns):
                self._report(report)

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        for report in self._encoder.answers(answer, time_ns):
            self._send(report)

    def refuse(self, command: ClientCommand, text: str) -> None:
        self._send(refused(command, text))
