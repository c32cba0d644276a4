"""The acts of the transfer room; one module per noun."""
