"""The archive: messages that a session was sent before the last snapshot, put back from the journal when asked for.

A start from a snapshot brings numbers and no messages: to make all of them again would take longer than all else.
So a ResendRequest(35=2) is looked at before QuickFIX answers it, and what it asks for is put into the session's store.
"""

import logging
from collections.abc import Iterator, Mapping
from itertools import dropwhile, islice
from pathlib import Path

import quickfix as fix

from fixgw.fix.ledger import Ledger
from fixgw.fix.outbound import Encoder, Report, TimeText
from fixgw.fix.sessions import BEGIN_STRING
from fixgw.fix.store import store_of
from fixgw.journal.reader import NotKept, first_kept, read
from fixgw.spec.audience import audience
from fixgw.spec.commands import UseNumber
from fixgw.spec.sequenced import Sequenced

log = logging.getLogger("fixgw.fix.archive")


class Archive:
    """What QuickFIX's stores do not have, by session."""

    def __init__(self, comp_id: str, session_ids: Mapping[str, fix.SessionID], journal: Path, ledger: Ledger) -> None:
        """``ledger`` is as of the snapshot, and is not told of anything that follows it.

        Raises StoreUnknown when there is something to put back and no way to do it.
        """
        self._comp_id = comp_id
        self._journal = journal
        self._ledger = ledger
        self._encoder = Encoder()
        self._time = TimeText()
        self._begins: dict[str, int] = {}
        """By session: its store has all messages from this number on."""
        self._stores: dict[str, fix.MessageStore] = {}
        self._begun: dict[str, tuple[int, Iterator[tuple[int, str]]]] = {}
        """By session: what was fetched last goes on at this number, with this."""
        for name, session_id in session_ids.items():
            session = fix.Session.lookupSession(session_id)
            assert session is not None, name
            self._begins[name] = ledger.of(name).next_msg_seq_num
            if self._begins[name] > 1:
                self._stores[name] = store_of(session, session_id)

    def forget(self, name: str) -> None:
        """The session begins anew at 1: nothing that it was sent before is of interest any more."""
        self._begins[name] = 1
        self._begun.pop(name, None)

    def begins_with(self, name: str) -> int:
        """Return the number of the first message of the session that there is; frames of those before are not kept."""
        if self._begins[name] == 1:
            return 1
        first = self._ledger.first_from(name, first_kept(self._journal) - 1)
        return self._begins[name] if first is None else min(first.next_msg_seq_num, self._begins[name])

    def fetch(self, name: str, begin: int, end: int) -> None:
        """Put the messages of these numbers into the store of the session, as far as it does not have them.

        Those whose frames are not kept any more become a gap, which QuickFIX fills.
        """
        last = self._begins[name] - 1
        begin, end = max(begin, 1), min(end, last)
        if begin > end:
            return
        there = self.begins_with(name)
        if begin < there:
            self._leave_gap(name, begin, min(end, there - 1))
            begin = there
            if begin > end:
                return
        at, messages = self._begun.pop(name, (0, iter(())))
        if at != begin:
            messages = dropwhile(lambda message: message[0] < begin, self._messages(name, begin))
        store, count = self._stores[name], 0
        try:
            for number, text in islice(messages, end - begin + 1):
                store.set(number, text)
                count += 1
        except NotKept:  # removed since we looked
            self._leave_gap(name, begin + count, end)
            return
        if end < last:
            self._begun[name] = end + 1, messages
        log.info("%s: %d messages from %d on were put back from the journal", name, count, begin)

    def _leave_gap(self, name: str, begin: int, end: int) -> None:
        """Have QuickFIX fill the gap from ``begin`` to ``end`` with one message."""
        # From a store with a hole where a resend should begin, QuickFIX reads nothing at all; where it ends with one,
        # it fills the whole of what was asked for once more.
        for number in {begin, end}:
            self._stores[name].set(number, self._text(Report(name, "0", ""), number, 0))
        log.info("%s: the messages from %d to %d are not kept any more (journal.keep_days)", name, begin, end)

    def _messages(self, name: str, msg_seq_num: int) -> Iterator[tuple[int, str]]:
        """Yield the messages to a session, each with its number, from that one or an earlier one on, without a gap."""
        sequence, number = self._ledger.where(name, msg_seq_num)
        for frame in read(self._journal, sequence + 1):
            for at, report in self._of_frame(frame, name, number):
                while number < at:  # closed by a gap fill, then and again
                    yield number, self._text(Report(name, "0", ""), number, frame.time_ns)
                    number += 1
                yield number, self._text(report, number, frame.time_ns)
                number += 1

    def _of_frame(self, frame: Sequenced, name: str, number: int) -> Iterator[tuple[int, Report]]:
        """Yield what a frame had sent to the session; its numbers go on from ``number`` unless the journal says so."""
        command = frame.command
        if isinstance(command, UseNumber):
            if command.session == name:
                is_admin = command.body is None
                yield command.msg_seq_num, Report(name, "0" if is_admin else command.msg_type, command.body or "")
            return
        for event in frame.events:
            if name in audience(event):
                for report in self._encoder.reports(event, frame.time_ns):
                    if report.session == name:
                        yield number, report
                        number += 1

    def _text(self, report: Report, number: int, time_ns: int) -> str:
        """Return the message as it was sent, whole, since QuickFIX checks what it reads from a store."""
        head = f"35={report.msg_type}\x0134={number}\x0149={self._comp_id}\x0152={self._time.of(time_ns)}\x01"
        body = f"{head}56={report.session}\x01{report.body}"
        text = f"8={BEGIN_STRING}\x019={len(body)}\x01{body}"
        return f"{text}10={sum(text.encode('ascii')) % 256:03d}\x01"
