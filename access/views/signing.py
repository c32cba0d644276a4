"""Signing in and out, language, own password, step-up."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from access.actors import acting_user
from access.forms import PasswordForm, SignInForm, StepUpForm
from access.policies import public, signed_in
from access.services import change_password, check_credentials, note_sign_out
from access.stepup import confirm, safe_next
from audit.errors import Refused

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
@public
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a password. The session gets a new id; every failure gets the same answer."""
    next_url = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_url)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = check_credentials(request, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            login(request, user, backend=_BACKEND)
            answer = HttpResponseRedirect(next_url)
            if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
                _remember_language(answer, user.language)
            return answer
    return render(request, "access/sign_in.html", {"form": form, "next_url": next_url})


@require_POST
@public
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out; the session and its step-up are gone."""
    if request.user.is_authenticated:
        note_sign_out(acting_user(request))
    logout(request)
    return redirect(settings.LOGIN_URL)


@require_POST
@public
def set_language(request: HttpRequest) -> HttpResponse:
    """Show pages in the chosen language from now on."""
    answer = HttpResponseRedirect(safe_next(request, request.POST.get("next", "")))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        _remember_language(answer, language)
    return answer


def _remember_language(answer: HttpResponse, language: str) -> None:
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; this session stays, all others end."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = change_password(
                user=acting_user(request), old=form.cleaned_data["old"], new=form.cleaned_data["new"]
            )
        except Refused as refusal:
            form.add_error("new" if refusal.code == "access.password_weak" else "old", refusal.message)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("Your password is changed. Other sessions of yours have ended."))
            return redirect("access-account")
    return render(request, "access/password.html", {"form": form})


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def step_up(request: HttpRequest) -> HttpResponse:
    """Ask the password again and go back to what needed it."""
    next_url = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    form = StepUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            confirm(request, form.cleaned_data["password"])
        except Refused as refusal:
            form.add_error("password", refusal.message)
        else:
            return HttpResponseRedirect(next_url)
    return render(request, "access/step_up.html", {"form": form, "next_url": next_url})


@require_http_methods(["GET"])
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here: organisation, duties in force, grants."""
    user = acting_user(request)
    return render(
        request,
        "access/account.html",
        {"person": user, "assignments": user.assignments.in_force(), "grants": user.grants.in_force()},
    )
