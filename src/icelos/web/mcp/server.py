"""The MCP server: what each request of the protocol is answered with, for whoever sends it.

Nothing here lets an error through: what a tool cannot do is a result that says so, what names nothing is an
error of the protocol, and a defect has a reference in the log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import mcp_types as types
import msgspec
from anyio import to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from icelos import __version__
from icelos.contracts import Observation, Principal, ReadTool, Right
from icelos.errors import IcelosError, InputError
from icelos.jobs.copilot.answers import Answer
from icelos.llm.fence import defused
from icelos.web.mcp import prompts, resources, shown
from icelos.web.mcp.asking import ASK, Asked, Door
from icelos.web.mcp.toolbox import Toolbox
from icelos.web.problems import problem_of

Context: TypeAlias = ServerRequestContext[dict[str, Any], Any]
Caller = Callable[[Context], Principal]
Counted = Callable[[Context], Awaitable[None]]
T = TypeVar("T")

INSTRUCTIONS = (
    "Icelos answers from the organisation's security sources and findings, each sentence with its citation. "
    "`ask` answers a question; the other tools give single facts with a ref to cite. All tools only read. "
    + shown.INSTRUCTION
)
HINTS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def build(door: Door, caller: Caller, counted: Counted) -> Server[dict[str, Any]]:
    """A server on the services of `door`; `caller` says who sent a request.

    `counted` counts a question of theirs, and raises HTTPException 429 where they have asked too many.
    """
    handlers = Handlers(door, caller, counted)
    return Server(
        "icelos", version=__version__, title="Icelos", instructions=INSTRUCTIONS,
        get_tool_input_schema=handlers.input_schema,
        on_list_tools=handlers.list_tools, on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources, on_read_resource=handlers.read_resource,
        on_list_resource_templates=handlers.list_templates,
        on_list_prompts=handlers.list_prompts, on_get_prompt=handlers.get_prompt,
    )  # fmt: skip


class Handlers:
    """One method a request."""

    def __init__(self, door: Door, caller: Caller, counted: Counted) -> None:
        self._door = door
        self._caller = caller
        self._counted = counted
        self._toolbox = Toolbox(door.here)

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """What a tool takes; without this the package lists all of them before each call."""
        return ASK.parameters if name == ASK.name else self._toolbox.parameters(name)

    async def list_tools(
        self, context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """The tools that the caller may call."""
        principal = self._caller(context)
        found = [_described(tool) for tool in await _read(lambda: self._toolbox.of(principal))]
        if Right.ASK in principal.rights:
            found.append(
                types.Tool(
                    name=ASK.name, description=ASK.description, input_schema=dict(ASK.parameters),
                    output_schema=shown.schema_of(Answer), annotations=HINTS,
                )
            )  # fmt: skip
        return types.ListToolsResult(tools=found)

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """What a tool found, or in a result as well why it found nothing."""
        principal, arguments = self._caller(context), params.arguments or {}
        try:
            if params.name == ASK.name:
                return await self._ask(context, principal, arguments)
            return await self._call(params.name, arguments, principal)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001 - a model reads it, and may ask better
            return _told(error)

    async def _call(
        self, name: str, arguments: Mapping[str, Any], principal: Principal
    ) -> types.CallToolResult:
        tool = await to_thread.run_sync(self._toolbox.get, name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"no tool {name[:100]!r}")

        def call() -> Observation:
            return shown.bounded(self._toolbox.call(name, arguments, principal=principal))

        found = await (self._door.in_turn(call) if tool.right is Right.RUN else to_thread.run_sync(call))
        return _result(shown.text_of(found), found)

    async def _ask(
        self, context: Context, principal: Principal, arguments: Mapping[str, Any]
    ) -> types.CallToolResult:
        asked = Asked.of(arguments, principal)
        await self._counted(context)
        steps = 0

        async def progress(text: str) -> None:
            nonlocal steps
            steps += 1
            await context.session.report_progress(steps, message=defused(text))

        answer = await self._door.ask(asked, principal, progress)
        result = _result(shown.answer_text(answer), answer)
        result.is_error = answer.status == "failed"
        return result

    async def list_resources(
        self, context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """The newest findings."""
        principal = self._caller(context)
        facts = await _read(lambda: resources.newest(self._door.here, principal))
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=shown.finding_uri(str(fact.values["job"]), str(fact.values["record_id"])),
                    name=defused(fact.ref)[:200],
                    title=defused(f"{fact.values['verdict']}: {fact.text}")[:200], mime_type="text/plain",
                )
                for fact in facts
            ]
        )  # fmt: skip

    async def list_templates(
        self, _context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """How documents and findings are addressed."""
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=template, name=name, description=told, mime_type="text/plain"
                )
                for template, name, told in resources.TEMPLATES
            ]
        )

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """A document or a finding, fenced."""
        principal = self._caller(context)
        fact = await _read(lambda: resources.read(params.uri, self._door.here, principal))
        text = shown.fenced([fact])
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=params.uri, mime_type="text/plain", text=text)]
        )

    async def list_prompts(
        self, _context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """The prompts."""
        return types.ListPromptsResult(prompts=[_prompt(one) for one in prompts.PROMPTS])

    async def get_prompt(
        self, _context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """One prompt, filled in."""
        prompt, text = await _read(lambda: prompts.filled(params.name, params.arguments or {}))
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=prompt.description, messages=[message])


async def _read(call: Callable[[], T]) -> T:
    """`call` in a thread; what it cannot do becomes an error of the protocol."""
    try:
        return await to_thread.run_sync(call)
    except InputError as error:
        raise MCPError(types.INVALID_PARAMS, defused(str(error))[:500]) from error
    except IcelosError as error:
        raise MCPError(types.INTERNAL_ERROR, defused(str(error))[:500]) from error


def _described(tool: ReadTool) -> types.Tool:
    return types.Tool(
        name=tool.tool.name, description=tool.tool.description, input_schema=dict(tool.tool.parameters),
        output_schema=shown.schema_of(Observation), annotations=HINTS,
    )  # fmt: skip


def _prompt(prompt: prompts.Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name, description=prompt.description,
        arguments=[
            types.PromptArgument(name=name, description=told, required=True)
            for name, told in prompt.arguments
        ],
    )  # fmt: skip


def _result(text: str, value: object) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content=shown.cleaned(msgspec.to_builtins(value, str_keys=True)),
    )


def _told(error: Exception) -> types.CallToolResult:
    problem = problem_of(error)
    text = problem.detail or problem.title
    text = defused(f"{text} ({problem.hint})" if problem.hint else text)[:2000]
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
