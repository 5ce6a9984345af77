"""A company's own site, on another host than ours, with whatever it includes from us."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<h1>Find out what your website keeps from you</h1><p>Three working days, one clear report.</p>{}</html>"""


class Site:
    """`included` is what stands in every page; read anew with each request."""

    def __init__(self) -> None:
        self.included = ""
        site = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = BODY.format(site.included).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                # what a careful site says: our script, our frame, and nothing inline
                ours = site.included.partition('src="')[2].partition("/embed")[0].partition("/chat")[0]
                policy = f"default-src 'none'; script-src {ours}; frame-src {ours}; style-src 'none'"
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        port = self.server.server_port
        self.listed, self.unlisted = f"http://localhost:{port}", f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def serving():
    site = Site()
    threading.Thread(target=site.server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
