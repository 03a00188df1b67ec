package import CloudEvents
import GoTemplate
package import KeptnModel

/// A request that came to a hook, and the events that it stands for.
package struct HookRequest: Sendable {
    /// Names in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    /// A request becomes so many events at most.
    package static let eventsMax = 100

    package init(headers: [String: String], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }

    // MARK: - Authentication

    /// Whether the sender knows the secret.
    ///
    /// - Parameters:
    ///   - secret: Nil when it cannot be read: then nobody knows it.
    ///   - mac: The HMAC-SHA256 of a message under a key.
    package func isAuthentic(
        for authentication: EventMappings.Authentication, secret: String?,
        mac: (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]
    ) -> Bool {
        if authentication == .none { return true }
        guard let secret, !secret.isEmpty else { return false }
        switch authentication {
        case .none: return true
        case .token(let header, _): return Self.isEqual(headers[header] ?? "", secret)
        case .bearer:
            let words = (headers["authorization"] ?? "").split(separator: " ")
            return words.count == 2 && words[0].lowercased() == "bearer" && Self.isEqual(String(words[1]), secret)
        case .hmacSHA256(let header, _):
            let given = (headers[header] ?? "").lowercased()
            let hex = given.hasPrefix("sha256=") ? String(given.dropFirst("sha256=".count)) : given
            return Self.isEqual(hex, Self.hex(mac(Array(secret.utf8), body)))
        }
    }

    /// In a time that does not tell where the first difference is.
    private static func isEqual(_ given: String, _ known: String) -> Bool {
        let (given, known) = (Array(given.utf8), Array(known.utf8))
        var difference = given.count ^ known.count
        for (index, byte) in known.enumerated() { difference |= Int(byte ^ (index < given.count ? given[index] : 0)) }
        return difference == 0
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    // MARK: - Events

    /// An event that a request stands for.
    package struct Event: Sendable, Hashable {
        package let type: String
        package let data: JSON
        /// Requests with the same text have one effect; nil for one that always has.
        package let id: String?
        /// Events with the same text belong to one run; nil for a run of its own.
        package let context: String?
    }

    /// The events, and why each of the others does not apply where its condition could not be told.
    ///
    /// Throws when the body is no JSON, or a template needs what is not there.
    package func events(by hook: EventMappings.Hook) throws(HookMistake) -> (events: [Event], doubts: [String]) {
        let (payload, deliveryID) = try payload()
        let root: JSON = ["payload": payload, "headers": .object(headers.mapValues { .string($0) })]
        var found: [Event] = []
        var doubts: [String] = []
        for (number, mapping) in hook.events.enumerated() {
            for (index, data) in try items(of: mapping, in: root).enumerated() {
                let place = "hook '\(hook.name)', event \(number + 1)"
                do throws(TemplateMistake) {
                    guard try Self.applies(mapping, to: data) else { continue }
                } catch {
                    doubts.append("\(place): when: \(error)")
                    continue
                }
                do throws(TemplateMistake) {
                    let told = try mapping.id.map { text throws(TemplateMistake) in try Self.filled(text, data) }
                    let id = told.map { "\(number) \($0)" } ?? deliveryID.map { "\(number) \(index) \($0)" }
                    found.append(
                        Event(
                            type: try Self.filled(mapping.type, data), data: try Self.filled(mapping.data, data),
                            id: id,
                            context: try mapping.context.map { text throws(TemplateMistake) in
                                try Self.filled(text, data)
                            }))
                } catch {
                    throw HookMistake("\(place): \(error)")
                }
            }
        }
        guard found.count <= Self.eventsMax else {
            throw HookMistake("the request stands for \(found.count) events; at most \(Self.eventsMax) are taken")
        }
        return (found, doubts)
    }

    /// The body, or the data of the CloudEvent in it; and what tells the request from others.
    private func payload() throws(HookMistake) -> (payload: JSON, deliveryID: String?) {
        let header = Self.deliveryHeaders.lazy.compactMap { name in headers[name].map { "\(name) \($0)" } }.first
        let message = CloudEvent.HTTPMessage(
            contentType: headers["content-type"], headers: headers.map { ($0.key, $0.value) }, body: body)
        do {
            let payload: JSON
            var id = header
            if let mode = CloudEvent.mode(of: message), mode != .batched {
                let event = try mode == .binary ? CloudEvent(binary: message) : CloudEvent(structured: body)
                payload = event.json ?? .null
                id = "\(event.source) \(event.id)"
            } else {
                payload = try JSON(parsing: body)
            }
            if let type = payload["context", "type"]?.stringValue, CDEventType.isClaimed(by: type) {
                _ = try CDEvent.reading(payload).get()
            }
            return (payload, id)
        } catch let error as JSONError {
            throw HookMistake("the body is no JSON: \(error)")
        } catch {
            throw HookMistake("\(error)")
        }
    }

    /// What templates see, once for each event.
    private func items(of mapping: EventMappings.Event, in root: JSON) throws(HookMistake) -> [JSON] {
        guard let path = mapping.forEach else { return [root] }
        let list = path.reduce(root["payload"] ?? .null) { $0[$1] ?? .null }
        guard list.kind == .array else {
            if list.isNull { return [] }
            throw HookMistake(
                "'\(path.joined(separator: "."))' of the payload is a JSON \(list.kind.rawValue), no list")
        }
        guard list.elements.count <= Self.eventsMax else {
            throw HookMistake("the list has \(list.elements.count) entries; at most \(Self.eventsMax) are taken")
        }
        return list.elements.map { root.setting("item", to: $0) }
    }

    private static func applies(_ mapping: EventMappings.Event, to data: JSON) throws(TemplateMistake) -> Bool {
        guard let when = mapping.when else { return true }
        let text = try Template(when).rendered(with: data, missingKey: .default)
        return text.filter { !$0.isWhitespace } == "true"
    }

    /// Headers in which senders number their requests.
    private static let deliveryHeaders = ["x-github-delivery", "x-gitlab-event-uuid", "x-request-id"]

    private static func filled(_ text: String, _ data: JSON) throws(TemplateMistake) -> String {
        try Template(text).rendered(with: data)
    }

    /// Each text is filled in by itself, so that no value can get out of its place.
    private static func filled(_ json: JSON, _ data: JSON) throws(TemplateMistake) -> JSON {
        switch json.kind {
        case .object:
            var members: [(key: String, value: JSON?)] = []
            for member in json.members { members.append((member.key, try filled(member.value, data))) }
            return .object(members)
        case .array:
            var elements: [JSON] = []
            for element in json.elements { elements.append(try filled(element, data)) }
            return .array(elements)
        case .string:
            let text = json.stringValue ?? ""
            if let path = path(of: text), let value = path.reduce(data, { $0?[$1] }) { return value }
            return .string(try filled(text, data))
        default: return json
        }
    }

    /// The parts of `{{ .a.b }}`; nil for every other text.
    private static func path(of text: String) -> [String]? {
        let inner = text.filter { $0 != " " }
        guard inner.hasPrefix("{{."), inner.hasSuffix("}}") else { return nil }
        let path = inner.dropFirst(3).dropLast(2)
        let isPath = path.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPath, !path.isEmpty else { return nil }
        return path.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    }
}

/// Why a request to a hook is no event, in one sentence.
package struct HookMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
