"""Django settings, derived from the typed configuration in `config`."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from tanma.site.config import Config

TANMA = Config()
TANMA.home.mkdir(parents=True, exist_ok=True)
PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = TANMA.secret_key
DEBUG = TANMA.debug
ALLOWED_HOSTS = [h.strip() for h in TANMA.allowed_hosts.split(",") if h.strip()]
CSRF_TRUSTED_ORIGINS = [TANMA.public_url] if TANMA.public_url.startswith("https") else []
ROOT_URLCONF = "tanma.site.urls"
WSGI_APPLICATION = "tanma.site.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    # before allauth: our login pages win over the library's
    "tanma.apps.kit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.humanize",  # templates of the second factor load it
    "csp",
    "django_tasks",
    "django_tasks_db",
    "tanma.apps.facts",
    "tanma.apps.people",
    "tanma.apps.registry",
    "tanma.apps.rules",
    "tanma.apps.metering",
    "tanma.apps.meters",
    "tanma.apps.gateways",
    "tanma.apps.equipment",
    "tanma.apps.imports",
    "tanma.apps.desk",
    "tanma.apps.catalogue",
    "tanma.apps.inventories",
    "tanma.apps.accountpages",
    "tanma.apps.codes",
    "tanma.apps.publications",
    "tanma.apps.codepages",
    "tanma.apps.live",
    "tanma.apps.cases",
    "tanma.apps.lots",
    "tanma.apps.watch",
    "tanma.apps.flows",
    "tanma.apps.areas",
    "tanma.apps.attention",
    "tanma.apps.cockpit",
    "tanma.apps.portal",
    "tanma.apps.trends",
    "tanma.apps.running",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tanma.apps.kit.nulls.NoNulls",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tanma.apps.kit.context.site",
            ],
        },
    }
]


def _sqlite(name: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(TANMA.home / name),
        "CONN_MAX_AGE": None,
        # a file also under test: an in-memory database would lock tables between threads
        "TEST": {"NAME": str(TANMA.home / f"test-{name}")},
        "OPTIONS": {
            "timeout": 20,
            # 64 MB of log between checkpoints: an import commits every 2,000 rows, and a checkpoint
            # (the only fsync of this mode) with each of them took most of its time
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA wal_autocheckpoint=16000; PRAGMA cache_size=-64000;"
            " PRAGMA mmap_size=268435456; PRAGMA foreign_keys=ON;",
        },
    }


def _postgres(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
    }


# Sessions, cache and the task queue write often and briefly: they have their own SQLite file so
# that an import never makes a visitor wait. On PostgreSQL one database serves both.
DATABASES = {
    "default": _postgres(TANMA.database_url) if TANMA.database_url else _sqlite("tanma.sqlite3"),
    "work": _postgres(TANMA.database_url) if TANMA.database_url else _sqlite("work.sqlite3"),
}
if TANMA.database_url:
    DATABASES["work"]["TEST"] = {"MIRROR": "default"}
DATABASE_ROUTERS = ["tanma.site.routers.WorkRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TANMA.public_url.startswith("https")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "site_cache",
        "OPTIONS": {"MAX_ENTRIES": 20000},
    }
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_FORMS = {"login": "tanma.apps.people.forms.LoginForm"}
_mail = urlsplit(TANMA.mail_url)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 587
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_USE_TLS = _mail.scheme == "smtp" and bool(EMAIL_HOST_USER)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = TANMA.mail_from or EMAIL_HOST_USER or "tanma@localhost"
ACCOUNT_ADAPTER = "tanma.apps.people.adapter.ClosedAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# a key is an address with an account; each longer window slows the next attempts down further
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/m/key,10/10m/key,20/h/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
STATIC_ROOT = TANMA.home / "static"
STATIC_ROOT.mkdir(exist_ok=True)
try:
    STATICFILES_DIRS = [str(Path(import_module("tanma_vendor").path()) / "static")]
except ModuleNotFoundError:
    STATICFILES_DIRS = []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_ROOT = TANMA.uploads
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

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
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["models.W036", "models.W037"]


def _brief(record: logging.LogRecord) -> bool:
    if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # a refusal is an answer and no fault of the program: one line, without a traceback
    "filters": {"brief": {"()": "django.utils.log.CallbackFilter", "callback": _brief}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["brief"]}
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
