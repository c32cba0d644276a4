"""One module per foreign format; each runs in the child only."""
