"""Pre-trade risk: checks an order before the engine sees it, and follows what happened after."""
