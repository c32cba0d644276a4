"""Pages of imports, rejects, health and policies."""

from django.urls import URLPattern, path

from transfer.views import extracts, health, imports, mappings, matching, policies, rejects, runs

ONE = "transfers/<uuid:pk>/"
IMPORTS = f"{ONE}imports/"
FILE = f"{IMPORTS}files/<uuid:extract>/"
RUN = f"{IMPORTS}<uuid:run>/"
REJECTS = f"{RUN}rejects/"

urlpatterns: list[URLPattern] = [
    path("transfers/health/", health.begin, name="transfer-health-begin"),
    path(f"{ONE}health/", health.report, name="transfer-health"),
    path(f"{ONE}health/both-firms/", matching.match, name="transfer-health-match"),
    path(f"{ONE}health/<slug:code>/", health.rows, name="transfer-health-rows"),
    path(f"{ONE}policies/", policies.overview, name="transfer-policies"),
    path(f"{ONE}policies/<slug:kind>/", policies.save, name="transfer-policies-save"),
    path(IMPORTS, imports.overview, name="transfer-imports"),
    path(f"{IMPORTS}upload/", imports.upload, name="transfer-import-upload"),
    path(f"{IMPORTS}declare/", imports.declare, name="transfer-import-declare"),
    path(f"{IMPORTS}waiting/<uuid:upload>/columns/", mappings.declare, name="transfer-mapping"),
    path(f"{IMPORTS}waiting/<uuid:upload>/mapping/", mappings.apply, name="transfer-mapping-apply"),
    path(f"{IMPORTS}totals/", imports.totals, name="transfer-import-totals"),
    path(FILE, extracts.one_extract, name="transfer-extract"),
    path(f"{FILE}preview/", extracts.preview, name="transfer-extract-preview"),
    path(f"{FILE}policies/", policies.save_of_extract, name="transfer-extract-policies"),
    path(f"{FILE}declare/", policies.declare_of_extract, name="transfer-extract-declare"),
    path(f"{FILE}runs/", extracts.start, name="transfer-import-start"),
    path(RUN, runs.one_run, name="transfer-import-run"),
    path(f"{RUN}progress/", runs.run_progress, name="transfer-import-progress"),
    path(f"{RUN}stop/", runs.stop, name="transfer-import-stop"),
    path(f"{RUN}resume/", runs.resume, name="transfer-import-resume"),
    path(f"{RUN}slices/<int:chunk>/retry/", runs.retry, name="transfer-import-retry"),
    path(REJECTS, rejects.rejects, name="transfer-rejects"),
    path(f"{REJECTS}file/", rejects.download, name="transfer-reject-file"),
    path(f"{REJECTS}mended/", rejects.mended, name="transfer-reject-mended"),
    path(f"{REJECTS}leave-out/<slug:code>/", rejects.leave_code_out, name="transfer-reject-leave-code"),
    path(f"{REJECTS}<int:reject>/cell/", rejects.cell, name="transfer-reject-cell"),
    path(f"{REJECTS}<int:reject>/leave-out/", rejects.leave_one_out, name="transfer-reject-leave-out"),
]
