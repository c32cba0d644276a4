"""Pages of transfers, agreement, gates, notices and cases."""

from django.urls import URLPattern, path

from transfer.views import (
    agreement,
    approvals,
    archive,
    cases,
    consents,
    diligence,
    evidence,
    gates,
    notices,
    statement,
    transfers,
)

ONE = "transfers/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    path("transfers/", transfers.transfer_list, name="transfer-list"),
    path("transfers/new/", transfers.new, name="transfer-new"),
    path(ONE, transfers.overview, name="transfer-overview"),
    path(f"{ONE}transferee/", transfers.transferee, name="transfer-transferee"),
    path(f"{ONE}planned-cutover/", transfers.planned_cutover, name="transfer-planned-cutover"),
    path(f"{ONE}advance/", transfers.next_stage, name="transfer-advance"),
    path(f"{ONE}abort/", transfers.end, name="transfer-abort"),
    path(f"{ONE}gates/<int:number>/", gates.one_gate, name="transfer-gate"),
    path(f"{ONE}gates/<int:number>/exception/", gates.ask, name="transfer-exception-ask"),
    path(f"{ONE}gates/<int:number>/exception/grant/", gates.grant, name="transfer-exception-grant"),
    path(f"{ONE}agreement/", agreement.overview, name="transfer-agreement"),
    path(f"{ONE}agreement/draft/", agreement.draft, name="transfer-agreement-draft"),
    path(f"{ONE}agreement/document/", agreement.upload, name="transfer-agreement-document"),
    path(f"{ONE}agreement/executed/", agreement.executed, name="transfer-agreement-executed"),
    path(f"{ONE}agreement/sign/", agreement.sign, name="transfer-agreement-sign"),
    path(f"{ONE}agreement/check/", agreement.check, name="transfer-agreement-check"),
    path(f"{ONE}agreement/counsel/", agreement.counsel_word, name="transfer-counsel"),
    path(f"{ONE}agreement/approval/", approvals.approval, name="transfer-approval"),
    path(
        f"{ONE}agreement/approvals/<uuid:approval>/correct/",
        approvals.correct,
        name="transfer-approval-correct",
    ),
    path(f"{ONE}agreement/breaches/<uuid:breach>/", agreement.breach, name="transfer-breach"),
    path(f"{ONE}notices/", notices.overview, name="transfer-notices"),
    path(f"{ONE}notices/draft/", notices.draft, name="transfer-notice-draft"),
    path(f"{ONE}notices/<uuid:campaign>/approve/", notices.approve, name="transfer-notice-approve"),
    path(f"{ONE}notices/<uuid:campaign>/evidence/", evidence.evidence, name="transfer-notice-evidence"),
    path(
        f"{ONE}notices/<uuid:campaign>/announcement/",
        evidence.announcement,
        name="transfer-notice-announcement",
    ),
    path(f"{ONE}notices/<uuid:campaign>/objections/", evidence.objections, name="transfer-notice-objections"),
    path(
        f"{ONE}notices/<uuid:campaign>/letters/<uuid:client>/", notices.letter, name="transfer-notice-letter"
    ),
    path(
        f"{ONE}notices/announcements/<uuid:announcement>/sign-off/",
        evidence.sign_off,
        name="transfer-notice-sign-off",
    ),
    path(f"{ONE}notices/objections/<uuid:objection>/", evidence.decide, name="transfer-objection"),
    path(f"{ONE}close/", transfers.close, name="transfer-close"),
    path(f"{ONE}consents/", consents.overview, name="transfer-consents"),
    path(f"{ONE}consents/load/", consents.load, name="transfer-consents-load"),
    path(f"{ONE}consents/<uuid:client>/", consents.one_client, name="transfer-consent"),
    path(f"{ONE}recalls/<uuid:recall>/", consents.recall, name="transfer-recall"),
    path(f"{ONE}archive/", archive.overview, name="transfer-archive"),
    path(f"{ONE}archive/<uuid:client>/", archive.one_client, name="transfer-archive-client"),
    path(f"{ONE}profile/", diligence.overview, name="transfer-profile"),
    path(f"{ONE}statement/", statement.overview, name="transfer-statement"),
    path(f"{ONE}statement/draft/", statement.draft, name="transfer-statement-draft"),
    path(f"{ONE}statement/sign/", statement.sign, name="transfer-statement-sign"),
    *(
        path(f"{ONE}statement/{name}", statement.download, {"what": name}, name=f"transfer-statement-{label}")
        for name, label in (
            ("certificate.json", "file"),
            ("keys.json", "keys"),
            ("verify_handover.py", "verifier"),
        )
    ),
    path(f"{ONE}profile/release/", diligence.release, name="transfer-profile-release"),
    path(f"{ONE}cases/", cases.overview, name="transfer-cases"),
    path(f"{ONE}cases/assess/", cases.assess, name="transfer-cases-assess"),
]
