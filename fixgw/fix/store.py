"""A way into the store of a QuickFIX session, to put messages back that it was sent before.

QuickFIX 1.16 hands out the store of a session as a pointer that Python can do nothing with.  A proxy of another
store is made to point to it: checked once, and where anything is not as it is known to be, refused.
"""

import ctypes

import quickfix as fix

_POINTER_OFFSET = object.__basicsize__
"""Of the pointer in SWIG's object: right behind the head that every Python object has."""


class StoreUnknown(Exception):
    """This build of QuickFIX is not laid out as the one that is known."""


def store_of(session: fix.Session, session_id: fix.SessionID) -> fix.MessageStore:
    """Return the store of ``session``, to be used as long as the session lives; raises StoreUnknown."""
    factory = fix.MemoryStoreFactory()
    proxy = factory.create(fix.UtcTimeStamp.now(), session_id)
    pointer = ctypes.c_void_p.from_address(id(proxy.this) + _POINTER_OFFSET)
    if pointer.value != int(proxy.this):
        raise StoreUnknown("SWIG's objects do not have their pointer where it is known to be")
    factory.destroy(proxy)
    proxy.thisown = False
    pointer.value = int(session.getStore())
    if proxy.getNextSenderMsgSeqNum() != session.getExpectedSenderNum():
        raise StoreUnknown("what QuickFIX hands out as the store of a session is none")
    return proxy
