"""An HTTP server on the loopback address that misbehaves as it is told: the first folder of a path
says how, as in http://127.0.0.1:PORT/drop/train-images-idx3-ubyte.gz."""

import functools
import gzip
import http.server
import pathlib
import re
import socket
import ssl
import struct
import threading
import time

PIECE = 1 << 16


class Mirror(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, certificate=None):
        """Speaks TLS when it has a certificate, a PEM file with its key."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
        self.requests = []  # (path, first byte asked for)
        self.lock = threading.Lock()
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @functools.cached_property
    def bomb(self):
        packer = gzip.zlib.compressobj(9, gzip.zlib.DEFLATED, 31)
        zeros = bytes(1 << 20)
        return b"".join(packer.compress(zeros) for _ in range(1000)) + packer.flush()

    def seen(self, folder):
        """The requests to a folder so far, as (name, first byte)."""
        with self.lock:
            return [(path.split("/")[-1], start) for path, start in self.requests
                    if path.split("/")[1] == folder]

    def handle_error(self, request, client_address):
        pass  # clients that go away are what this is about


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        _, folder, name = self.path.split("/")
        asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        start = int(asked.group(1)) if asked else 0
        with self.server.lock:
            self.server.requests.append((self.path, start))
            count = sum(path == self.path for path, _ in self.server.requests)
        body = self.server.files[name]
        # good-1, good-2 and so on are good folders that can be told apart.
        getattr(self, re.sub(r"-\d+$", "", folder))(name, body, start, count)

    def head(self, status, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def pour(self, body, pause=0.0):
        for at in range(0, len(body), PIECE):
            self.wfile.write(body[at:at + PIECE])
            time.sleep(pause)

    def reset(self):
        """Drops the connection as a crashed machine does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def good(self, name, body, start, count, pause=0.0):
        if start >= len(body):
            self.head(416, 0, Content_Range=f"bytes */{len(body)}")
        elif start > 0:
            self.head(206, len(body) - start,
                      Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.pour(body[start:], pause)
        else:
            self.head(200, len(body))
            self.pour(body, pause)

    def slow(self, name, body, start, count):
        self.good(name, body, start, count, pause=0.01)

    def silent(self, name, body, start, count):
        """A little, and then nothing for as long as anybody waits."""
        self.head(200, len(body))
        self.pour(body[:2000])
        self.wfile.flush()
        time.sleep(15)

    def truncate(self, name, body, start, count):
        """Promises what is left of the file and closes after half of that."""
        self.head(206 if start else 200, len(body) - start,
                  Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.pour(body[start:(start + len(body)) // 2])
        self.close_connection = True

    def drop(self, name, body, start, count):
        """The connection breaks in the first two answers."""
        if count > 2:
            self.good(name, body, start, count)
        else:
            self.head(206 if start else 200, len(body) - start,
                      Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.pour(body[start:start + len(body) // 3])
            self.reset()

    def norange(self, name, body, start, count):
        """Breaks once, and then always begins at the beginning."""
        self.head(200, len(body))
        if count == 1:
            self.pour(body[:len(body) // 2])
            self.reset()
        else:
            self.pour(body)

    def otherrange(self, name, body, start, count):
        """Breaks once, and then goes on somewhere else than asked for."""
        if start == 0:
            self.norange(name, body, start, 1)
        else:
            self.head(206, len(body) - 5, Content_Range=f"bytes 5-{len(body) - 1}/{len(body)}")
            self.pour(body[5:])

    def cut(self, name, body, start, count):
        """An honest length of half a file."""
        self.good(name, body[:len(body) // 2], start, count)

    def wrong(self, name, body, start, count):
        """A gzip file of as many bytes, one of which is another."""
        content = bytearray(gzip.decompress(body))
        content[len(content) // 2] ^= 1
        self.good(name, gzip.compress(bytes(content), 1), start, count)

    def page(self, name, body, start, count):
        """What a network that wants a login answers to everything."""
        self.good(name, b"<html>Please log in</html>", start, count)

    def empty(self, name, body, start, count):
        self.head(200, 0)

    def missing(self, name, body, start, count):
        self.head(404, 0)

    def busy(self, name, body, start, count):
        self.head(503, 0) if count <= 2 else self.good(name, body, start, count)

    def broken(self, name, body, start, count):
        self.head(500, 0)

    def bomb(self, name, body, start, count):
        """A megabyte that unpacks to a thousand."""
        self.good(name, self.server.bomb, start, count)

    def endless(self, name, body, start, count):
        self.head(200)
        try:
            while True:
                self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def babble(self, name, body, start, count):
        """Something else than HTTP, as another service at the port."""
        self.wfile.write(b"220 ready\r\n" * 10)
        self.close_connection = True

    def redirect(self, name, body, start, count):
        """To a URL without encryption."""
        self.head(302, 0, Location=f"{self.server.url}/good-99/{name}")

    def local(self, name, body, start, count):
        """To a file of this machine."""
        self.head(302, 0, Location="file:///etc/passwd")
