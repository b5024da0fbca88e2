// ai_sdk.mjs - the AI SDK and npm's openai, as their users call them, against assay
// serve, with OPENAI_BASE_URL and OPENAI_API_KEY.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENTS + "/package.json");
const { generateText, streamText, embed } = await import(require.resolve("ai"));
const { createOpenAICompatible } = await import(require.resolve("@ai-sdk/openai-compatible"));
const { default: OpenAI } = await import(require.resolve("openai"));

const version = (name) => JSON.parse(readFileSync(`${process.env.CLIENTS}/node_modules/${name}/package.json`)).version;
const name = "SmolLM2-135M-Instruct.Q4_1";
const provider = createOpenAICompatible({ name: "assay", baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY, includeUsage: true });
const ask = { model: provider(name), prompt: "Name a river.", temperature: 0, maxOutputTokens: 24, maxRetries: 0 };

const whole = await generateText(ask);
const stream = streamText(ask);
let text = "";
for await (const part of stream.textStream) text += part;
assert.equal(text, whole.text);
assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);
const { embedding } = await embed({ model: provider.textEmbeddingModel(name), value: "a river", maxRetries: 0 });
assert.equal(embedding.length, 576);
console.log(`ai ${version("ai")}: text, a stream with usage, an embedding; ${JSON.stringify(text)}`);

const client = new OpenAI({ maxRetries: 0 });
const response = await client.responses.create({ model: name, input: "Name a river.", temperature: 0, max_output_tokens: 24 });
assert.equal(response.output_text, whole.text);
let streamed = "", last;
for await (const event of await client.responses.create({ model: name, input: "Name a river.", temperature: 0, max_output_tokens: 24, stream: true })) {
  if (event.type === "response.output_text.delta") streamed += event.delta;
  last = event.type;
}
assert.equal(streamed, whole.text);
assert.ok(last === "response.completed" || last === "response.incomplete", last);
console.log(`openai (npm) ${version("openai")}: responses, a stream of events`);
