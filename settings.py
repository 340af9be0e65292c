"""Settings from the environment and `.env`, checked before anything starts."""

import base64
import binascii
import difflib
import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_FILE = ".env"

NameList = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated names, lower-cased: `deepgram, embedded`."""


def _as_language_code(code: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})?", code):
        raise ValueError("write a language as in en, de or es-MX")
    language, _, region = code.replace("_", "-").partition("-")
    return f"{language.lower()}-{region.upper()}" if region else language.lower()


LanguageCode = Annotated[str, AfterValidator(_as_language_code)]
"""A language, with a region where it matters: `en`, `es-MX`."""

Deadline = Annotated[int | None, Field(ge=50, le=60_000)]
"""Milliseconds. None: what the provider publishes of itself decides."""


Days = Annotated[int, Field(ge=0, le=36_500)]
"""How long something is kept. 0: for good."""

_TOKEN_AT_LEAST = 16
_SECRET_AT_LEAST = 16


class SettingsError(ValueError):
    """A setting is wrong. The message names the variable, what is wrong and what would be right."""


class ProviderSettings(BaseSettings):
    """The variables that a provider may have: `<PROVIDER>_API_KEY` and its siblings.

    A provider of several stages has one key for all; `<PROVIDER>_STT_MODEL` and its like name
    the model of one stage.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    api_key: SecretStr | None = None
    base_url: str | None = None
    model: str | None = None
    voice: str | None = None
    language: LanguageCode | None = None
    region: str | None = None
    stt_model: str | None = None
    llm_model: str | None = None
    tts_model: str | None = None
    # AWS signs with a pair of keys, and a token when they are on loan.
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None

    @field_validator("base_url")
    @classmethod
    def _is_a_provider_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        return _checked_url(url, plain={"http", "ws"}, secure={"https", "wss"})

    @field_validator("region")
    @classmethod
    def _is_region(cls, region: str | None) -> str | None:
        # It becomes part of a host's name.
        if region is not None and not re.fullmatch(r"[a-z0-9-]+", region):
            raise ValueError("a region is written as in eu-central-1")
        return region

    @property
    def key(self) -> str:
        """The secret that opens the provider in clear, or "" when there is none."""
        return in_clear(self.api_key or self.secret_access_key)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in clear, for what must be kept out of a log."""
        values = (self.api_key, self.access_key_id, self.secret_access_key, self.session_token)
        return tuple(in_clear(value) for value in values if value)


class Settings(BaseSettings):
    """Everything that can be set, with the default that a newcomer gets.

    Raises:
        SettingsError: from :meth:`load`, for a wrong or unknown value.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(7860, ge=1, le=65535)
    public_url: str | None = None

    # Who may look at calls where the server is not this machine's alone.
    operator_token: SecretStr | None = None
    operator_header: str | None = None
    operator_proxies: NameList = ("127.0.0.1", "::1")

    stt: NameList = ()
    llm: NameList = ()
    tts: NameList = ()
    embedded_backup: bool = True
    stt_language: LanguageCode | None = None
    tts_language: LanguageCode | None = None

    data_dir: Path = Path("data")
    phrase_cache_mb: int = Field(64, ge=0, le=4096)

    # What remains of calls: where, for how many days (0: for good), and what of it is shown.
    database_url: SecretStr | None = None
    retain_records_days: Days = 365
    retain_transcripts_days: Days = 90
    retain_recordings_days: Days = 30
    show_caller_numbers: bool = False
    call_files: bool = False
    # What is kept of callers' words, whatever a bot says of it.
    keeps: Literal["everything", "redacted", "metadata only"] | None = None
    # Laid over calls/prices.toml, row by row.
    prices_file: Path | None = None

    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # A turn's silence at its longest, and what each stage may take before its backup is tried.
    silence_bound_ms: int = Field(3000, ge=500, le=30_000)
    stt_deadline_ms: Deadline = None
    llm_deadline_ms: Deadline = None
    tts_deadline_ms: Deadline = None
    tool_deadline_ms: Deadline = None

    # What the language model is sent of a call, in tokens: about five minutes of talk.
    context_tokens: int = Field(2000, ge=500, le=1_000_000)

    max_calls: int = Field(8, ge=1, le=1000)
    drain_s: float = Field(60, ge=0, le=3600)
    quiet_caller_s: float = Field(15, ge=1, le=600)

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_base_url: str = "https://api.twilio.com"
    handoff_number: str | None = None

    recording_key: SecretStr | None = None

    daily_api_key: SecretStr | None = None
    daily_api_url: str = "https://api.daily.co/v1"

    # For machines: Prometheus, OpenTelemetry, and who is told that a call ended.
    metrics_open: bool = False
    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_headers: SecretStr | None = None
    otel_service_name: str = "switchboard"
    otel_content: bool = False
    call_webhook_url: str | None = None
    call_webhook_secret: SecretStr | None = Field(None, validate_default=True)

    @field_validator("stt", "llm", "tts", "operator_proxies", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _is_public(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url, plain={"http"}, secure={"https"})

    @field_validator("operator_token")
    @classmethod
    def _is_hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < _TOKEN_AT_LEAST:
            raise ValueError(
                f"it should have at least {_TOKEN_AT_LEAST} characters; "
                "`openssl rand -hex 24` makes one"
            )
        return token

    @field_validator("operator_header")
    @classmethod
    def _is_header(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
            raise ValueError("it should be a header's name, as in X-Forwarded-User")
        return name

    @field_validator("operator_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"{proxy} is no address; write addresses or networks, "
                    "as in 127.0.0.1,10.0.0.0/8"
                ) from None
        return proxies

    @field_validator("twilio_base_url", "daily_api_url")
    @classmethod
    def _is_rest(cls, url: str) -> str:
        return _checked_url(url, plain={"http"}, secure={"https"})

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"(postgres(ql)?|sqlite)://", in_clear(url)):
            raise ValueError("write it as in postgresql://user:password@host:5432/switchboard")
        return url

    @field_validator("call_webhook_url")
    @classmethod
    def _is_webhook(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url, plain={"http"}, secure={"https"})

    @field_validator("call_webhook_secret")
    @classmethod
    def _signs_webhooks(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("call_webhook_url") and len(in_clear(secret)) < _SECRET_AT_LEAST:
            raise ValueError(
                "what is sent to CALL_WEBHOOK_URL is signed with it, so it should have at least "
                f"{_SECRET_AT_LEAST} characters; `openssl rand -hex 24` makes one"
            )
        return secret

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _is_collector(cls, url: str | None) -> str | None:
        # Collectors stand beside the server, at http:// addresses such as http://collector:4318.
        return None if url is None else _checked_url(url, plain=set(), secure={"http", "https"})

    @field_validator("otel_content")
    @classmethod
    def _stays_private(cls, content: bool, info: ValidationInfo) -> bool:
        if content and (url := info.data.get("otel_exporter_otlp_endpoint")):
            _checked_url(url, plain={"http"}, secure={"https"})
        return content

    @field_validator("twilio_account_sid")
    @classmethod
    def _is_account(cls, sid: str | None) -> str | None:
        if sid is not None and not re.fullmatch(r"AC[0-9a-fA-F]{32}", sid):
            raise ValueError('an account SID is "AC" and 32 hexadecimal digits')
        return sid

    @field_validator("handoff_number")
    @classmethod
    def _is_e164(cls, number: str | None) -> str | None:
        if number is not None and not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            raise ValueError("write it with country code and without spaces, as in +14155550123")
        return number

    @field_validator("recording_key")
    @classmethod
    def _is_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and _key_bytes(key) is None:
            raise ValueError(
                "it should be 32 bytes in base64, as `openssl rand -base64 32` makes them"
            )
        return key

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9.:\-]+", host):
            raise ValueError("it should be a host name or an IP address, as in 127.0.0.1")
        return host

    @classmethod
    def load(cls, env_file: Path | str | None = ENV_FILE) -> "Settings":
        """Read the environment and `env_file`; the environment wins.

        Raises:
            SettingsError: naming every variable that is wrong.
        """
        try:
            return cls(_env_file=env_file)  # pyright: ignore[reportCallIssue]
        except ValidationError as error:
            raise SettingsError(_as_sentences(error, prefix="")) from None

    def provider(self, name: str, env_file: Path | str | None = ENV_FILE) -> ProviderSettings:
        """The variables of one provider, as in `DEEPGRAM_API_KEY` for `deepgram`.

        Raises:
            SettingsError: naming every variable that is wrong.
        """
        prefix = variable(name, "")
        try:
            return ProviderSettings(_env_prefix=prefix, _env_file=env_file)  # pyright: ignore[reportCallIssue]
        except ValidationError as error:
            raise SettingsError(_as_sentences(error, prefix=prefix)) from None

    @property
    def operator_secret(self) -> str:
        """What operators sign in with, in clear, or "" when nobody can."""
        return in_clear(self.operator_token)

    @property
    def sealing_key(self) -> bytes | None:
        """What recordings are sealed with, 32 bytes; None when they are kept in clear."""
        return _key_bytes(self.recording_key) if self.recording_key else None

    @property
    def twilio_token(self) -> str:
        """Twilio's auth token in clear, or "" when phone calls are off."""
        return in_clear(self.twilio_auth_token)

    @property
    def daily_key(self) -> str:
        """Daily's key in clear, or "" when browser calls go over SmallWebRTC."""
        return in_clear(self.daily_api_key)


def _key_bytes(key: SecretStr) -> bytes | None:
    try:
        data = base64.b64decode(key.get_secret_value(), validate=True)
    except binascii.Error:
        return None
    return data if len(data) == 32 else None


def in_clear(secret: SecretStr | None) -> str:
    """The value of a secret, "" when there is none."""
    return secret.get_secret_value() if secret else ""


def variable(provider: str, field: str) -> str:
    """The name of a provider's variable: `DEEPGRAM_API_KEY` for its `api_key`."""
    return f"{provider}_{field}".upper().replace("-", "_")


def unknown_names(known: Iterable[str], env_file: Path | str = ENV_FILE) -> list[str]:
    """A sentence for every name in `env_file` that no part of Switchboard reads.

    Only the file is looked at: the environment belongs to others as well.
    """
    names = sorted(set(known))
    sentences: list[str] = []
    for name in dotenv_values(env_file):
        if name in names:
            continue
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        sentences.append(f"{env_file}: {name} is not a setting of Switchboard.{hint}")
    return sentences


def setting_names(providers: Iterable[str]) -> list[str]:
    """Every variable that is read, given the names of the providers."""
    own = [name.upper() for name in Settings.model_fields]
    return own + [variable(p, field) for p in providers for field in ProviderSettings.model_fields]


def _checked_url(url: str, *, plain: set[str], secure: set[str]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in plain | secure or not parts.hostname:
        schemes = " or ".join(f"{scheme}://" for scheme in sorted(plain | secure, reverse=True))
        raise ValueError(f"it should be a full address that starts with {schemes}")
    if parts.scheme in plain and not is_loopback(parts.hostname):
        raise ValueError(
            f"{parts.scheme}:// is accepted for this machine only; "
            f"use {sorted(secure)[0]}:// for {parts.hostname}"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's, reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _as_sentences(error: ValidationError, prefix: str) -> str:
    sentences = []
    for item in error.errors():
        name = prefix + str(item["loc"][0]).upper()
        given = "" if _is_secret(name) else f'="{item["input"]}"'
        what = item["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
        sentences.append(f"{name}{given} is wrong: {what}.")
    return " ".join(sentences)


def _is_secret(name: str) -> bool:
    return name.endswith(("_KEY", "_KEY_ID", "_TOKEN", "_SECRET", "_HEADERS", "DATABASE_URL"))
