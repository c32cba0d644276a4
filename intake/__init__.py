"""Foreign files, read where they can do no harm: in a child process without files, network or children.

The ground floor's room for everything that other people's programs have written in a structure of their
own: workbooks, dBase tables, JSON Lines, archives. The parent (``intake.reading``) hands the child pages of
the file as it asks for them and takes back records in a bounded, checked stream (``intake.frames``).
Nothing here knows Django, clients or transfers.
"""
