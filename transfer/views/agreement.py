"""The agreement: its versions, clauses and breaches, both signatures, counsel's word and approvals."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import may, permission_required
from access.refusals import told
from access.stepup import step_up_required
from audit.errors import Refused
from audit.reading import reading
from transfer.agreement_document import read_agreement
from transfer.bases import data_moves
from transfer.breach_words import breach_words
from transfer.forms.agreement import (
    CHECK_WORDS,
    ClauseFormSet,
    DecisionForm,
    DocumentForm,
    ExecutedForm,
    TermsForm,
    terms_of,
)
from transfer.forms.transfers import EmptyForm
from transfer.gates.agreement import agreed_by_both
from transfer.letters import purpose_words
from transfer.models import Agreement, Approval, ClauseBreach, Transfer
from transfer.policies import BOTH, TRANSFEROR, may_for_side, may_from_outside, side_of
from transfer.services.agreements import (
    check_clauses,
    decide_breach,
    draft_agreement,
    latest_version,
    register_executed,
    sign_agreement,
)
from transfer.services.transfers import give_counsel_word
from transfer.standing import together
from transfer.views.acts import Act, perform
from transfer.views.frame import find_transfer, person, show
from vault.files import open_file
from vault.models import SealedFile

DOCUMENT_LIMIT = 1_000_000


def back_of(transfer: Transfer) -> str:
    return reverse("transfer-agreement", args=[transfer.pk])


@require_GET
@permission_required("transfer.view_transfer")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The latest version with its clauses, who has signed, and what stands beside it."""
    transfer = find_transfer(request, pk)
    user = person(request)
    agreement = latest_version(transfer)
    signers = [] if agreement is None else _signers(transfer, agreement)
    agreed = agreement is not None and agreed_by_both(agreement)
    open_breaches = ClauseBreach.objects.filter(clause__agreement__transfer=transfer, decided_at=None).count()
    return show(
        request,
        "transfer/agreement.html",
        transfer,
        agreement=agreement,
        title="" if agreement is None else _title(agreement),
        sentence=_sentence(agreement, signers, open_breaches),
        clauses=[] if agreement is None else _clauses(user, transfer, agreement),
        purposes=[]
        if agreement is None
        else [purpose_words(one, get_language() or "en") for one in agreement.purposes],
        digest="" if agreement is None else bytes(agreement.digest).hex(),
        signers=signers,
        approvals=Approval.objects.filter(transfer=transfer)
        .select_related("entered_by", "correction")
        .order_by("kind", "entered_at"),
        versions=Agreement.objects.filter(transfer=transfer).count(),
        may_draft=not agreed and may_for_side(user, "transfer.draft_agreement", transfer, *BOTH),
        may_sign=_may_sign(user, transfer, agreement),
        may_register=agreement is not None
        and agreement.executed_document is None
        and may_for_side(user, "transfer.sign_agreement", transfer, TRANSFEROR),
        may_check=agreement is not None and may(user, "transfer.draft_agreement", transfer),
        may_speak=transfer.counsel_word_at is None
        and may_from_outside(user, "transfer.give_counsel_word", transfer),
        may_approve=may_for_side(user, "transfer.record_approval", transfer, *BOTH),
    )


def _title(agreement: Agreement) -> str:
    """The title in the reader's language, where the agreement gives both with a stroke between."""
    english, stroke, chinese = agreement.title.partition(" / ")
    return chinese if stroke and (get_language() or "").startswith("zh") else english


def _sentence(agreement: Agreement | None, signers: list[dict[str, Any]], breaches: int) -> str:
    if agreement is None:
        return _("There is no agreement yet. It opens the data to the transferee.")
    missing = [str(signer["name"]) for signer in signers if not signer["signed"]]
    if missing and not agreement.executed_digest:
        said = _("Version %(version)s waits for the signature of %(names)s.") % {
            "version": agreement.version,
            "names": _(" and ").join(missing),
        }
        said = said.replace("..", ".")
    elif missing:
        said = _("Version %(version)s is registered as executed.") % {"version": agreement.version}
    else:
        said = _("Version %(version)s is signed by both parties.") % {"version": agreement.version}
    if not breaches:
        return said
    more = ngettext(
        "%(count)d breach of a clause waits for a decision.",
        "%(count)d breaches of clauses wait for a decision.",
        breaches,
    )
    return together(said, more % {"count": breaches})


