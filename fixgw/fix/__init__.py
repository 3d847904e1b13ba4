"""All that knows QuickFIX: the door for orders and the reports that go back through it."""
