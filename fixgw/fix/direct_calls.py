"""QuickFIX's functions that every order goes through, without the method of Python that SWIG puts before each.

Such a method does nothing but look its function up and pass all on, which takes 5 us with cold caches
(docs/decisions/0026-direct-calls.md).  The first argument is the object that it would be a method of.
"""

from _quickfix import Acceptor_poll as poll
from _quickfix import Message_setString as set_string
from _quickfix import Message_toString as to_string
from _quickfix import Session_send as send

__all__ = ["poll", "send", "set_string", "to_string"]
