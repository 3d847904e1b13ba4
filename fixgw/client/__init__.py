"""The client: a FIX 4.4 initiator on simplefix, for people at a terminal, for scripts and for wire tests.

It shares nothing with the venue but the data dictionary, so that QuickFIX never tests itself.
"""
