import CloudEvents
import Core
import KeptnModel
import Ports

/// Events and what they are made of.
extension FuzzTarget {
    static let events = [
        FuzzTarget(name: "json") { bytes in
            guard let json = try? JSON(parsing: bytes) else { return }
            require(
                ![json.bytes.first, json.bytes.last].contains { $0.map { $0 <= 0x20 } ?? true }, "white space around")
            check(json)
            require((try? JSON(parsing: json.pretty())) != nil, "the pretty form is no JSON")
        },
        FuzzTarget(name: "cloudevent-structured") { bytes in
            if let event = try? CloudEvent(structured: bytes) { check(event) }
        },
        FuzzTarget(name: "cloudevent-batch") { bytes in
            for event in (try? CloudEvent.batch(bytes)) ?? [] { check(event) }
        },
        FuzzTarget(name: "cloudevent-binary") { bytes in
            // As in HTTP: header fields, an empty line, the body.
            var message = CloudEvent.HTTPMessage(contentType: nil, body: bytes)
            while !message.body.isEmpty {
                let line = message.body.line
                message.body = line.rest
                if line.first.isEmpty { break }
                let field = line.first.split(separator: ":", maxSplits: 1).map { String($0) }
                guard field.count == 2 else { return }
                if field[0] == "content-type" {
                    message.contentType = field[1]
                } else {
                    message.headers.append((field[0], field[1]))
                }
            }
            for event in (try? CloudEvent.events(in: message)) ?? [] { check(event) }
        },
        FuzzTarget(name: "timestamp") { bytes in
            guard let time = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) else { return }
            require(Timestamp(rfc3339: time.rfc3339) == time.wholeMilliseconds, "\(time) is read back as another time")
        },
        FuzzTarget(name: "go-duration") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let duration = Duration(go: text) else { return }
            require(text.unicodeScalars.allSatisfy { "+-.0123456789nuµμmsh".unicodeScalars.contains($0) }, text)
            require(Duration(go: duration.go) == duration, "\(duration.go) is read back as another duration")
        },
        FuzzTarget(name: "event-type") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let type = EventType(text) else { return }
            require(type.text.utf8.elementsEqual(text.utf8), "'\(text)' became '\(type)'")
        },
        FuzzTarget(name: "payload-merge") { bytes in
            let payloads = bytes.documents.compactMap { try? JSON(parsing: $0) }
            guard payloads.count == 2 else { return }
            require(
                (try? JSON(parsing: payloads[0].merging(payloads[1]).bytes)) != nil, "the merged payload is no JSON")
        },
    ]

    /// Everything in a value can be looked at, and taken apart and put together again it is the same.
    private static func check(_ json: JSON) {
        switch json.kind {
        case .object:
            let members = json.members
            for (key, value) in members {
                check(value)
                let last = members.last { $0.key.utf8.elementsEqual(key.utf8) }
                require(json[key] == last?.value, "member '\(key)' is found as \(json[key]?.text ?? "nothing")")
            }
        case .array:
            for element in json.elements { check(element) }
        case .string:
            let text = json.stringValue ?? ""
            require(JSON.string(text).stringValue == text, "'\(text)' is another text when it was written")
        case .number:
            let number = json.doubleValue ?? .nan
            require(
                JSON.number(number).doubleValue == (number.isFinite ? number : nil),
                "\(number) is another number when it was written")
            if let whole = json.intValue { require(JSON.integer(whole).intValue == whole, "\(whole) is lost") }
        case .boolean, .null: break
        }
    }

    private static func check(_ event: CloudEvent) {
        let structured = event.structured
        require((try? JSON(parsing: structured.bytes)) != nil, "the structured form is no JSON: \(structured)")
        if let stored = try? StorableEvent(event) {
            require(
                (try? CloudEvent(structured: Array(stored.bytes))) == stored.event,
                "\(structured) is read back as another event")
        }
        for (name, value) in event.binaryMessage.headers {
            require(
                (name + value).utf8.allSatisfy { (0x21...0x7E).contains($0) }, "'\(name): \(value)' is no header field")
        }
        _ = event.keptnData?.scope
        _ = LogEntry(of: event, at: Timestamp(seconds: 0)) { $0 }
        _ = event.eventType
    }
}
