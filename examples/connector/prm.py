"""OpenPRM's API as a program calls it: tokens that renew themselves, and calls that are safe to repeat.

A call returns only with an answer that repeating it would not change. Lost connections, 429, 503 and what stands between says
(408, 502, 504) are waited out; that is safe because every write carries an Idempotency-Key, and the server keeps the first answer
with its effect.
"""

import base64
import http.client
import json
import random
import time
import urllib.parse

TIMEOUT = 60  # seconds; longer than the longest `wait` of the feed
AGAIN = (408, 429, 502, 503, 504)


class Answer:
    """Status, headers and the body as JSON."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __bool__(self):
        return self.status < 300

    @property
    def code(self):
        """The problem's code; empty if it is none."""
        return self.body.get("code", "") if isinstance(self.body, dict) else ""


class Api:
    """Calls with whatever token `sign_in` gets: (token, seconds that it is good for)."""

    def __init__(self, url, sign_in, tag=None):
        self.url, self.sign_in, self.tag = urllib.parse.urlsplit(url), sign_in, tag
        self.connection, self.token, self.renew_at, self.repeats = None, None, 0, 0

    def get(self, path, **query):
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", path + ("?" + urllib.parse.urlencode(given) if given else ""))

    def pages(self, path, **query):
        """Every record of a list."""
        cursor = None
        while True:
            page = self.get(path, limit=200, cursor=cursor, **query)
            if not page:
                raise RuntimeError(f"{path}: {page.status} {page.body}")
            yield from page.body["data"]
            cursor = page.body["next_cursor"]
            if cursor is None:
                return

    def call(self, method, path, body=None, key=None, revision=None):
        """One call, repeated until it is answered. `key` makes a write happen once; with `revision` it is refused with 412 if
        the record was changed since."""
        headers = {"Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        if self.tag:
            headers["Change-Origin"] = self.tag
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        fresh = False
        for attempt in range(1_000_000):
            if time.monotonic() >= self.renew_at:
                token, seconds = self.sign_in(self)
                # A third of its life is left when the next one is asked for.
                self.token, self.renew_at, fresh = token, time.monotonic() + seconds * 2 / 3, True
            answer = self.send(method, path, data, headers | {"Authorization": f"Bearer {self.token}"})
            if answer is None or answer.status in AGAIN or answer.code == "idempotency_in_progress":
                self.repeats += 1
                time.sleep(_pause(answer, attempt))
            elif answer.status == 401 and not fresh:
                self.renew_at = 0
            else:
                return answer

    def send(self, method, path, data, headers):
        """One request; None if the connection broke before the answer was whole."""
        try:
            if self.connection is None:
                secure = self.url.scheme == "https"
                kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
                self.connection = kind(self.url.hostname, self.url.port, timeout=TIMEOUT)
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
            text = response.read()
            return Answer(response.status, response.headers, _read(text))
        except (OSError, http.client.HTTPException):
            if self.connection:
                self.connection.close()
            self.connection = None
            return None


def _read(text):
    """The body; a page of whatever stands between is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return {"detail": text[:500].decode(errors="replace")}


def _pause(answer, attempt):
    """What the server asks for, else twice as long each time, up to half a minute; never the same for two callers."""
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    seconds = float(asked) if asked.isdigit() else min(30, 0.1 * 2 ** min(attempt, 9))
    return seconds * random.uniform(1, 1.25)


def client_credentials(client_id, secret):
    """Signs in as a service client (RFC 6749, section 4.4)."""
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return _signing_in("/oauth/token", b"grant_type=client_credentials", headers)


def password(email, secret):
    """Signs in as a person. For the check, which plays the people; a connector is no person."""
    body = json.dumps({"email": email, "password": secret}).encode()
    return _signing_in("/v1/auth/login", body, {"Content-Type": "application/json"})


def _signing_in(path, data, headers):
    def sign_in(api):
        for attempt in range(1_000_000):
            answer = api.send("POST", path, data, headers)
            if answer:
                return answer.body["access_token"], answer.body["expires_in"]
            if answer is not None and answer.status not in AGAIN:
                raise SystemExit(f"OpenPRM refuses to sign in: {answer.status} {answer.body}")
            time.sleep(_pause(answer, attempt))

    return sign_in
