import HTTPServing
import Testing

@Suite("The first request of a connection") struct FirstRequestTests {
    @Test(
        "Only a GET that asks for a WebSocket opens one, as soon as it has said so",
        arguments: [
            ("", nil), ("GE", nil), ("GET /api HTTP/1.1\r\nHost: x\r\n", nil), ("POST", false), ("\u{16}\u{3}", false),
            ("GET /api HTTP/1.1\r\nHost: x\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nUpgrade: websocket\r\n", true), ("GET / HTTP/1.1\r\nUpgrade: websocket", nil),
            ("GET / HTTP/1.1\nUPGRADE:\tfoo, WebSocket\n\n", true),
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nX-Upgrade: websocket\r\n\r\n", false),
            ("GET / HTTP/1.1\r\n\r\nUpgrade: websocket\r\n", false),
            ("POST / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", false),
        ] as [(String, Bool?)])
    func heads(_ text: String, _ opens: Bool?) {
        #expect(FirstRequest.opensWebSocket(Array(text.utf8)) == opens)
    }

    @Test("An endless head is served as plain HTTP, which bounds it")
    func endless() {
        let head = "GET /" + String(repeating: "a", count: FirstRequest.headMax)
        #expect(FirstRequest.opensWebSocket(Array(head.utf8)) == false)
    }
}
