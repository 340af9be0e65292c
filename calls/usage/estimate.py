"""How many tokens a request has of which the provider did not say so."""

import json
from collections.abc import Sequence
from math import ceil
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage
from pipecat.services.llm_service import LLMService
from pipecat.utils.context.llm_context_summarization import CHARS_PER_TOKEN

from calls.window.size import tokens_in


def tokens_of(text: str) -> int:
    """Four characters a token, which is near enough for English."""
    return ceil(len(text) / CHARS_PER_TOKEN)


def tokens_asked(
    service: LLMService[Any],
    messages: Sequence[LLMContextMessage],
    tools: Any = None,
    instructions: str | None = None,
) -> int:
    """The tokens of a request: messages, instructions and tools."""
    own = instructions or getattr(service._settings, "system_instruction", None)
    told = tokens_of(own) if isinstance(own, str) else 0
    return told + tokens_in(messages) + _tokens_of_tools(tools)


def messages_of(context: LLMContext) -> list[LLMContextMessage]:
    """The messages as they are now, whatever is added to the context later."""
    return list(context.messages)


def _tokens_of_tools(tools: Any) -> int:
    if not isinstance(tools, ToolsSchema):
        return 0
    schemas = [*tools.standard_tools, *(d.to_function_schema() for d in tools.direct_functions)]
    return sum(tokens_of(json.dumps(schema.to_default_dict(), default=str)) for schema in schemas)
