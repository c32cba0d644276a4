"""The consent clock: what one client is owed, where the client stands, and whose move it is.

Invariants:
- A verdict depends on the facts and the pack alone; the same two give the same verdict for ever.
- Every verdict gives its reasons, each with the article it rests on.
- Announcement never stands in for consent, and silence is never consent.
- In a merger nobody stays behind: a client who may not be moved openly is parked, not left out.
- Where consent carries the move, whoever has not validly given it is not moved.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct

from rules.deadlines import deadline_of, last_day
from rules.errors import RulesError
from rules.facts import FACT_FIELDS, ClientFacts
from rules.packs import Pack
from rules.schema import Text

NOTICE, CONSENT, CHILDREN, MINORS, WINDOW = "CN03", "CN04", "CN05", "CN06", "CN29"
CONFIDENTIALITY, RESETTLEMENT = "CN20", "CN22"
OBJECTION_WINDOW = "objection_window"

Requirement = Literal["notice_only", "notice_with_exit", "separate_consent", "none_needed"]
State = Literal[
    "in_scope", "notified", "cleared", "objected", "leaving", "left", "parked", "undeliverable", "excluded"
]
Mover = Literal["transferor", "transferee", "client", "guardian", "counsel", "nobody"]
Stand = tuple[State, Mover]
Hindrance = tuple[str, str, State, Mover]
Outcome = Literal["moves", "moves_suspended", "moves_exit_open", "stays", "gone", "waits"]


class Reason(Struct, frozen=True):
    """Why: the rule, its article as cited, and what it made of the facts (a code with a text)."""

    rule_id: str
    article: Text
    code: str

    @property
    def line(self) -> str:
        """`rule id|article|code`, the form in which a case keeps it."""
        return f"{self.rule_id}|{self.article.en}|{self.code}"


class Verdict(Struct, frozen=True):
    """What a client is owed, where the client stands on the day, and who must act next."""

    requirement: Requirement
    state: State
    window_ends_on: date | None
    whose_move: Mover
    reasons: tuple[Reason, ...]

    @property
    def lines(self) -> list[str]:
        """The reasons as a case keeps them."""
        return [reason.line for reason in self.reasons]


def verdict(pack: Pack, facts: ClientFacts) -> Verdict:
    """Return the verdict on one client under the rules in force on `facts.as_of`.

    Raises:
        RulesError: the rule that governs this basis is not in force, so that nothing lawful can be said.
    """
    return _Weighing(pack, facts).verdict()


def at_cutover(basis: str, state: str) -> Outcome:
    """Return what cutover does with a client who stands at this state on the day.

    "waits" means that the gate may not open over this client: notice is not proved, the window still
    runs, or an objection is undecided.
    """
    if state == "left":
        return "gone"
    if basis == "merger":
        outcomes: dict[str, Outcome] = {
            "cleared": "moves",
            "parked": "moves_suspended",
            "leaving": "moves_exit_open",
        }
        return outcomes.get(state, "waits")
    return "moves" if state == "cleared" else "stays"


def verdict_codes(pack: Pack, rows: Iterable[Sequence[object]]) -> tuple[list[int], tuple[Verdict, ...]]:
    """Return one number per row and the distinct verdicts the numbers point into.

    A row holds the values of `ClientFacts` in the order of `FACT_FIELDS`, as a query returns them.

    Raises:
        RulesError: a row does not hold facts, or no rule governs it.
    """
    table = VerdictTable(pack)
    codes = list(table.codes(rows))
    return codes, table.verdicts


class VerdictTable:
    """Verdicts of many clients: each distinct combination of facts is weighed once.

    A book of a million clients has a few thousand combinations, so that one pass over the rows is a
    dictionary look-up each.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._code_of_row: dict[tuple[object, ...], int] = {}
        self._code_of_verdict: dict[Verdict, int] = {}

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The distinct verdicts so far; the code of a row is an index into it."""
        return tuple(self._code_of_verdict)

    @property
    def combinations(self) -> int:
        """How many distinct rows have been weighed."""
        return len(self._code_of_row)

    def codes(self, rows: Iterable[Sequence[object]]) -> Iterator[int]:
        """Give the code of each row in turn; see `verdict_codes`."""
        known = self._code_of_row
        for row in rows:
            key = tuple(row)
            code = known.get(key)
            yield self._weigh(key) if code is None else code

    def verdict(self, facts: ClientFacts) -> Verdict:
        """Return the verdict on these facts, weighed at most once."""
        [code] = self.codes([msgspec.structs.astuple(facts)])
        return self.verdicts[code]

    def _weigh(self, row: tuple[object, ...]) -> int:
        try:
            facts = msgspec.convert(dict(zip(FACT_FIELDS, row, strict=True)), ClientFacts)
        except ValueError as fault:  # msgspec's own errors are ValueErrors too
            raise RulesError(f"a row is not facts: {fault}") from fault
        found = verdict(self._pack, facts)
        code = self._code_of_verdict.setdefault(found, len(self._code_of_verdict))
        self._code_of_row[row] = code
        return code


class _Weighing:
    """One verdict in the making: collects reasons while the facts are weighed in order."""

    def __init__(self, pack: Pack, facts: ClientFacts) -> None:
        self.pack = pack
        self.facts = facts
        self.reasons: list[Reason] = []
        self.hindrance = self._hindrance()
        self.window_ends_on = self._window_ends_on()

    def verdict(self) -> Verdict:
        if self.facts.basis == "share_transfer":
            self._govern(NOTICE, "handler_unchanged")
            return Verdict("none_needed", "excluded", None, "nobody", tuple(self.reasons))
        if self.facts.jurisdiction != self.pack.jurisdiction:
            self._govern(NOTICE, "other_jurisdiction")
        if self.facts.minor and not self.facts.under14:
            self._cite(MINORS, "minor_protected")
        return self._merger() if self.facts.basis == "merger" else self._by_consent()

    # A merger: notice, a window to leave, and nobody stays behind.

    def _merger(self) -> Verdict:
        anew = self.facts.purpose_changed and self.facts.kind == "person"
        self._govern(NOTICE, "merger_notice" if self.facts.kind == "person" else "notice_for_contacts")
        if anew:
            self._cite(NOTICE, "purpose_changed")
        window = self._cite(WINDOW, "window_by_policy")
        requirement: Requirement = "notice_with_exit" if window else "notice_only"
        return self._end("separate_consent" if anew else requirement, self._merger_stand(anew))

    def _merger_stand(self, anew: bool) -> Stand:
        return (
            self._left(NOTICE)
            or self._unguarded("parked", "transferor")
            or self._timely_objection()
            or self._unserved()
            or self._window_running()
            or (self._without_new_consent() if anew else None)
            or self._window_over()
        )

    def _timely_objection(self) -> Stand | None:
        """An objection counts until the window's last day, and before service at any time."""
        objected_on = self.facts.objected_so_far
        if objected_on is None or (self.window_ends_on is not None and objected_on > self.window_ends_on):
            return None
        if self.facts.objection == "objection_only":
            return self._stand(NOTICE, "objected", "objected", "transferor")
        return self._stand(NOTICE, self.facts.objection, "leaving", "transferor")

    def _window_running(self) -> Stand | None:
        if not self._window_runs():
            return None
        return self._stand(WINDOW, "window_running", "notified", "client")

    def _without_new_consent(self) -> Stand | None:
        answer = self.facts.separate_consent
        if answer == "given":
            return None
        code = "silence_is_no" if answer == "none" else "new_purpose_refused"
        return self._stand(NOTICE, code, "parked", "client")

    def _window_over(self) -> Stand:
        if self.facts.objected_so_far is not None:
            return self._stand(NOTICE, "objection_late", "cleared", "transferee")
        governing = WINDOW if self._rule_applies(WINDOW) else NOTICE
        return self._stand(governing, "window_over", "cleared", "nobody")

    # Every other move of data: separate consent, or the client stays out.

    def _by_consent(self) -> Verdict:
        self._govern(CONSENT, "consent_carries_the_move")
        if self.facts.kind != "person":
            self._cite(CONFIDENTIALITY, "client_confidentiality")
        if self.facts.basis == "licence_withdrawn":
            self._cite(RESETTLEMENT, "resettled_by_choice")
        return self._end("separate_consent", self._consent_stand())

    def _consent_stand(self) -> Stand:
        return (
            self._left(CONSENT)
            or self._unguarded("excluded", "guardian")
            or self._refusal()
            or self._unserved()
            or self._answer()
        )

    def _refusal(self) -> Stand | None:
        if self.facts.objected_so_far is not None:
            return self._stand(CONSENT, "objection_is_refusal", "excluded", "nobody")
        if self.facts.separate_consent in {"refused", "withdrawn"}:
            code = "consent_refused" if self.facts.separate_consent == "refused" else "consent_withdrawn"
            return self._stand(CONSENT, code, "excluded", "nobody")
        return None

    def _answer(self) -> Stand:
        if self.facts.separate_consent == "given":
            return self._stand(CONSENT, "consent_given", "cleared", "nobody")
        if self._window_runs():
            return self._stand(CONSENT, "consent_awaited", "notified", "client")
        return self._stand(CONSENT, "silence_is_no", "excluded", "nobody")

    # What both share.

    def _left(self, governing: str) -> Stand | None:
        return self._stand(governing, "exit_done", "left", "nobody") if self.facts.exit_done else None

    def _unserved(self) -> Stand | None:
        """Return where a client stands who has not been served; cite the service of one who has."""
        if self.hindrance is not None:
            return self._stand(*self.hindrance)
        if self.facts.notice == "announced":
            self._cite(WINDOW, "served_by_announcement")
        else:
            self._cite(NOTICE if self.facts.basis == "merger" else CONSENT, "notice_delivered")
        return None

    def _hindrance(self) -> Hindrance | None:
        """Return why the client is not served, none for one who is."""
        merger = self.facts.basis == "merger"
        governing = NOTICE if merger else CONSENT
        served = self.facts.served_so_far
        if served == "none":
            return governing, "notice_missing", "in_scope", "transferor"
        if served == "bounced":
            return governing, "notice_returned", "undeliverable", "transferor"
        if served == "announced":
            return (
                self._hindrance_of_announcement()
                if merger
                else (CONSENT, "announcement_is_no_notice", "undeliverable", "transferor")
            )
        return None

    def _hindrance_of_announcement(self) -> Hindrance | None:
        """An announcement serves after the attempts the policy asks for, with counsel's sign-off."""
        policy = self.pack.applying(WINDOW, self.facts.as_of)
        asked = policy.attempts_before_announcement if policy is not None else None
        if asked is None:
            return NOTICE, "announcement_not_provided", "undeliverable", "transferor"
        if self.facts.attempts < asked:
            return WINDOW, "attempts_missing", "undeliverable", "transferor"
        if not self.facts.counsel_signed_announcement:
            return WINDOW, "sign_off_missing", "undeliverable", "counsel"
        return None

    def _unguarded(self, state: State, mover: Mover) -> Stand | None:
        """Return where a child without a guardian on record stands; cite the guardian's part otherwise."""
        if not self.facts.under14 or self.facts.kind != "person":
            return None
        if self._rule_applies(CHILDREN) and not self.facts.has_guardian:
            return self._stand(CHILDREN, "guardian_missing", state, mover)
        self._cite(CHILDREN, "guardian_acts")
        return None

    def _window_runs(self) -> bool:
        return self.window_ends_on is not None and self.facts.as_of <= self.window_ends_on

    def _window_ends_on(self) -> date | None:
        """Return the last day to answer, none before service and where no window is in force."""
        rule = self.pack.applying(WINDOW, self.facts.as_of)
        if rule is None or self.hindrance is not None or self.facts.noticed_on is None:
            return None
        return last_day(self.pack, deadline_of(rule, OBJECTION_WINDOW), self.facts.noticed_on)

    def _rule_applies(self, rule_id: str) -> bool:
        return self.pack.applying(rule_id, self.facts.as_of) is not None

    def _govern(self, rule_id: str, code: str) -> None:
        """Cite the rule without which nothing can be said.

        Raises:
            RulesError: it is not in force.
        """
        if not self._cite(rule_id, code):
            day = self.facts.as_of
            raise RulesError(f"{self.pack.code}: {rule_id} governs this and is not in force on {day}")

    def _cite(self, rule_id: str, code: str) -> bool:
        """Add a reason if the rule is in force; say whether it is."""
        rule = self.pack.applying(rule_id, self.facts.as_of)
        if rule is not None:
            self.reasons.append(Reason(rule_id, rule.citation, code))
        return rule is not None

    def _stand(self, rule_id: str, code: str, state: State, mover: Mover) -> Stand:
        self._cite(rule_id, code)
        return state, mover

    def _end(self, requirement: Requirement, stand: Stand) -> Verdict:
        state, mover = stand
        return Verdict(requirement, state, self.window_ends_on, mover, tuple(self.reasons))
