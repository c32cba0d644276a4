"""Pages of rehearsals, breaks, runbook, mandate, cutover, certificate and pack."""

from django.urls import URLPattern, path

from transfer.views import breaks, certificate, certificate_draft, cutover, mandate, pack, rehearsals, runbook

_RUN = "transfers/<uuid:pk>/rehearsals/<uuid:run_pk>/"
_BREAK = "transfers/<uuid:pk>/breaks/<uuid:break_pk>/"
_CERTIFICATE = "transfers/<uuid:pk>/certificate/"

urlpatterns: list[URLPattern] = [
    path("transfers/<uuid:pk>/rehearsals/", rehearsals.rehearsals, name="transfer-rehearsals"),
    path(_RUN, rehearsals.run_page, name="transfer-run"),
    path(f"{_RUN}progress/", rehearsals.progress, name="transfer-run-progress"),
    path(f"{_RUN}returns/", rehearsals.upload_return, name="transfer-run-return"),
    path(f"{_RUN}reconcile/", rehearsals.start_reconciliation, name="transfer-run-reconcile"),
    path(f"{_RUN}retry/", rehearsals.retry, name="transfer-run-retry"),
    path(f"{_RUN}delivery/", rehearsals.delivery, name="transfer-run-delivery"),
    path("transfers/<uuid:pk>/breaks/", breaks.breaks, name="transfer-breaks"),
    path(_BREAK, breaks.one_break, name="transfer-break"),
    path(f"{_BREAK}explain/", breaks.explain, name="transfer-break-explain"),
    path(f"{_BREAK}decide/", breaks.decide, name="transfer-break-decide"),
    path(f"{_BREAK}reveal/", breaks.reveal, name="transfer-break-reveal"),
    path(f"{_BREAK}masked/", breaks.masked, name="transfer-break-masked"),
    path("transfers/<uuid:pk>/runbook/", runbook.runbook, name="transfer-runbook"),
    path("transfers/<uuid:pk>/runbook/steps/", runbook.steps, name="transfer-runbook-steps"),
    path("transfers/<uuid:pk>/runbook/parties/<uuid:party_pk>/", runbook.party, name="transfer-party"),
    *(
        path(
            f"transfers/<uuid:pk>/runbook/steps/<uuid:step_pk>/{way}/",
            runbook.move_step,
            {"way": way},
            name=f"transfer-runbook-{way}",
        )
        for way in ("start", "finish")
    ),
    path("transfers/<uuid:pk>/mandate/", mandate.mandate, name="transfer-mandate"),
    path("transfers/<uuid:pk>/mandate/draft/", mandate.draft, name="transfer-mandate-draft"),
    path("transfers/<uuid:pk>/mandate/sign/", mandate.sign, name="transfer-mandate-sign"),
    path("transfers/<uuid:pk>/mandate/extend/", mandate.extend, name="transfer-mandate-extend"),
    path("transfers/<uuid:pk>/mandate/agree/", mandate.agree, name="transfer-mandate-agree"),
    path("transfers/<uuid:pk>/cutover/", cutover.cutover, name="transfer-cutover"),
    path("transfers/<uuid:pk>/cutover/begin/", cutover.begin, name="transfer-cutover-begin"),
    path("transfers/<uuid:pk>/cutover/progress/", cutover.progress, name="transfer-cutover-progress"),
    path(_CERTIFICATE, certificate.certificate, name="transfer-certificate"),
    path(f"{_CERTIFICATE}draft/", certificate_draft.draft, name="transfer-certificate-draft"),
    path(f"{_CERTIFICATE}sign/", certificate_draft.sign, name="transfer-certificate-sign"),
    path(f"{_CERTIFICATE}statement.json", certificate_draft.statement, name="transfer-certificate-statement"),
    path(f"{_CERTIFICATE}search/", certificate.search, name="transfer-certificate-search"),
    path(f"{_CERTIFICATE}proof/<uuid:client_pk>/", certificate.proof, name="transfer-certificate-proof"),
    path(f"{_CERTIFICATE}pdf/<slug:language>/", certificate.pdf, name="transfer-certificate-pdf"),
    *(
        path(
            f"{_CERTIFICATE}{name}",
            certificate.download,
            {"what": name},
            name=f"transfer-certificate-{label}",
        )
        for name, label in (
            ("certificate.json", "file"),
            ("keys.json", "keys"),
            ("verify_handover.py", "verifier"),
        )
    ),
    path("transfers/<uuid:pk>/pack/", pack.pack, name="transfer-pack"),
    path("transfers/<uuid:pk>/pack/all.zip", pack.archive, name="transfer-pack-archive"),
    path("transfers/<uuid:pk>/pack/<uuid:document_pk>/", pack.paper, name="transfer-pack-paper"),
]