def _signers(transfer: Transfer, agreement: Agreement) -> list[dict[str, Any]]:
    """Both parties with their signature under this version, or without."""
    signed = {row.organisation_id: row for row in agreement.signatures.select_related("signed_by")}
    rows = []
    for firm in (transfer.transferor, transfer.transferee):
        signature = None if firm is None else signed.get(firm.pk)
        rows.append(
            {
                "name": firm.name if firm else _("transferee not named yet"),
                "signed": signature is not None,
                "by": signature and signature.signed_by.name,
                "at": signature and signature.signed_at,
                "fingerprint": signature and signature.fingerprint,
                "signature": signature and bytes(signature.signature).hex(),
            }
        )
    return rows


def _clauses(user: Any, transfer: Transfer, agreement: Agreement) -> list[dict[str, Any]]:
    """Every clause in the reader's language with what checks it, its breaches, and whether this person decides them."""
    side = side_of(transfer, user.organisation_id)
    decides = may_for_side(user, "transfer.decide_breach", transfer, *BOTH)
    chinese = (get_language() or "").startswith("zh")
    return [
        {
            "number": clause.number,
            "text": clause.text_zh if chinese else clause.text_en,
            "owner": clause.get_owner_side_display(),
            "check": CHECK_WORDS.get(clause.check_code, clause.check_code),
            "due_on": clause.due_on,
            "consequence": clause.consequence_zh if chinese else clause.consequence_en,
            "breaches": [
                {"row": breach, "words": breach_words(breach.fact)} for breach in clause.breaches.all()
            ],
            "may_decide": decides and clause.owner_side != side,
        }
        for clause in agreement.clauses.prefetch_related("breaches__decided_by")
    ]


def _may_sign(user: Any, transfer: Transfer, agreement: Agreement | None) -> bool:
    if agreement is None:
        return False
    signed = agreement.signatures.filter(organisation=user.organisation_id).exists()
    return not signed and may_for_side(user, "transfer.sign_agreement", transfer, *BOTH)


@require_http_methods(["GET", "POST"])
@permission_required("transfer.draft_agreement")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A version entered by hand: terms, and the clauses as a table."""
    transfer = find_transfer(request, pk)
    initial, rows = _initial(latest_version(transfer))
    form = TermsForm(request.POST or None, initial=initial, moves=data_moves(transfer))
    clauses = ClauseFormSet(
        request.POST or None, initial=rows, prefix="clause", form_kwargs={"basis": transfer.basis}
    )
    if request.method == "POST" and form.is_valid() and clauses.is_valid():
        try:
            draft_agreement(transfer=transfer, terms=terms_of(form, clauses), by=person(request))
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The version is drafted. Both parties sign it next."))
            return redirect(back_of(transfer))
    return show(request, "transfer/agreement_draft.html", transfer, form=form, clauses=clauses)


def _initial(agreement: Agreement | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The last version as the starting point of the next one."""
    if agreement is None:
        return {}, []
    terms = {
        "title": agreement.title,
        "purpose_en": "; ".join(purpose_words(one, "en") for one in agreement.purposes),
        "purpose_zh": "；".join(purpose_words(one, "zh") for one in agreement.purposes),
        "purpose_changed": agreement.purpose_changed,
        "field_scope": agreement.field_scope,
    }
    rows = [
        {
            "text_en": clause.text_en,
            "text_zh": clause.text_zh,
            "owner_side": clause.owner_side,
            "check": clause.check_code,
            "due_on": clause.due_on,
            "consequence_en": clause.consequence_en,
            "consequence_zh": clause.consequence_zh,
        }
        for clause in agreement.clauses.all()
    ]
    return terms, rows


@require_http_methods(["GET", "POST"])
@permission_required("transfer.draft_agreement")
def upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A version read from the lawyers' document."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Read the agreement from a document"),
        sentence=gettext_lazy("The document becomes a new version; nothing is signed by this."),
        submit=gettext_lazy("Read the document"),
        back=back_of(transfer),
        done=gettext_lazy("The version is drafted from the document. Both parties sign it next."),
    )

    def read(words: dict[str, Any]) -> None:
        terms = read_agreement(_content(request, words["document"].sealed_file))
        draft_agreement(transfer=transfer, terms=terms, by=person(request))

    form = DocumentForm(request.POST or None, request.FILES or None)
    return perform(request, transfer, form, act, read)


def _content(request: HttpRequest, file: SealedFile) -> bytes:
    if file.size > DOCUMENT_LIMIT:
        raise Refused("file.too_large", limit=f"{DOCUMENT_LIMIT:,d}")
    user = person(request)
    with reading(actor=user, organisation=file.holder, purpose="agreement", subjects=[file.pk]) as right:
        return b"".join(open_file(file, right))


