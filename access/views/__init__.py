"""Pages of this room: ``signing`` for oneself, ``people`` for those who look after accounts."""
