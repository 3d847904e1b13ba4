"""What the postman says to the corks as it hands messages to QuickFIX."""

from pathlib import Path

import quickfix as fix

from bench.null_acceptor import NullAcceptor
from fixgw.fix.corks import CORKED_FROM, Corks
from fixgw.fix.outbound import Report, business_reject
from fixgw.fix.postman import Postman
from fixgw.fix.readiness import Traffic
from fixgw.fix.sessions import write_settings
from tests.ports import free_port

REPORT = Report("CLIENT1", "8", "37=1\x0117=1\x01150=0\x0139=0\x0111=a1\x0155=AAPL\x0154=1\x01151=1\x0114=0\x016=0\x01")


class WatchedCorks(Corks):
    """Notes what it is asked, in order; nobody is connected."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def note(self, session: str) -> None:
        self.asked.append(session)

    def let_go(self) -> None:
        self.asked.append("let go")


def test_a_report_may_be_kept_in_a_batch_only_and_an_answer_never(tmp_path: Path) -> None:
    """An answer takes a number that is written first: nobody's reports wait for the disk."""
    settings = write_settings(tmp_path, "FIXGW", free_port(), {"CLIENT1": {}})
    application, stores = NullAcceptor(), fix.MemoryStoreFactory()
    acceptor = fix.SocketAcceptor(application, stores, settings)
    corks, traffic = WatchedCorks(), Traffic()
    postman = Postman("FIXGW", {"CLIENT1": {}}, traffic, corks)

    postman.report(REPORT)
    assert corks.asked == []
    with corks:
        for _ in range(CORKED_FROM):
            postman.report(REPORT)
        postman.send(business_reject("CLIENT1", "7", "D", "4", "too many"))
        assert corks.asked == ["CLIENT1"] * CORKED_FROM + ["let go"]

    session = fix.Session.lookupSession(fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1"))
    assert session is not None
    assert session.getExpectedSenderNum() == CORKED_FROM + 3
    assert traffic.sent == CORKED_FROM + 2
    del acceptor
