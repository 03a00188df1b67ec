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
    /// Throws when the body is no JSON, a template needs what is not there, or the events take too much.
    package func events(by hook: EventMappings.Hook) throws(HookMistake) -> (events: [Event], doubts: [String]) {
        let (payload, deliveryID) = try payload()
        let scene = Scene(payload: payload, headers: headers(showing: hook.authentication))
        var budget = Template.Budget()
        var found: [Event] = []
        var doubts: [String] = []
        for (number, mapping) in hook.events.enumerated() {
            let place = "hook '\(hook.name)', event \(number + 1)"
            for (index, scene) in try scene.scenes(for: mapping).enumerated() {
                do throws(TemplateMistake) {
                    guard try scene.applies(mapping.when, within: &budget) else { continue }
                } catch {
                    guard !budget.isExceeded else { throw HookMistake("\(place): when: \(error)") }
                    if doubts.count < Self.eventsMax { doubts.append("\(place): when: \(error)") }
                    continue
                }
                guard found.count < Self.eventsMax else {
                    throw HookMistake("the request stands for more than \(Self.eventsMax) events")
                }
                do throws(TemplateMistake) {
                    let told = try scene.filled(mapping.id, within: &budget)
                    found.append(
                        Event(
                            type: try scene.filled(mapping.type, within: &budget),
                            data: try scene.filled(mapping.data, within: &budget),
                            id: told.map { "\(number) \($0)" } ?? deliveryID.map { "\(number) \(index) \($0)" },
                            context: try scene.filled(mapping.context, within: &budget)))
                } catch {
                    throw HookMistake("\(place): \(error)")
                }
                guard !budget.isExceeded else { throw HookMistake("\(place): the request becomes too much text") }
            }
        }
        return (found, doubts)
    }

    /// Those that templates see: what shows who the sender is would end up in events that everybody reads.
    private func headers(showing authentication: EventMappings.Authentication) -> JSON {
        var shown = headers
        for name in ["authorization", "proxy-authorization", "cookie"] { shown[name] = nil }
        switch authentication {
        case .hmacSHA256(let header, _), .token(let header, _): shown[header] = nil
        case .bearer, .none: break
        }
        return .object(shown.mapValues { .string($0) })
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

    /// Headers that stay the same when a sender repeats a request, and only then: those of GitHub, GitLab (17.4), and
    /// Standard Webhooks. GitLab's `X-Gitlab-Event-UUID` is that of a whole chain of events.
    private static let deliveryHeaders = ["x-github-delivery", "idempotency-key", "webhook-id"]
}

/// Why a request to a hook is no event, in one sentence.
package struct HookMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
