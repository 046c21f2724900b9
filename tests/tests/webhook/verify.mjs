// Says of each delivery, one JSON object a line, whether the npm package standardwebhooks takes it.
import { createInterface } from "node:readline";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(body, headers);
    console.log("accepted");
  } catch (fault) {
    if (!(fault instanceof WebhookVerificationError)) throw fault;
    console.log("refused");
  }
}
