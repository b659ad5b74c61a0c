"""What the load scripts share."""

import http.client
import json
import urllib.parse


class Client:
    """One connection, kept alive."""

    def __init__(self, url, token=None):
        self.address, self.token, self.connection = urllib.parse.urlsplit(url), token, None

    def call(self, method, path, body=None, headers=None):
        """The status, the body and the headers of the answer."""
        headers = {"content-type": "application/json", **(headers or {})}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if self.connection is None:
            kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
            self.connection = kind(self.address.netloc, timeout=60)
        self.connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None, answer.headers

    def get(self, path):
        """The body of an answer, which must be 200."""
        status, body, _ = self.call("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path} was answered {status}: {body}")
        return body
