import FoundationEssentials
import Ports
import ProcessRuntime
import Testing

/// A small HTTP server in Python, to stand behind the proxy: `python3 server.py PORT NAME [FLAGS]`.
package enum TestUpstream {
    /// Writes the program into a folder and returns its path.
    package static func write(to folder: String) throws -> String {
        let path = "\(folder)/server.py"
        try program.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// What it answers to a path:
    /// `/slow` after 300 ms, `/late` after 5 s, `/abort` half of it, `/hangup` nothing, `/stream` in chunks, `/500` an
    /// error, `/to?URL` a redirect to this URL, `/loop` one to itself, everything else at once; always with what it
    /// received, as JSON.
    /// Flags: `rude` closes each connection after an answer without having said so; `sick` is never healthy.
    private static let program = """
        import json, os, signal, socketserver, sys, threading, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        port, name, flags = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
        print("serving", port, flush=True)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def body(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    total = b""
                    while True:
                        size = int(self.rfile.readline(), 16)
                        total += self.rfile.read(size)
                        self.rfile.readline()
                        if size == 0: return total
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            def answer(self):
                body = self.body()
                if self.path == "/hangup":
                    self.close_connection = True
                    return
                if self.path == "/crash": os._exit(9)
                if self.path == "/slow": time.sleep(0.3)
                if self.path == "/late": time.sleep(5)
                sick = "sick" in flags and self.path == "/health"
                content = json.dumps({
                    "name": name, "pid": os.getpid(), "path": self.path, "method": self.command, "length": len(body),
                    "headers": {key.lower(): value for key, value in self.headers.items()}}).encode()
                moved = self.path == "/loop" or self.path.startswith("/to?")
                self.send_response(302 if moved else 503 if sick else 500 if self.path == "/500" else 200)
                if moved: self.send_header("Location", self.path[4:] if "?" in self.path else self.path)
                self.send_header("X-Name", name)
                if self.path == "/stream":
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for part in (content[:10], content[10:]):
                        self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(part), part))
                        self.wfile.flush()
                    self.wfile.write(b"0\\r\\n\\r\\n")
                else:
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    if self.path == "/abort":
                        self.wfile.write(content[:10])
                        self.close_connection = True
                    elif self.command != "HEAD":
                        self.wfile.write(content)
                if "rude" in flags: self.close_connection = True
            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

        Server(("127.0.0.1", port), Handler).serve_forever()
        """
}

/// Gives the body the URL of a server that answers as `TestUpstream` says.
package func withTestUpstream(_ body: (_ url: String) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
        let processes = LocalProcesses(name: folder, time: MachineTime())
        let program = try TestUpstream.write(to: folder)
        let port = try await processes.freePort()
        let process = try await processes.start(
            ProcessCommand(
                program: "python3", arguments: [program, String(port), "server"], environment: [:],
                folder: folder, logFile: "\(folder)/server.log"))
        do {
            try await eventually("the server is up") {
                await HTTPHealthProbe().problem(
                    at: Endpoint(port: port), path: "/health", timeout: .seconds(2)) == nil
            }
            try await body("http://127.0.0.1:\(port)")
        } catch {
            await processes.stop(process, grace: .zero)
            throw error
        }
        await processes.stop(process, grace: .zero)
    }
}
