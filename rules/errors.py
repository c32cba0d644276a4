"""The ways the law, written as data, can fail us."""


class RulesError(ValueError):
    """A question the packs cannot answer, or an answer nobody may build on."""


class PackError(RulesError):
    """A pack file does not say what a pack must say; names the file, the rule and the field."""

    def __init__(self, file: str, rule: str, field: str, reason: str) -> None:
        self.file = file
        self.rule = rule
        self.field = field
        self.reason = reason
        super().__init__(f"{file}: {rule}: {field}: {reason}")


class UnknownRuleError(RulesError):
    """A rule was cited that the pack does not hold."""
