"""The one error of the vault."""


class VaultError(Exception):
    """Something sealed would not open, or a key is missing, wrong or not to be trusted.

    Every failed opening carries the same words whatever its cause (wrong key, changed bytes, another
    row, another revision), so that the error tells an attacker nothing. Failures of the installation
    itself (root key, keyring, files) name their exact reason for the operator.
    """


class OpeningError(VaultError):
    """Sealed bytes are not what they should be; deliberately without detail."""

    def __init__(self) -> None:
        super().__init__("the sealed bytes do not open")
