"""The first page: where every visible transfer stands, what blocks it, whose move it is, which clock runs out."""
