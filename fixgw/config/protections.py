"""What is wrong with the protections of market makers, once both files are read: they name makers of the other."""

from collections.abc import Iterable, Iterator

from fixgw.config.mistakes import suggestion
from fixgw.config.session_file import SessionFile
from fixgw.spec.maker_protection import MakerProtection

LIMITS = ("fills_max", "qty_max", "delta_max")


def mistakes_of_values(protection: MakerProtection) -> Iterator[tuple[str, str]]:
    """Yield key and mistake of what one table says by itself."""
    if all(getattr(protection, name) is None for name in LIMITS):
        yield "fills_max", f"nothing is limited; write {', '.join(LIMITS[:-1])} or {LIMITS[-1]}"
    for symbol in dict.fromkeys(protection.symbols):
        if protection.symbols.count(symbol) > 1:
            yield "instruments", f"{symbol} is there more than once; write it once"


def mistakes_of_makers(
    protections: Iterable[MakerProtection], sessions: SessionFile, where: str
) -> Iterator[tuple[str, str, str]]:
    """Yield name, key and mistake; ``where`` is the file of the sessions."""
    makers = [each for each in sessions.sessions if each.market_maker is not None]
    for protection in protections:
        kind, _, name = protection.maker.partition(":")
        there = sessions.comp_ids if kind == "session" else sessions.firms
        quoting = {each.comp_id if kind == "session" else each.firm for each in makers}
        if name not in there:
            yield protection.name, kind, f"there is no such {kind} in {where}; {suggestion(name, there)}"
        elif name not in quoting:
            yield protection.name, kind, f"{name} may not quote; write MarketMaker=Y under its session in {where}"
