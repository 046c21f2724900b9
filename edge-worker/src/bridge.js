// What Rust asks of JavaScript in one call where its own bindings would take dozens. Each of those
// is a crossing that copies; together they cost more than all that an order or a click decides.

// A request's method, URL, country and headers, a line each; no header holds a line break.
export function read(request) {
  let text = `${request.method}\n${request.url}\n${request.cf?.country ?? ""}`;
  for (const [name, value] of request.headers) text += `\n${name}:${value}`;
  return text;
}

// Headers from lines that hold names and values in turn.
function headersOf(lines) {
  const given = {};
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) given[parts[at]] = parts[at + 1];
  return given;
}

// Status and body, a line break between.
const told = async (answer) => `${answer.status}\n${await answer.text()}`;

// A response; an empty body is none.
export function respond(status, headers, body) {
  return new Response(body === "" ? null : body, { status, headers: headersOf(headers) });
}

// A post to an object by its name. The stub is new each time: an old one may be broken.
export async function hop(env, binding, name, path, headers, body) {
  const stub = env[binding].getByName(name);
  const given = headersOf(headers);
  return told(await stub.fetch("http://object" + path, { method: "POST", headers: given, body }));
}

// A statement run to its end, its bindings a JSON list; an open cursor would hold its transaction.
// Its rows, each a list of texts, are told until they have so many characters, but at least one.
export function ask(sql, statement, bindings, most) {
  const cursor = sql.exec(statement, ...JSON.parse(bindings));
  let told = "";
  for (const row of cursor.raw()) {
    const text = JSON.stringify(row.map((value) => (value === null ? value : String(value))));
    if (told === "") told = text;
    else if (told.length + text.length < most) told += `,${text}`;
    else break;
  }
  return `{"rows_written":${cursor.rowsWritten},"rows":[${told}]}`;
}

// A call to another service, in so many milliseconds at most. Of the answer: status, some headers
// as `name:value` with tabs between, and the body, a line break between the three.
export async function send(url, method, headers, body, timeout, wanted) {
  const signal = AbortSignal.timeout(timeout);
  const sent = { method, headers: headersOf(headers), redirect: "manual", signal };
  if (body !== "") sent.body = body;
  const answer = await fetch(url, sent);
  const got = wanted.split(" ").filter((name) => answer.headers.has(name));
  const told = got.map((name) => `${name}:${answer.headers.get(name)}`).join("\t");
  return `${answer.status}\n${told}\n${await answer.text()}`;
}
