"""The one error of the stand."""


class StandError(Exception):
    """Something the stand needs is missing or refused; the message tells a person what and the remedy."""
