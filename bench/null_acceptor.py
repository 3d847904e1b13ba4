"""The smallest QuickFIX acceptor in Python: it answers every NewOrderSingle(35=D) with one fixed ExecutionReport.

What it costs is what QuickFIX and Python cost; the venue is measured against it.  It is run as the venue runs QuickFIX:
``block()`` on a Python thread, FileStore, SocketNodelay, the venue's dictionary, one f-string a report.

    python -m bench.null_acceptor --port 9876 --data /some/empty/folder
"""

import gc
import signal
import threading
from pathlib import Path

import click
import quickfix as fix

from fixgw.spec import dictionary, tags

SETTINGS = """[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.4
SenderCompID=FIXGW
SocketAcceptPort={port}
SocketNodelay=Y
NonStopSession=Y
FileStorePath={store}
UseDataDictionary={use_dictionary}
DataDictionary={dictionary}
ValidateUserDefinedFields=N
[SESSION]
TargetCompID=CLIENT1
"""


class NullAcceptor(fix.Application):
    """Knows nothing of orders: every report is the same, but for the ClOrdID(11) it echoes."""

    def __init__(self) -> None:
        super().__init__()
        self._session_id = fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1")

    def fromApp(self, message: fix.Message, _session_id: fix.SessionID) -> None:
        cl_ord_id = message.getField(tags.CL_ORD_ID)
        text = (
            "8=FIX.4.4\x019=0\x0135=8\x0137=1\x0117=1\x01150=0\x0139=0\x01"
            f"11={cl_ord_id}\x011=A1\x0155=AAPL\x0154=1\x0138=100\x0140=2\x0144=100.00\x0159=0\x01"
            "151=100\x0114=0\x016=0\x0160=20260102-12:00:00.000000\x0110=000\x01"
        )
        fix.Session.sendToTarget(fix.Message(text, False), self._session_id)

    def onCreate(self, _session_id: fix.SessionID) -> None:
        pass

    def onLogon(self, _session_id: fix.SessionID) -> None:
        pass

    def onLogout(self, _session_id: fix.SessionID) -> None:
        pass

    def toAdmin(self, _message: fix.Message, _session_id: fix.SessionID) -> None:
        pass

    def fromAdmin(self, _message: fix.Message, _session_id: fix.SessionID) -> None:
        pass

    def toApp(self, _message: fix.Message, _session_id: fix.SessionID) -> None:
        pass


@click.command()
@click.option("--port", type=int, required=True, help="Where to listen.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Empty folder for the FileStore.")
@click.option("--dictionary/--no-dictionary", "use_dictionary", default=True, help="Validate messages, or not.")
def main(port: int, data: Path, use_dictionary: bool) -> None:
    """Answer orders until SIGTERM."""
    settings = fix.SessionSettings()
    settings.setFromString(
        SETTINGS.format(
            port=port, store=data, dictionary=dictionary.PATH, use_dictionary="Y" if use_dictionary else "N"
        )
    )
    stop_asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop_asked.set())
    acceptor = fix.SocketAcceptor(NullAcceptor(), fix.FileStoreFactory(settings), settings)
    gc.freeze()
    gc.disable()
    accepting = threading.Thread(target=acceptor.block)
    accepting.start()
    stop_asked.wait()
    acceptor.stop()
    accepting.join()


if __name__ == "__main__":
    main()
