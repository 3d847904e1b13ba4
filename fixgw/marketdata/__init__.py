"""Market data: what everybody may see of the journal, from the books to the packets and back to a book."""