@require_http_methods(["GET", "POST"])
@permission_required("transfer.sign_agreement")
def executed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Register the executed paper by its digest."""
    transfer = find_transfer(request, pk)
    agreement = get_object_or_404(Agreement, pk=getattr(latest_version(transfer), "pk", None))
    act = Act(
        title=gettext_lazy("Register the executed agreement"),
        sentence=gettext_lazy(
            "The signed and chopped paper is kept sealed; both parties see the digest of its bytes."
        ),
        submit=gettext_lazy("Register it"),
        back=back_of(transfer),
        done=gettext_lazy("The executed agreement is registered by its digest."),
    )

    def register(words: dict[str, Any]) -> None:
        user, file = person(request), words["document"].sealed_file
        with reading(
            actor=user, organisation=user.organisation_id, purpose="agreement", subjects=[file.pk]
        ) as right:
            register_executed(
                agreement=agreement, document=file, signed_on=words["signed_on"], reading=right, by=user
            )

    form = ExecutedForm(request.POST or None, request.FILES or None)
    return perform(request, transfer, form, act, register)


@require_http_methods(["GET", "POST"])
@permission_required("transfer.sign_agreement")
@step_up_required
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign exactly the latest version with the organisation's certificate key."""
    transfer = find_transfer(request, pk)
    agreement = get_object_or_404(Agreement, pk=getattr(latest_version(transfer), "pk", None))
    user = person(request)
    act = Act(
        title=_("Sign version %(version)s for %(firm)s")
        % {"version": agreement.version, "firm": user.organisation.name},
        sentence=_("You sign the terms with SHA-256 %(digest)s.") % {"digest": bytes(agreement.digest).hex()},
        submit=gettext_lazy("Sign"),
        back=back_of(transfer),
        done=gettext_lazy("Your firm has signed."),
        confirms=True,
        step_up=True,
        consequences=[
            {
                "count": agreement.clauses.count(),
                "text": gettext_lazy("clauses bind your firm"),
                "url": back_of(transfer),
            },
            {"count": len(agreement.field_scope), "text": gettext_lazy("fields may move")},
        ],
        irreversible=[
            gettext_lazy("A signature cannot be taken back; once both have signed, the terms stand.")
        ],
        signers=_signers(transfer, agreement),
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(request, transfer, form, act, lambda _words: sign_agreement(agreement=agreement, by=user))


@require_POST
@permission_required("transfer.draft_agreement")
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run every clause's check on the facts of this moment."""
    transfer = find_transfer(request, pk)
    found = check_clauses(transfer=transfer, by=person(request))
    words = ngettext("%(count)d new breach was found.", "%(count)d new breaches were found.", len(found))
    level = messages.WARNING if found else messages.SUCCESS
    messages.add_message(
        request, level, words % {"count": len(found)} if found else _("No new breach was found.")
    )
    return redirect(back_of(transfer))


@require_http_methods(["GET", "POST"])
@permission_required("transfer.decide_breach")
def breach(request: HttpRequest, pk: UUID, breach: UUID) -> HttpResponse:
    """Decide what follows from a breach."""
    transfer = find_transfer(request, pk)
    row = get_object_or_404(ClauseBreach, pk=breach, clause__agreement__transfer=transfer)
    chinese = (get_language() or "").startswith("zh")
    act = Act(
        title=_("Breach of clause %(number)s") % {"number": row.clause.number},
        sentence=together(
            breach_words(row.fact), row.clause.consequence_zh if chinese else row.clause.consequence_en
        ),
        submit=gettext_lazy("Decide"),
        back=back_of(transfer),
        done=gettext_lazy("The breach is decided."),
    )
    form = DecisionForm(request.POST or None)
    return perform(
        request, transfer, form, act, lambda words: decide_breach(breach=row, by=person(request), **words)
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.give_counsel_word")
@step_up_required
def counsel_word(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Counsel confirms that the legal basis fits."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Confirm the legal basis"),
        sentence=_("The transfer rests on: %(basis)s.") % {"basis": transfer.get_basis_display()},
        submit=gettext_lazy("I confirm as counsel"),
        back=back_of(transfer),
        done=gettext_lazy("Your word is on record."),
        confirms=True,
        step_up=True,
        irreversible=[gettext_lazy("Your word stands with your name and the time, and gate 1 rests on it.")],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: give_counsel_word(transfer=transfer, by=person(request))
    )
