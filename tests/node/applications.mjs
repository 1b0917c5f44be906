// One application per SDK: `ask` says what its SDK made of the answer, {text, calls, finish}; `withResults` runs the calls and asks again.
// Addresses and keys come from the variables that each SDK documents; the sidecar's start set them.

import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";

export const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "array", items: { type: "integer" } } },
  required: ["city"],
};
const DESCRIPTION = "The weather of a city";
const NAME = "get_weather";

const answer = (text, calls, finish) => ({ text, calls, finish });
const once = { maxRetries: 0 };

// Without what the SDK's stream helper adds for the application.
const asSaid = ({ parsed, ...message }) => message;

function openaiChat() {
  const client = new OpenAI(once);
  const tools = [{ type: "function", function: { name: NAME, description: DESCRIPTION, parameters: PARAMETERS } }];
  const create = async (body, streamed) =>
    streamed ? client.chat.completions.stream(body).finalChatCompletion() : client.chat.completions.create(body);
  const read = ({ choices: [{ message, finish_reason }] }) =>
    answer(message.content ?? "", (message.tool_calls ?? []).map((call) => JSON.parse(call.function.arguments)), finish_reason);
  return {
    ask: async (model, words, streamed, withTools) =>
      read(await create({ model, messages: [{ role: "user", content: words }], ...(withTools && { tools }) }, streamed)),
    withResults: async (model, words, run, streamed) => {
      const messages = [{ role: "user", content: words }];
      const { choices: [{ message }] } = await create({ model, messages, tools }, streamed);
      messages.push(asSaid(message));
      for (const call of message.tool_calls.toReversed()) {
        messages.push({ role: "tool", tool_call_id: call.id, content: run(JSON.parse(call.function.arguments)) });
      }
      return read(await create({ model, messages, tools }, streamed));
    },
    finishes: ["stop", "tool_calls"],
    errors: { 400: OpenAI.BadRequestError, 429: OpenAI.RateLimitError, 502: OpenAI.InternalServerError },
  };
}

function openaiResponses() {
  const client = new OpenAI(once);
  const tools = [{ type: "function", name: NAME, description: DESCRIPTION, parameters: PARAMETERS, strict: false }];
  const create = async (body, streamed) =>
    streamed
      ? client.responses.stream({ store: false, ...body }).finalResponse()
      : client.responses.create({ store: false, ...body });
  const calls = (response) => response.output.filter((item) => item.type === "function_call");
  const read = (response) =>
    answer(response.output_text, calls(response).map((call) => JSON.parse(call.arguments)), response.status);
  return {
    ask: async (model, words, streamed, withTools) =>
      read(await create({ model, input: words, ...(withTools && { tools }) }, streamed)),
    withResults: async (model, words, run, streamed) => {
      const first = await create({ model, input: words, tools }, streamed);
      const results = calls(first).map((call) => ({
        type: "function_call_output",
        call_id: call.call_id,
        output: run(JSON.parse(call.arguments)),
      }));
      const said = first.output.map(({ parsed_arguments, ...item }) => item);
      const input = [{ role: "user", content: words }, ...said, ...results.toReversed()];
      return read(await create({ model, input, tools }, streamed));
    },
    finishes: ["completed", "completed"],
    errors: { 400: OpenAI.BadRequestError, 429: OpenAI.RateLimitError, 502: OpenAI.InternalServerError },
  };
}

function anthropic() {
  const client = new Anthropic(once);
  const tools = [{ name: NAME, description: DESCRIPTION, input_schema: PARAMETERS }];
  const create = async (body, streamed) =>
    streamed
      ? client.messages.stream({ max_tokens: 999, ...body }).finalMessage()
      : client.messages.create({ max_tokens: 999, ...body });
  const calls = (message) => message.content.filter((block) => block.type === "tool_use");
  const texts = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text);
  const read = (message) =>
    answer(texts(message).join(""), calls(message).map((call) => call.input), message.stop_reason);
  return {
    ask: async (model, words, streamed, withTools) =>
      read(await create({ model, messages: [{ role: "user", content: words }], ...(withTools && { tools }) }, streamed)),
    withResults: async (model, words, run, streamed) => {
      const first = await create({ model, messages: [{ role: "user", content: words }], tools }, streamed);
      const results = calls(first).map((call) => ({ type: "tool_result", tool_use_id: call.id, content: run(call.input) }));
      const messages = [
        { role: "user", content: words },
        { role: "assistant", content: first.content },
        { role: "user", content: results.toReversed() },
      ];
      return read(await create({ model, messages, tools }, streamed));
    },
    finishes: ["end_turn", "tool_use"],
    errors: { 400: Anthropic.BadRequestError, 429: Anthropic.RateLimitError, 502: Anthropic.InternalServerError },
  };
}

// Vercel's `ai`, with one of its providers. It runs tools by itself, and asks again with what they returned.
function vercel(modelOf) {
  const weather = (execute) => ({ [NAME]: tool({ description: DESCRIPTION, inputSchema: jsonSchema(PARAMETERS), execute }) });
  const generate = async (options, streamed) => {
    if (!streamed) return generateText({ ...options, ...once });
    let broke;
    const result = streamText({ ...options, ...once, onError: ({ error }) => { broke ??= error; } });
    await result.consumeStream();
    if (broke) throw broke;
    return { text: await result.text, toolCalls: await result.toolCalls, finishReason: await result.finishReason };
  };
  const read = ({ text, toolCalls, finishReason }) => answer(text, toolCalls.map((call) => call.input), finishReason);
  return {
    ask: async (model, words, streamed, withTools) =>
      read(await generate({ model: modelOf(model), prompt: words, ...(withTools && { tools: weather() }) }, streamed)),
    withResults: async (model, words, run, streamed) => {
      const execute = async (input) => run(input);
      const options = { model: modelOf(model), prompt: words, tools: weather(execute), stopWhen: stepCountIs(2) };
      return read(await generate(options, streamed));
    },
    finishes: ["stop", "tool-calls"],
    statusOf: (error) => error.statusCode,
  };
}

export const APPLICATIONS = {
  "openai chat": openaiChat,
  "openai responses": openaiResponses,
  "@anthropic-ai/sdk": anthropic,
  "ai + @ai-sdk/openai, responses": () => vercel(createOpenAI()),
  "ai + @ai-sdk/openai, chat": () => vercel(createOpenAI().chat),
  "ai + @ai-sdk/anthropic": () => vercel(createAnthropic()),
};
