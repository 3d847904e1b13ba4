"""The state of the risk gate as plain data, for snapshots."""

from collections.abc import Iterable

import msgspec

from fixgw.risk.gate import RiskGate
from fixgw.spec.commands import ConfigureVenue
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.restriction import Restriction


class GateState(msgspec.Struct, frozen=True, array_like=True):
    """What does not follow from the configuration alone.

    Notionals are decimal text, since they may be larger than 64 bits.
    """

    limits: list[ScopedLimits]
    halted: list[Restriction]
    killed: list[Restriction]
    disabled: list[Restriction]
    open_notional: list[tuple[str, str]]
    """By account, in ``10**-18`` of the currency."""
    net_qty: list[tuple[str, str, str]]
    """By account and symbol."""
    ended_date: str | None = None
    suspended: tuple[Restriction, ...] = ()
    breaker_level: int = 0


def of(gate: RiskGate) -> GateState:
    restrictions = gate.restrictions
    return GateState(
        limits=list(gate.limits.all()),
        halted=list(restrictions.halted.values()),
        killed=list(restrictions.killed.values()),
        disabled=list(restrictions.disabled.values()),
        open_notional=[(account, str(notional)) for account, notional in sorted(gate.exposure.reserved().items())],
        net_qty=[(account, symbol, str(net)) for (account, symbol), net in sorted(gate.positions.all().items())],
        ended_date=restrictions.ended_date,
        suspended=tuple(restrictions.suspended.values()),
        breaker_level=restrictions.breaker_level,
    )


def restore(
    gate: RiskGate,
    state: GateState,
    configuration: ConfigureVenue | None,
    listed: Iterable[Instrument],
    ever_listed: Iterable[Instrument],
) -> None:
    """Have ``gate``, a new one, go on from ``state``."""
    gate.list_units(ever_listed)
    # Operators may list an instrument before there is a configuration.
    gate.configure(configuration or ConfigureVenue((), (), ()), listed)
    gate.limits.put(state.limits)
    for named, restrictions in (
        (state.halted, gate.restrictions.halted),
        (state.suspended, gate.restrictions.suspended),
        (state.killed, gate.restrictions.killed),
        (state.disabled, gate.restrictions.disabled),
    ):
        restrictions.update((restriction.name, restriction) for restriction in named)
    gate.restrictions.ended_date = state.ended_date
    gate.restrictions.breaker_level = state.breaker_level
    for account, notional in state.open_notional:
        gate.exposure.change(account, int(notional))
    for account, symbol, net in state.net_qty:
        gate.positions.put(account, symbol, int(net))
