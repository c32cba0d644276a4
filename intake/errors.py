"""The one error of this room."""


class Unreadable(Exception):  # noqa: N818  it says what the file is
    """A foreign file that will not be read: a code such as ``file.truncated`` and where it went wrong."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
