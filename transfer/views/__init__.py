"""Pages of the transfer room: thin doors, one module per area."""
