// The panel's calls. The session is a cookie that no script can read; a refusal is data, not a surprise.

const PATIENCE = 20_000;

/** An answer that says no, or no answer at all (status 0). */
export class Refusal extends Error {
  constructor(status, body = {}, retryAfter = 0) {
    super(body.title ?? "");
    this.status = status;
    this.code = body.code ?? "";
    this.detail = body.detail ?? body.title ?? "";
    this.retryAfter = retryAfter;
  }
}

const read = async (response) => {
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return isJson ? response.json().catch(() => ({})) : {};
};

export const call = async (method, path, body) => {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refusal(0);
  }
  const answer = await read(response);
  if (response.ok) return answer;
  throw new Refusal(response.status, answer, Number(response.headers.get("retry-after")) || 0);
};
