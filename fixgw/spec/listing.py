"""The listing: the instruments there are, as the configuration says and as operators have changed it since.

It follows the journal, in the engine and beside it.
"""

from collections.abc import Iterable

from fixgw.spec.instrument import Instrument


class Listing:
    """Instruments by symbol."""

    def __init__(self) -> None:
        self.listed: dict[str, Instrument] = {}
        """What is traded now; one dict for ever, whatever changes in it."""
        self.configured: dict[str, Instrument] = {}
        """What the last configuration said."""

    def configure(self, instruments: Iterable[Instrument]) -> None:
        """Take the instruments of a configuration.

        Where it says the same of a symbol as the one before, what operators have made of it holds on; where it says
        another thing, that holds.
        """
        after = self.after(instruments)
        self.configured = {instrument.symbol: instrument for instrument in instruments}
        self.put(after.values())

    def after(self, instruments: Iterable[Instrument]) -> dict[str, Instrument]:
        """Return what would be listed after a configuration with these."""
        configured = {instrument.symbol: instrument for instrument in instruments}
        kept = {
            symbol: instrument
            for symbol, instrument in self.listed.items()
            if configured.get(symbol) == self.configured.get(symbol)
        }
        new = {
            symbol: instrument for symbol, instrument in configured.items() if instrument != self.configured.get(symbol)
        }
        return kept | new

    def put(self, instruments: Iterable[Instrument]) -> None:
        """Have these and no others listed."""
        listed = {instrument.symbol: instrument for instrument in instruments}
        self.listed.clear()
        self.listed.update(listed)

    def list(self, instrument: Instrument) -> None:
        """List an instrument, or give one that is listed other terms."""
        self.listed[instrument.symbol] = instrument

    def delist(self, symbol: str) -> None:
        del self.listed[symbol]
