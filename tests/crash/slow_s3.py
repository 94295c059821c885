"""An S3 endpoint that takes what it is given, as slowly as a test says. It keeps nothing."""

import http.server
import threading

UPLOAD = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
WHOLE = b'<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>'


class SlowS3(http.server.ThreadingHTTPServer):
    """`with`: it listens. Parts of uploads wait for `go_on`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.go_on = threading.Event()
        self.held = 0 # parts that came

    @property
    def place(self):
        return "s3:http://127.0.0.1:%d" % self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.shutdown()
        self.server_close()

    def take_part(self):
        self.held += 1
        self.go_on.wait()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body=b""):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "partNumber=" in self.path:
            self.server.take_part()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"0"')
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True # whoever asked is gone

    def do_POST(self):
        self.answer(UPLOAD if self.path.endswith("uploads=") else WHOLE)

    do_PUT = do_DELETE = answer

    def log_message(self, *_): # pylint: disable=arguments-differ
        pass
