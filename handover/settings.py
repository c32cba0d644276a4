"""Settings of the whole product, in one file. No secret has a default."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from handover import env

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = env.state_folder()

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("DEBUG")
PORT = env.number("HANDOVER_PORT", 8000)
# Where readers of printed papers find this installation: printed as a QR code.
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
# Others reach it: a name of one's own, over TLS. On this machine alone it is served in clear, or with TLS=1.
_public = urlsplit(PUBLIC_URL)
PUBLISHED = (_public.hostname or "") not in {"localhost", "127.0.0.1", "::1"}
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", _public.hostname or "" if PUBLISHED else "localhost,127.0.0.1,[::1]"
)
# Networks of the TLS proxy that stands in front; only what it adds about a request is believed.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES", "")

# Custody: where the keys and sealed files lie. The copy is a second place, away from the first.
ROOT_KEY_FILE = env.folder("ROOT_KEY_FILE", STATE / "root.key")
KEYRING_DIR = env.folder("KEYRING_DIR", STATE / "keyring")
KEYRING_COPY = env.text("KEYRING_COPY", "")
FILES_DIR = env.folder("FILES_DIR", STATE / "files")
BACKUP_DIR = env.folder("BACKUP_DIR", STATE / "backups")

# Limits; see README for what each bounds.
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 4 * 1024**3)
IMPORT_CHUNK_BYTES = env.number("IMPORT_CHUNK_BYTES", 1024**2)
IMPORT_LEASE_SECONDS = env.number("IMPORT_LEASE_SECONDS", 20)
IMPORT_REAP_SECONDS = env.number("IMPORT_REAP_SECONDS", 10)
DISK_RESERVE_BYTES = env.number("DISK_RESERVE_BYTES", 128 * 1024**2)
CELL_MAX_CHARACTERS = env.number("CELL_MAX_CHARACTERS", 4096)
CUSTODY_BATCH_ROWS = env.number("CUSTODY_BATCH_ROWS", 5_000)
PAGE_ROWS = env.number("PAGE_ROWS", 50)
BACKUP_MAX_AGE_HOURS = env.number("BACKUP_MAX_AGE_HOURS", 24)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "guardian",
    "auditlog",
    "oauth2_provider",
    "django_htmx",
    "csp",
    "vault",
    "audit",
    "access",
    "retention",
    "clients",
    "continuity",
    "incidents",
    "training",
    "transfer",
    "governance",
    "handover",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "handover.api.bearer.BearerMiddleware",
    "handover.middleware.AuditContextMiddleware",
    "handover.middleware.RefusalMiddleware",
    "handover.away.RoomMiddleware",
    "handover.api.idempotency.IdempotencyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "handover.urls"
WSGI_APPLICATION = "handover.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "builtins": ["django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "handover.context.frame",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]


def database(url: str) -> dict[str, object]:
    """Django's form of a ``postgres://user:password@host/name?host=/socket/folder&options=…`` address."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


DATABASES = {"default": database(env.text("DATABASE_URL"))}
DB_APP_ROLE = env.text("DB_APP_ROLE", "") or str(DATABASES["default"]["USER"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
if REDIS_URL.startswith("unix://"):
    _broker = "redis+socket://" + REDIS_URL.removeprefix("unix://").replace("?db=", "?virtual_host=")
else:
    _broker = REDIS_URL
CELERY_BROKER_URL = _broker
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_GET_INIT_ANONYMOUS_USER = None
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# Programs: client credentials and nothing else (docs/adr/0008-programs.md).
TOKEN_LIFETIME = timedelta(seconds=min(env.number("TOKEN_SECONDS", 3600), 3600))
TOKEN_REQUESTS_PER_MINUTE = env.number("TOKEN_REQUESTS_PER_MINUTE", 20)
PROGRAM_REQUESTS_PER_MINUTE = env.number("PROGRAM_REQUESTS_PER_MINUTE", 600)
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
    "OAUTH2_VALIDATOR_CLASS": "access.oauth.ProgramValidator",
    "SCOPES_BACKEND_CLASS": "access.oauth.ProgramScopes",
    "ACCESS_TOKEN_GENERATOR": "access.oauth.new_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(TOKEN_LIFETIME.total_seconds()),
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    **{
        f"COMPLIANT_BCP_RFC9700_{rule}": True
        for rule in (
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "TOKEN_STORAGE",
            "REFRESH_TOKEN",
            "REDIRECT_URI_SCHEME",
            "REDIRECT_URI_MATCHING",
            "PKCE_REQUIRED",
        )
    },
}
LOGIN_URL = "access-sign-in"
LOGIN_REDIRECT_URL = "home"
SESSION_ENGINE = "access.sessions"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
STEP_UP_LIFETIME = timedelta(minutes=5)

# Loopback counts as a secure context in Chromium, so Secure cookies work on http://localhost too.
SESSION_COOKIE_SECURE = env.flag("COOKIES_SECURE", default=True)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "handover.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
# Never on localhost: a browser would remember it for every other program of that machine's owner.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PUBLISHED and _public.scheme == "https" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PUBLISHED
SECURE_SSL_REDIRECT = PUBLISHED and _public.scheme == "https"
# Whoever asks whether the process lives stands beside it, not behind the proxy.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
# Preloading binds the whole domain for years: its owner's decision, not this program's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {"camera": [], "geolocation": [], "microphone": [], "payment": []}

# Uploads are sealed while they arrive; nothing is spooled to a disk in clear.
FILE_UPLOAD_HANDLERS = ["vault.uploads.SealingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# An image collects its files when it is built and names the place; elsewhere they are served as they lie.
STATIC_ROOT = env.folder("STATIC_ROOT", STATE / "staticfiles")
WHITENOISE_USE_FINDERS = not env.text("STATIC_ROOT", "")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "handover.api.authentication.ProgramAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "handover.api.errors.problem_response",
    "DEFAULT_PAGINATION_CLASS": "handover.api.paging.KeysetPagination",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Handover API",
    "DESCRIPTION": "Handing a brokerage's clients over to another firm: the same acts as the pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "OrganisationKind": "access.models.Organisation.Kind",
        "ClientKind": "clients.models.Client.Kind",
        "ConsentChannel": "clients.models.ConsentRecord.Channel",
        "EvidenceChannel": "clients.models.DeliveryEvidence.Channel",
        "CustodyMoveState": "clients.models.CustodyMove.State",
        "ApprovalKind": "transfer.models.Approval.Kind",
        "BreakState": "transfer.models.Break.State",
        "CaseState": "transfer.models.ClientCase.State",
        "ExtractKind": "transfer.models.Extract.Kind",
        "ExtractPurpose": "transfer.models.Extract.Purpose",
        "ImportRunState": "transfer.models.ImportRun.State",
        "PartyKind": "transfer.models.OutsideParty.Kind",
        "RunKind": "transfer.models.Run.Kind",
        "RunState": "transfer.models.Run.State",
        "StepState": "transfer.models.RunbookStep.State",
        "TransferState": "transfer.models.Transfer.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "handover.api.schema.add_problems",
        "handover.api.schema.add_keys",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
