// What Rust asks of JavaScript in one call where its own bindings would take dozens. Each of those
// is a crossing that copies; together they cost more than all that an order or a click decides.

// A request's method, URL, country and headers, a line each; no header holds a line break.
export function read(request) {
  let text = `${request.method}\n${request.url}\n${request.cf?.country ?? ""}`;
  for (const [name, value] of request.headers) text += `\n${name}:${value}`;
  return text;
}

// A response; `headers` holds names and values in turn.
export function respond(status, headers, body) {
  const given = {};
  const lines = headers.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) given[lines[at]] = lines[at + 1];
  return new Response(body === "" ? null : body, { status, headers: given });
}

// A post to an object by its name; answers with the status and the body, a line break between.
export async function hop(env, binding, name, path, headers, body) {
  const given = {};
  const lines = headers.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) given[lines[at]] = lines[at + 1];
  const stub = env[binding].getByName(name);
  const answer = await stub.fetch("http://object" + path, { method: "POST", headers: given, body });
  return `${answer.status}\n${await answer.text()}`;
}
