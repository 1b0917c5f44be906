// Every Node SDK before every provider. `python -m tests.node` starts the providers and the sidecar, and says where they are.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { APPLICATIONS } from "./applications.mjs";

const { models, words, calls, complaint } = JSON.parse(process.env.OUTRIDER_SCENES);
const WAYS = { whole: false, streamed: true };

async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

for (const [name, make] of Object.entries(APPLICATIONS)) {
  for (const [provider, model] of Object.entries(models)) {
    describe(`${name} asks ${provider}`, () => {
      const application = make();
      const [finished, called] = application.finishes;

      for (const [way, streamed] of Object.entries(WAYS)) {
        test(`a plain answer, ${way}`, async () => {
          const said = await application.ask(model, "Hello?", streamed);
          assert.deepEqual(said, { text: words, calls: [], finish: finished });
        });

        test(`parallel calls, ${way}`, async () => {
          const said = await application.ask(model, "Call the tools.", streamed, true);
          assert.deepEqual(said, { text: "", calls, finish: called });
        });

        test(`the turn after, ${way}`, async () => {
          const run = ({ city }) => `weather of ${city}`;
          const said = await application.withResults(model, "Call the tools.", run, streamed);
          assert.deepEqual(said, { text: "Sunny.", calls: [], finish: finished });
        });

        for (const [asked, status] of [["Refuse with 400.", 400], ["Refuse with 429.", 429], ["Refuse with 500.", 502]]) {
          test(`${asked} ${way}`, async () => {
            const error = await thrown(application.ask(model, asked, streamed));
            if (application.errors) assert.ok(error instanceof application.errors[status], `${error}`);
            assert.equal(application.statusOf ? application.statusOf(error) : error.status, status);
            assert.ok(error.message.includes(complaint), error.message);
          });
        }
      }

      for (const asked of ["Break with an error.", "Break early."]) {
        test(`a stream: ${asked}`, async () => {
          const error = await thrown(application.ask(model, asked, true));
          if (asked === "Break with an error.") assert.ok(JSON.stringify(error.message ?? error).includes(complaint), `${error}`);
        });
      }
    });
  }
}
