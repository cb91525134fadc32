"""What a file may be about, guessed from its name, its properties and its text. No I/O, no memory.

A guess is never more than an offer: it carries how sure it is and what it was read from, so that a
teacher can check it at a glance.
"""
