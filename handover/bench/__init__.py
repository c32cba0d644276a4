"""``make bench``: our paths beside what people would pick, and beside the limit of the machine.

Invariants:
- Only ratios inside one run are worth anything: in every round ours and its peers take turns, and what is
  shown is the median over the rounds of the ratio of that round.
- A slow peer works on a tenth of the rows, into a table of a tenth of the size; the output says so.
- Doubt is decided for the peer: its tables have no foreign keys, nothing of it is checked, nothing is logged,
  and it gets its rows read and split already.
- The tables of the peers exist only while the bench runs, and it runs only in an installation of its own.
"""
