import CloudEvents
import Testing

/// The cases of the CloudEvents project's own conformance feature for the HTTP binding, as whole HTTP requests.
@Suite("CloudEvents HTTP binding")
struct HTTPBindingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var contentType: String
        var mode: CloudEvent.HTTPMode
        /// What the event's `datacontenttype` has to be.
        var dataContentType: String
        var testDescription: String { "\(mode) \(contentType)" }

        /// The request on the wire.
        var request: String {
            let attributes = [
                ("specversion", "1.0"), ("type", "com.example.someevent"), ("time", "2018-04-05T03:56:24Z"),
                ("id", "1234-1234-1234"), ("source", "/mycontext/subcontext"),
            ]
            let data = #"{"message": "Hello World!"}"#
            let json =
                #"{\#(attributes.map { "\"\($0)\": \"\($1)\", " }.joined())"datacontenttype": "application/json", "#
            let headers = attributes.map { "ce-\($0): \($1)\r\n" }.joined()
            let body = mode == .binary ? data : json + "\"data\": \(data)}"
            return "POST /someresource HTTP/1.1\r\nHost: example.com\r\n\(mode == .binary ? headers : "")"
                + "Content-Type: \(contentType)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
    }

    static let cases = [
        Case(contentType: "application/json", mode: .binary, dataContentType: "application/json"),
        Case(
            contentType: "application/json; charset=utf-8", mode: .binary,
            dataContentType: "application/json; charset=utf-8"),
        Case(contentType: "application/cloudevents+json", mode: .structured, dataContentType: "application/json"),
        Case(
            contentType: "application/cloudevents+json; charset=utf-8", mode: .structured,
            dataContentType: "application/json"),
    ]

    @Test("A request becomes the event it carries", arguments: cases)
    func requests(test: Case) throws {
        let message = try Self.message(request: test.request)
        #expect(CloudEvent.mode(of: message) == test.mode)
        let event = try #require(try CloudEvent.events(in: message).first)
        #expect(event.id == "1234-1234-1234")
        #expect(event.type == "com.example.someevent")
        #expect(event.source == "/mycontext/subcontext")
        #expect(event.time == Timestamp(rfc3339: "2018-04-05T03:56:24Z"))
        #expect(event.dataContentType == test.dataContentType)
        #expect(event.json?["message"]?.stringValue == "Hello World!")
        #expect(event.extensions.isEmpty)
    }

    private static func message(request: String) throws -> CloudEvent.HTTPMessage {
        let lines = request.split(separator: "\r\n", omittingEmptySubsequences: false)
        let end = try #require(lines.firstIndex(of: ""))
        var message = CloudEvent.HTTPMessage(
            contentType: nil, body: Array(lines[(end + 1)...].joined(separator: "\r\n").utf8))
        for line in lines[1..<end] {
            let parts = line.split(separator: ": ", maxSplits: 1)
            if parts[0] == "Content-Type" { message.contentType = String(parts[1]) }
            message.headers.append((String(parts[0]), String(parts[1])))
        }
        return message
    }
}
