import CloudEvents
import Foundation
import Testing

/// Our messages read by the CloudEvents SDK for Python, and its messages read by us. `KEPTN_TEST_PYTHON` names an
/// interpreter that has the package `cloudevents`; in CI it must.
@Suite("Python CloudEvents SDK", .enabled(if: Interpreter.path != nil || Interpreter.isDemanded))
struct PythonSDKTests {
    static let events: [CloudEvent] = {
        var full = CloudEventTests.full
        full.extensions["flag"] = nil  // The SDK turns a boolean into Python's word for it.
        var events = CloudEventTests.payloads.enumerated().map { index, payload in
            CloudEvent(id: "p\(index)", source: "/swift", type: "com.example.payload", data: payload)
        }
        events.append(full)
        events.append(
            CloudEvent(id: "x", source: "s", type: "t", dataContentType: "application/vnd.a+json", data: .json([:])))
        events.append(CloudEvent(id: "t", source: "s", type: "t", dataContentType: "text/xml", data: .text("<a>é</a>")))
        // The SDK stamps events that have no time.
        return events.map { event in
            var event = event
            event.time = event.time ?? Timestamp(seconds: 1_000_000_000)
            return event
        }
    }()

    @Test("Both directions agree on every attribute and on the data")
    func bothDirections() throws {
        let python = try #require(Interpreter.path, "KEPTN_TEST_PYTHON must be set in CI")
        let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (ours, theirs) = (folder.appending(path: "ours.jsonl"), folder.appending(path: "theirs.jsonl"))
        try Data(Self.ourLines().map { $0.text + "\n" }.joined().utf8).write(to: ours)

        let (status, output) = try Self.run(python, arguments: [Self.script, ours.path, theirs.path])
        #expect(status == 0, "\(output)")

        let lines = try Data(contentsOf: theirs).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 14)
        for line in lines { try Self.check(try JSON(parsing: Array(line))) }
    }
}

// MARK: - Our messages

extension PythonSDKTests {
    /// Each event in each mode, with what the SDK has to find.
    private static func ourLines() -> [JSON] {
        var lines: [JSON] = []
        let batch = CloudEvent.batchMessage(events)
        for (index, event) in events.enumerated() {
            lines.append(line(event.structuredMessage, mode: "structured", event: event))
            lines.append(line(event.binaryMessage, mode: "binary", event: event))
            lines.append(line(batch, mode: "batched", event: event).setting("index", to: .integer(index)))
        }
        return lines
    }

    private static func line(_ message: CloudEvent.HTTPMessage, mode: String, event: CloudEvent) -> JSON {
        var headers = Dictionary(message.headers.map { ($0.name, JSON.string($0.value)) }) { first, _ in first }
        headers["content-type"] = message.contentType.map { .string($0) }
        var attributes: [String: JSON] = [
            "specversion": "1.0", "id": .string(event.id), "source": .string(event.source), "type": .string(event.type),
        ]
        attributes["subject"] = event.subject.map { .string($0) }
        attributes["time"] = event.time.map { ["milliseconds": .integer($0.milliseconds)] }
        attributes["dataschema"] = event.dataSchema.map { .string($0) }
        attributes["datacontenttype"] = contentType(of: event, mode: mode).map { .string($0) }
        for (name, value) in event.extensions {
            attributes[name] = mode == "binary" ? event[name].map { .string($0) } : value
        }
        return [
            "mode": .string(mode), "headers": .object(headers), "body": .string(Base64.encode(message.body)),
            "attributes": .object(attributes), "data": data(of: event, mode: mode),
        ]
    }

    /// Events without a content type get the one that their data needs to be understood.
    private static func contentType(of event: CloudEvent, mode: String) -> String? {
        switch event.data {
        case .json?: event.dataContentType ?? (mode == "binary" ? "application/json" : nil)
        case .text?: event.dataContentType ?? "text/plain"
        case .binary?: event.dataContentType ?? (mode == "binary" ? "application/octet-stream" : nil)
        case nil: event.dataContentType
        }
    }

    private static func data(of event: CloudEvent, mode: String) -> JSON {
        switch event.data {
        case .json(let value)?: value
        case .text(let text)?: mode == "binary" && text.isEmpty ? .null : .string(text)
        case .binary(let bytes)?: ["base64": .string(Base64.encode(bytes))]
        case nil: .null
        }
    }
}

// MARK: - Their messages

extension PythonSDKTests {
    private static func check(_ line: JSON) throws {
        let headers = (line["headers"]?.members ?? []).map { (name: $0.key, value: $0.value.stringValue ?? "") }
        let body = try #require(Base64.decode(line["body"]?.stringValue ?? "?"))
        let message = CloudEvent.HTTPMessage(
            contentType: headers.first { $0.name == "content-type" }?.value, headers: headers, body: body)
        #expect(CloudEvent.mode(of: message)?.rawValue == line["mode"]?.stringValue)
        let event = try #require(try CloudEvent.events(in: message).first)

        var found: [String: JSON] = event.extensions
        found["specversion"] = "1.0"
        found["id"] = .string(event.id)
        found["source"] = .string(event.source)
        found["type"] = .string(event.type)
        found["subject"] = event.subject.map { .string($0) }
        found["time"] = event.time.map { ["milliseconds": .integer($0.milliseconds)] }
        found["datacontenttype"] = event.dataContentType.map { .string($0) }
        found["dataschema"] = event.dataSchema.map { .string($0) }
        let expected = Dictionary((line["attributes"]?.members ?? []).map { ($0.key, $0.value) }) { first, _ in first }
        #expect(found.mapValues(Self.rewritten) == expected.mapValues(Self.rewritten))

        let data = try #require(line["data"])
        switch event.data {
        case .json(let value)?: #expect(Self.rewritten(value) == Self.rewritten(data))
        case .text(let text)?: #expect(text == data.stringValue)
        case .binary(let bytes)?: #expect(Base64.encode(bytes) == data["base64"]?.stringValue)
        case nil: #expect(data.isNull)
        }
    }

    /// The same value in our spelling: Python escapes what is not ASCII, and puts blanks between members.
    private static func rewritten(_ json: JSON) -> String {
        switch json.kind {
        case .object: "{\(json.members.map { "\(JSON.string($0.key)):\(rewritten($0.value))" }.joined(separator: ","))}"
        case .array: "[\(json.elements.map(rewritten).joined(separator: ","))]"
        case .string: JSON.string(json.stringValue ?? "").text
        case .number, .boolean, .null: json.text
        }
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../CloudEventsSDK/check.py").standardizedFileURL.path

    private static func run(_ program: String, arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}

private enum Interpreter {
    static let path = ProcessInfo.processInfo.environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isDemanded = !(ProcessInfo.processInfo.environment["CI"] ?? "").isEmpty
}
