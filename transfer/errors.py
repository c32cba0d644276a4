"""Why the transfer room refuses."""

from django.utils.translation import gettext_lazy as _

from audit.errors import register_messages

register_messages(
    {
        "transfer.needs_transferee": _("Name the transferee first."),
        "transfer.transferee_named_already": _("The transferee is named already and cannot be changed."),
        "transfer.not_in_state": _("This needs the stage “%(wanted)s”; the transfer is at “%(state)s”."),
        "transfer.past_no_return": _(
            "The point of no return has passed; the transfer can no longer be aborted."
        ),
        "transfer.has_ended": _("The transfer has ended."),
        "transfer.same_firm": _("A firm cannot hand its clients over to itself."),
        "transfer.pack_unknown": _("There is no rule pack for %(jurisdiction)s."),
        "transfer.counsel_spoke_already": _("Counsel has spoken on the legal basis already."),
        "transfer.approval_recorded_already": _("This approval is recorded already."),
        "transfer.approval_corrected_already": _(
            "This entry is corrected already; correct the one that counts."
        ),
        "transfer.correction_says_nothing": _("The correction changes nothing."),
        "transfer.not_settled": _("The transfer is not settled yet."),
        "transfer.clients_in_limbo": _("%(count)s clients are in limbo; decide what becomes of them first."),
        "transfer.archive_missing": _("%(count)s clients who moved do not lie in the transferor's archive."),
        "recall.decided_already": _("This recall is decided already."),
        "recall.not_settled": _("A client is given back only after the certificate is issued."),
        "recall.no_new_consent": _("The client stays only by a new consent that is on record."),
        "diligence.only_without_move": _("A masked profile is for transfers in which no client data move."),
        "diligence.nothing_loaded": _("Load the clients first: the profile is counted from them."),
        "diligence.too_few": _(
            "The book has fewer than %(least)s clients: any figure could single somebody out."
        ),
        "diligence.too_close": _(
            "Fewer than %(least)s clients have changed since the last profile: comparing the two could single "
            "somebody out."
        ),
        "diligence.no_profile": _("The transferor has not released a profile yet."),
        "diligence.closed": _("The profile opens with gate 1, the agreement."),
        "statement.gates_closed": _("Gate %(gate)s is closed: nothing can be stated yet."),
        "statement.wraps_found": _("The buyer holds %(count)s keys of clients; that must never be."),
        "transfer.date_in_future": _("The date %(date)s lies in the future."),
        "gate.closed": _("Gate %(gate)s is closed: %(facts)s of its facts do not hold yet."),
        "gate.sight_closed": _("The data is closed to you until the agreement’s gate is open."),
        "basis.nothing_moves": _(
            "The handler stays the same legal person, so no client data move under this basis: %(article)s."
        ),
        "basis.due_diligence": _(
            "Due diligence hands nobody over. Draft the share transfer or the sale it prepares: in a share transfer "
            "the buyer gets a masked profile; giving it client data would need each client's separate consent."
        ),
        "basis.licence_withdrawn": _(
            "After a licence is withdrawn each client chooses among firms; the product does not lead that choice "
            "yet. Where one firm takes over, draft an asset sale: each client is then asked for separate consent."
        ),
        "gate.does_not_apply": _("Gate %(gate)s does not apply, because %(why)s."),
        "gate.open_already": _("Gate %(gate)s is open; there is nothing to except."),
        "gate.exception_asked_already": _("An exception to gate %(gate)s was asked for already."),
        "gate.four_eyes": _("Another person must grant what you asked for."),
        "gate.transferor_decides": _("What the transferee asks for, somebody of the transferor must grant."),
        "gate.exception_granted_already": _("This exception is granted already."),
        "gate.no_exception_possible": _("Gate %(gate)s takes no exception."),
        "gate.reason_missing": _("Say why."),
        "run.not_ended": _("The last rehearsal has not ended yet."),
        "run.not_accepted_yet": _("The clients are not with the transferee yet."),
        "run.not_delivered": _("There is no delivery yet to compare with."),
        "run.file_layout": _("%(file)s must have these columns: %(wanted)s."),
        "run.file_not_csv": _("%(file)s is not a UTF-8 CSV file."),
        "run.files_missing": _("Before reconciling, these must have come back: %(missing)s."),
        "run.has_ended": _("This run has ended."),
        "run.not_stopped": _("The work has not stopped."),
        "run.other_side_returns": _("Only the transferee hands in what its own system sends back."),
        "run.source_unknown": _("No such file is expected to come back."),
        "run.reconciling_already": _("The reconciliation is under way already."),
        "run.kept_back": _(
            "The server could not finish this work. Try again; if it stops again, tell the administrator."
        ),
        "break.not_your_custody": _(
            "The values are closed: another firm has custody of this client's data, or its reveal is suspended."
        ),
        "break.no_values": _("This difference has no sealed values: the row belongs to no client we know."),
        "break.not_open": _("This break is decided already."),
        "break.words_missing": _("Say why."),
        "break.four_eyes": _("Another person must decide what you asked for."),
        "break.other_firm_decides": _("An officer of the other firm must decide what your firm asked for."),
        "break.words_too_long": _("At most %(limit)s characters, please."),
        "break.not_asked": _("Nobody has asked to write this break off."),
        "break.still_there": _("The difference is still there in the newest file."),
        "runbook.no_cutover_planned": _("Plan the cutover first."),
        "runbook.drafted_already": _("There is a runbook already."),
        "runbook.evidence_missing": _("Name the evidence of the test."),
        "runbook.started_already": _("This step has begun already."),
        "runbook.out_of_order": _("An earlier step has not begun yet."),
        "runbook.not_running": _("This step is not running."),
        "runbook.check_fails": _("Step %(number)s is not done yet: its check does not hold."),
        "runbook.other_side": _("Step %(number)s belongs to the other firm."),
        "certificate.no_checkpoint": _("The log has no signed checkpoint yet; try again in a moment."),
        "certificate.log_behind": _(
            "The log's signed checkpoint does not cover the last batch yet; try again in a moment."
        ),
        "certificate.client_not_in_it": _("This client is not among those the certificate counts."),
        "certificate.not_issued": _("The certificate is not issued yet; the pack is made from it."),
        "certificate.file_changed": _("The stored certificate does not have the digest it was issued with."),
        "certificate.issued_already": _("The certificate is issued already."),
        "certificate.draft_withdrawn": _("This draft was replaced by a newer one."),
        "certificate.other_signs": _("The draft names %(name)s to sign for your firm."),
        "certificate.signed_already": _("You have signed this certificate already."),
        "certificate.signer_may_not": _("%(name)s may not sign the certificate for this side."),
        "certificate.facts_changed": _(
            "The facts have changed since the certificate was drafted; draft it again."
        ),
        "mandate.extends_nothing": _("The new end must lie after the present one and in the future."),
        "certificate.not_reconciled": _("The cutover is not reconciled yet."),
        "certificate.write_off_waiting": _("A write-off waits for its second person."),
        "mandate.window_empty": _("The window must end after it begins, and in the future."),
        "mandate.nobody_moves": _("No client may move yet."),
        "mandate.not_live": _("This mandate was withdrawn or its window is over."),
        "mandate.signed_already": _("You have signed this mandate already."),
        "mandate.incomplete": _("Two people of each side must sign the mandate first."),
        "mandate.outside_window": _("The mandate's window is not open now."),
        "mandate.clients_changed": _(
            "The clients who may move have changed since the mandate was drafted; draft a new one."
        ),
        "mandate.facts_changed": _(
            "The facts of the gates have changed since the mandate was drafted; draft a new one."
        ),
        "cutover.cases_frozen": _(
            "During the cutover each batch is checked when it is released; the cases are not assessed as a whole."
        ),
        "cutover.batch_waiting": _("Clients are still between the two firms; finish their batches first."),
        "agreement.not_json": _("The agreement is not a JSON document: %(reason)s."),
        "agreement.terms_incomplete": _("The agreement lacks: %(missing)s."),
        "agreement.check_unknown": _("Clause %(number)s names the check “%(check)s”, which does not exist."),
        "agreement.check_does_not_fit": _(
            "Clause %(number)s is checked by “%(check)s”, which has no place under the basis %(basis)s."
        ),
        "agreement.scope_must_be_empty": _("Under this basis no field moves; leave the field scope empty."),
        "agreement.other_basis": _(
            "The document is for the basis %(found)s; this transfer rests on %(wanted)s."
        ),
        "agreement.other_parties": _("The document names other firms than the parties of this transfer."),
        "agreement.superseded": _("Version %(version)s is not the latest; sign the latest."),
        "agreement.signed_already": _("Your organisation has signed this version already."),
        "agreement.not_a_party": _("Only the two parties sign."),
        "agreement.other_side_decides": _("The party that breached the clause does not decide what follows."),
        "agreement.executed_already": _("The executed document is registered already."),
        "agreement.both_signed": _("Both parties have signed; a new version needs a new agreement of both."),
        "agreement.breach_decided_already": _("This breach is decided already."),
        "file.empty": _("The file is empty."),
        "file.not_what_it_says": _("The content of the file is not what its ending “%(name)s” says."),
        "file.encoding": _("Line %(line)s, byte %(column)s is neither UTF-8 nor GB18030."),
        "file.nul_byte": _("Line %(line)s holds a NUL byte at byte %(column)s; this is not a text file."),
        "file.line_ends": _(
            "The lines end in single carriage returns; export the file with usual line ends."
        ),
        "file.truncated": _("The file breaks off at line %(line)s: a quote or the archive is not closed."),
        "file.duplicate_header": _("The heading “%(field)s” stands twice."),
        "file.header_missing": _("The heading “%(field)s” is missing."),
        "file.unknown_field": _("The field “%(field)s” is unknown; declare a policy for it or take it out."),
        "file.too_large": _("The file is larger than %(limit)s bytes."),
        "file.archive_unsafe": _("The archive is not safe to open (%(name)s)."),
        "file.documents_need_archive": _(
            "Documents come as one zip archive: the index in CSV at its top, with every file it names."
        ),
        "file.index_missing": _("The archive needs exactly one index in CSV at its top."),
        "file.wrong_kind": _("The file holds %(found)s, not %(wanted)s."),
        "file.mixed_encodings": _(
            "Line %(line)s, byte %(column)s is UTF-8 while other lines are GB18030; export the file in one encoding."
        ),
        "file.line_too_long": _("Line %(line)s has no end within %(limit)s bytes; this is no table."),
        "file.header_too_long": _(
            "The first line is no line of headings: it has no end, or a heading is longer than %(limit)s characters."
        ),
        "file.cell_too_large": _(
            "The cell in line %(line)s, column %(column)s is larger than a cell may be."
        ),
        "file.too_many_columns": _("Line %(line)s has more than %(limit)s columns."),
        "file.too_heavy": _(
            "Reading this file would take more memory than a reading may have; export it as CSV or in several parts."
        ),
        "file.too_slow": _(
            "Reading this file took longer than a reading may; export it as CSV or in several parts."
        ),
        "file.reader_failed": _(
            "The reader stopped at this file without an answer; the file is damaged, or made to do harm. Export it anew."
        ),
        "file.code_page": _(
            "The table is written in a code page that is not known here (%(name)s); declare its encoding or export it anew."
        ),
        "file.memo_missing": _(
            "Line %(line)s refers to a memo file; hand in table and memo together in one ZIP archive."
        ),
        "file.field_type": _("The column “%(field)s” is of a type that cannot be read (%(name)s)."),
        "file.not_json": _("Line %(line)s is not one JSON object (character %(column)s)."),
        "file.new_name": _("Line %(line)s has the name “%(field)s”, which the first line lacks."),
        "file.nested_value": _(
            "Line %(line)s, column %(column)s holds a list or an object; only plain values are read."
        ),
        "file.mapping_differs": _(
            "The headings on line %(line)s are not those the mapping was declared for."
        ),
        "file.no_header_there": _("No headings stand on line %(line)s."),
        "mapping.undecided": _("Say what “%(field)s” is, or that it is never stored."),
        "mapping.layout_unknown": _("This encoding or separator cannot be declared."),
        "mapping.field_unknown": _("There is no field “%(field)s” in files of this kind."),
        "mapping.field_twice": _("“%(field)s” is given twice."),
        "mapping.rule_unclear": _(
            "The rule for “%(field)s” cannot be followed: for words write 买=买入; 卖=卖出, for codes the number of digits."
        ),
        "mapping.field_needed": _("Say which heading is “%(field)s”, or which value it has in every line."),
        "file.counts_differ": _("Declared and found counts or totals differ."),
        "import.unknown_field": _("The field “%(field)s” has no policy yet."),
        "import.other_side": _("You can hand in extracts of your own organisation only."),
        "import.received_already": _("This very file was received already."),
        "import.too_late": _("The cutover has begun; nothing more is loaded into this transfer."),
        "import.running_already": _("This extract is being read already, or has been."),
        "import.clients_first": _("Load the clients first."),
        "import.accounts_first": _("Load the accounts first."),
        "import.nothing_declared": _("None of the declared files is among the extracts received."),
        "import.declared_unreadable": _("Line %(line)s of the control totals cannot be read."),
        "import.policy_needed": _("The field “%(field)s” is needed to tell rows apart and must be kept."),
        "import.policy_after_load": _(
            "Rows of this kind are loaded already; the policy can no longer change."
        ),
        "import.reason_missing": _("Say why."),
        "import.reject_decided": _("This line is decided already."),
        "import.no_open_rejects": _("No rejected line is open here."),
        "import.not_parked": _("This slice does not wait for a decision."),
        "import.not_running": _("This run is not under way."),
        "import.no_other_book": _("The transferee has not loaded its own clients yet."),
    }
)
