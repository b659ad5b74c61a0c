"""Stands between the connector and OpenPRM, to kill the connector at the worst moments: when a write has had its effect and its
answer is not there yet, and when a page of the feed was just read. Otherwise it passes everything on."""

import http.client
import http.server
import json
import threading
import time
import urllib.parse

PASSED_ON = ("content-type", "etag", "retry-after", "location", "idempotency-replayed")


class Gate(http.server.ThreadingHTTPServer):
    """Listens on a port of its own; `arm` it, and it calls `kill` once."""

    daemon_threads = True

    def __init__(self, url, kill, rng):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.kill, self.rng = urllib.parse.urlsplit(url), kill, rng
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.moment, self.fired, self.lock = None, 0, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def arm(self, moment):
        """`write` or `feed`."""
        with self.lock:
            self.moment = moment

    def fires(self, moment):
        """Whether it is armed for this moment; it is not any more then."""
        with self.lock:
            if self.moment != moment:
                return False
            self.moment, self.fired = None, self.fired + 1
            return True

    def handle_error(self, request, address):
        """A connection that broke: the connector was killed."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing."""

    def pass_on(self):
        gate, length = self.server, int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        answer = http.client.HTTPConnection(gate.upstream.hostname, gate.upstream.port, timeout=60)
        try:
            answer.request(self.command, self.path, body, headers)
            response = answer.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # as if there were nothing between
            return
        finally:
            answer.close()
        if self.command != "GET" and self.path.startswith("/v1/") and response.status < 300 and gate.fires("write"):
            gate.kill()
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() in PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()
        if self.path.startswith("/v1/events") and len(json.loads(text).get("data", [])) > 1 and gate.fires("feed"):
            time.sleep(gate.rng.uniform(0, 0.01))
            gate.kill()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on
