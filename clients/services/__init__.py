"""The acts of the clients room; one module per noun."""
