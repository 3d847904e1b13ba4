"""A restriction: what an operator has forbidden, who did, and why."""

import msgspec


class Restriction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``name`` is the symbol halted, the scope killed or the session disabled."""

    name: str
    operator: str
    reason: str
