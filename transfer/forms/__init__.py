"""Forms of the transfer room: they collect, the services decide. One module per noun."""
