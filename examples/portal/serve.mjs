// Hosts the built pages beside the API, on one origin: node serve.mjs [API] [PORT]
// What begins with /v1 goes to the API, all else is a file of dist/. A web server in front of both does the same; what matters
// of it are the headers below.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
/** Nothing but the pages' own files and their own origin; add the host of the program's logo to img-src if it has one. */
const HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

export function serve(dist, api) {
  return createServer((asked, answer) => {
    const { pathname } = new URL(asked.url, "http://portal");
    if (pathname.startsWith("/v1/")) return forward(asked, answer, new URL(api));
    const file = join(dist, normalize(pathname === "/" ? "/index.html" : pathname));
    if (asked.method !== "GET" || !file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) return answer.writeHead(404, HEADERS).end();
    const cached = pathname.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    answer.writeHead(200, { ...HEADERS, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Cache-Control": cached });
    createReadStream(file).pipe(answer);
  });
}

function forward(asked, answer, api) {
  const { method, url, headers } = asked;
  const passed = request({ hostname: api.hostname, port: api.port || 80, method, path: url, headers: { ...headers, host: api.host } }, (told) => {
    answer.writeHead(told.statusCode, told.headers);
    told.pipe(answer);
  });
  passed.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
  asked.pipe(passed);
}

const here = fileURLToPath(import.meta.url);
if (argv[1] === here) {
  const [, , api = "http://127.0.0.1:8080", port = "5173"] = argv;
  serve(join(dirname(here), "dist"), api).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
}
