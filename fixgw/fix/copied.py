"""What a drop-copy session has been sent, as its FIX store tells: the last ExecID(17) is the place in the journal.

The store is written before a message leaves, and a number belongs to a message once it is below the next one.
So after any end of the process the last numbered copy says exactly where to go on: none is sent twice, none is
left out.
"""

from pathlib import Path

_EXEC_ID = b"\x0117="
_IS_COPY = b"\x0135=8\x01"

ExecPlace = tuple[int, int]
"""An ExecID as two numbers, which grow with the journal: ``7.1`` is (7, 1)."""

NONE: ExecPlace = (0, -1)


def place(exec_id: str) -> ExecPlace:
    number, _, count = exec_id.partition(".")
    return int(number), int(count)


def last_copied(store: Path, session: str, next_msg_seq_num: int) -> ExecPlace:
    """Return the place of the last copy numbered below ``next_msg_seq_num``; NONE when there is none.

    ``session`` is QuickFIX's name of it, as in its file names: ``FIX.4.4-FIXGW-DROPCOPY``.
    """
    try:
        index = (store / f"{session}.header").read_text("ascii").split()
        body = (store / f"{session}.body").open("rb")
    except FileNotFoundError:
        return NONE
    with body:
        for entry in reversed(index):
            number, offset, size = map(int, entry.split(","))
            if number < next_msg_seq_num:
                body.seek(offset)
                message = body.read(size)
                if _IS_COPY in message:
                    exec_id = message.partition(_EXEC_ID)[2].partition(b"\x01")[0]
                    return place(exec_id.decode("ascii"))
    return NONE
