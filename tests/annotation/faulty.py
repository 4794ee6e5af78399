"""A bad line to a real Label Studio: a proxy that loses answers, breaks them off, or says that it is busy."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Faulty:
    """Listens on a free port and passes everything on, but for the faults that are planned."""

    def __init__(self, target):
        self.faults, self.seen = [], []
        self.client = httpx.Client(base_url=target, timeout=60, trust_env=False)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.seen.append((self.command, self.path))
                fault = next((f for f in outer.faults if f[0] == self.command and f[1] in self.path), None)
                if fault is not None:
                    outer.faults.remove(fault)
                if fault is not None and isinstance(fault[2], int):
                    self.say(fault[2], b"busy", {"Retry-After": "0"})
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", "content-length"}}
                answer = outer.client.request(self.command, self.path, content=body, headers=headers)
                kept = {k: v for k, v in answer.headers.items() if k.lower() == "content-type"}
                self.say(answer.status_code, answer.content, kept, cut=fault is not None and fault[2])

            def say(self, status, body, headers, cut=""):
                if cut == "lost":
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut == "half" else body)
                self.close_connection = self.close_connection or cut == "half"

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.handle_any)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.client.close()
