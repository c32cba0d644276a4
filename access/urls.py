"""Addresses of this room."""

from django.urls import path

from access.views import branches, grants, people, programs, signing, tokens

urlpatterns = [
    path("sign-in/", signing.sign_in, name="access-sign-in"),
    path("sign-out/", signing.sign_out, name="access-sign-out"),
    path("language/", signing.set_language, name="access-language"),
    path("step-up/", signing.step_up, name="access-step-up"),
    path("account/", signing.account, name="access-account"),
    path("account/password/", signing.password, name="access-password"),
    path("access/people/", people.people, name="access-people"),
    path("access/people/new/", people.open_account, name="access-person-new"),
    path("access/people/<uuid:pk>/", people.person, name="access-person"),
    path("access/people/<uuid:pk>/switch/", people.switch, name="access-person-switch"),
    path("access/duties/<uuid:pk>/end/", people.finish_duty, name="access-duty-end"),
    path("access/grants/", grants.grants, name="access-grants"),
    path("access/grants/<str:label>/<uuid:pk>/new/", grants.open_object, name="access-grant-new"),
    path("access/grants/<uuid:pk>/end/", grants.close_object, name="access-grant-end"),
    path("access/branches/", branches.branches, name="access-branches"),
    path("access/programs/", programs.programs, name="access-programs"),
    path("access/programs/new/", programs.register, name="access-program-new"),
    path("access/programs/<uuid:pk>/", programs.program, name="access-program"),
    path("access/programs/<uuid:pk>/secret/", programs.secret, name="access-program-secret"),
    path("access/programs/<uuid:pk>/revoke/", programs.revoke, name="access-program-revoke"),
    path("oauth/token/", tokens.token, name="access-token"),
    path("access/organisations/", people.organisations, name="access-organisations"),
    path("access/organisations/new/", people.register_organisation, name="access-organisation-new"),
]
