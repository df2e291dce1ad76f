"""Keeps what is put under a path, and gives it back. Arguments: where to listen, which is
the name of a socket file, or `tcp` for a port that is then printed."""

import http.server
import socketserver
import sys

kept = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = kept.get(self.path)
        self.send_response(404 if body is None else 200)
        if self.request_version != "HTTP/1.0":
            self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_PUT(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self.chunks())
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        kept[self.path] = body
        answer = b"%d\n" % len(body)
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT

    def chunks(self):
        while length := int(self.rfile.readline(), 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *args):
        pass

    def address_string(self):
        return "local"


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    request_queue_size = 100


class TcpServer(http.server.ThreadingHTTPServer):
    request_queue_size = 100


if sys.argv[1] == "tcp":
    server = TcpServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
else:
    server = UnixServer(sys.argv[1], Handler)
server.serve_forever()
