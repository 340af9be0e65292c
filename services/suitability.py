"""Whether a provider can be used with the variables that are set, in sentences."""

from services.languages import language_of
from services.provider import Provider
from settings import ProviderSettings, Settings, variable

_SHARED = ("api_key", "base_url", "region")


def own_settings(provider: Provider, settings: Settings) -> ProviderSettings:
    """The provider's variables as they hold for its stage.

    `<NAME>_STT_MODEL` goes before `<NAME>_MODEL`, which is not every stage's, and
    `<NAME>_LANGUAGE` before `STT_LANGUAGE`. What is not set is its account's, if it has one.
    """
    own = settings.provider(provider.name)
    model = getattr(own, f"{provider.stage}_model") or (own.model if provider.owns_model else None)
    language = own.language
    shared = {}
    if provider.account:
        account = settings.provider(provider.account)
        language = language or account.language
        shared = {name: getattr(own, name) or getattr(account, name) for name in _SHARED}
    language = language or getattr(settings, f"{provider.stage}_language", None)
    return own.model_copy(update={"model": model, "language": language, **shared})


def absent(provider: Provider, own: ProviderSettings) -> str | None:
    """What is still to be done before the provider is used unnamed. None: nothing."""
    steps = []
    if missing := provider.missing_variables(own):
        steps.append(f"set {' and '.join(missing)} in .env")
    elif provider.chosen_by and not provider.present_variables(own):
        names = (variable(provider.name, name) for name in provider.chosen_by)
        steps.append(f"set {' or '.join(names)} in .env")
    if provider.missing_module(own):
        steps.append(f"install it: {provider.install_command}")
    return ", ".join(steps) or None


def unsupported_language(provider: Provider, own: ProviderSettings, settings: Settings) -> str:
    """The sentence for a language that the provider does not take, "" when it does."""
    if not own.language:
        return ""
    name = provider.variable("language")
    if not settings.provider(provider.account or provider.name).language:
        name = f"{_list_of(provider)}_LANGUAGE"
    if language_of(own.language) is None:
        return (
            f'{name}="{own.language}" is no language that is known here; write it as in en or de.'
        )
    taken = provider.languages_for(own)
    if taken is None or own.language.partition("-")[0] in taken:
        return ""
    verb = "hear" if provider.stage == "stt" else "speak"
    means = _what_decides(provider, own)
    return (
        f'{name}="{own.language}", but {provider.name}{means} does not {verb} it. '
        f"It takes: {', '.join(sorted(taken))}."
    )


def contradiction(provider: Provider, own: ProviderSettings) -> str:
    """The sentence for a variable that the provider cannot follow, "" when there is none."""
    if own.base_url and not provider.endpoint:
        name = variable(provider.name, "base_url")
        instead = f": set {variable(provider.name, 'region')}" if provider.region else ""
        return f"{name} is set, but {provider.name} has no other address{instead}."
    model = provider.model_for(own)
    for beginning, other in provider.other_models.items():
        if model.startswith(beginning):
            name = _model_variable(provider, own)
            return f'{name}="{model}" is a model of {other}: name {other} in {_list_of(provider)}.'
    if own.voice and provider.voices and own.voice not in provider.voices:
        name = variable(provider.name, "voice")
        return f'{name}="{own.voice}" is no voice of {provider.name}: {", ".join(provider.voices)}.'
    return ""


def _what_decides(provider: Provider, own: ProviderSettings) -> str:
    if provider.language_is_voices:
        return f" with the voice {provider.voice} ({variable(provider.name, 'voice')})"
    if callable(provider.languages):
        return f" with the model {provider.model_for(own)} ({_model_variable(provider, own)})"
    return ""


def _model_variable(provider: Provider, own: ProviderSettings) -> str:
    field = f"{provider.stage}_model"
    return variable(provider.name, field if getattr(own, field) else "model")


def _list_of(provider: Provider) -> str:
    return provider.stage.upper()
