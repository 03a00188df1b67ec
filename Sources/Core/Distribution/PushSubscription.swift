package import CloudEvents

/// An HTTP endpoint to which the events of a subscription are posted.
package struct PushSubscription: Sendable, Hashable {
    /// How an event is written in a request (CloudEvents HTTP Protocol Binding).
    package enum Mode: String, Sendable, CaseIterable {
        case structured, binary
    }

    /// What a request shows to be let in: a value of a secret, in a header.
    package struct Credential: Sendable, Hashable {
        /// The scope whose secrets may leave the server in requests (K §2.12).
        package static let scope = "keptn-webhook-service"
        package static let headerDefault = "authorization"

        package var secret: String
        package var key: String
        package var header: String

        package init(secret: String, key: String, header: String = headerDefault) {
            self.secret = secret
            self.key = key
            self.header = header
        }

        /// What stands in the header: a value without a scheme is a bearer token in `Authorization`.
        package func value(of secret: String) -> String {
            header.lowercased() == Self.headerDefault && !secret.contains(" ") ? "Bearer \(secret)" : secret
        }

        package var missing: String { "there is no secret '\(secret)' with the key '\(key)' in scope \(Self.scope)" }
    }

    /// Unique.
    package var name: String
    /// Of this subscription and no other, also of none that had its name before.
    package var id: String
    /// Absolute, `http` or `https`.
    package var url: String
    package var mode: Mode
    /// Nil for an endpoint that wants none, or has one in its URL.
    package var credential: Credential?
    /// Event types; `*` stands for one word between dots, `>` at the end for one or more.
    package var events: [String]
    /// Only events of these; empty for all.
    package var projects: [String]
    package var stages: [String]
    package var services: [String]

    package init(
        name: String, id: String, url: String, mode: Mode = .structured, credential: Credential? = nil,
        events: [String],
        projects: [String] = [],
        stages: [String] = [], services: [String] = []
    ) {
        self.name = name
        self.id = id
        self.url = url
        self.mode = mode
        self.credential = credential
        self.events = events
        self.projects = projects
        self.stages = stages
        self.services = services
    }

    /// Under this name its way through the log is kept.
    package var cursorName: String { "push/\(id)" }

    /// The same wishes, whatever the id.
    package func isLike(_ other: Self) -> Bool {
        var other = other
        other.id = id
        return self == other
    }
}

// MARK: - Its form in the API and in the store

extension PushSubscription {
    package var json: JSON {
        func list(_ texts: [String]) -> JSON? { texts.isEmpty ? nil : .array(texts.map { .string($0) }) }
        return .object([
            ("name", .string(name)), ("id", .string(id)), ("url", .string(url)), ("mode", .string(mode.rawValue)),
            ("events", .array(events.map { .string($0) })), ("projects", list(projects)), ("stages", list(stages)),
            ("services", list(services)), ("credential", credential?.json),
        ])
    }

    /// Reads what a client wants.
    ///
    /// - Returns: All mistakes at once; none with a value.
    package static func reading(_ body: JSON, name: String, id: String) -> Result<Self, Mistakes> {
        var mistakes: [String] = []
        let known = ["name", "id", "url", "mode", "events", "projects", "stages", "services", "credential"]
        for member in body.members where !known.contains(member.key) {
            mistakes.append("unknown field '\(member.key)'; known are \(known.dropFirst(2).joined(separator: ", "))")
        }
        func list(_ field: String) -> [String] {
            guard let value = body[field], !value.isNull else { return [] }
            let texts = value.elements.compactMap(\.stringValue).filter { !$0.isEmpty }
            if value.kind != .array || texts.count != value.elements.count {
                mistakes.append("'\(field)' has to be a list of texts")
            }
            return texts
        }
        if !isName(name) {
            mistakes.append("'\(name)' cannot be a name: 1 to 100 letters, digits, '-', '_' and '.' are needed")
        }
        let url = body["url"]?.stringValue ?? ""
        if !Self.isUsable(url) {
            mistakes.append("'url' is '\(url)'; an absolute address such as https://host/path is needed")
        }
        let word = body["mode"]?.stringValue ?? Mode.structured.rawValue
        if Mode(rawValue: word) == nil { mistakes.append("'mode' is '\(word)'; structured or binary is needed") }
        let events = list("events")
        if events.isEmpty { mistakes.append("'events' has to list event types, such as sh.keptn.event.>") }
        for pattern in events where !Self.isPattern(pattern) {
            mistakes.append(
                "'\(pattern)' is no event type: words between dots, '*' for one of them, '>' at the end for the rest")
        }
        for pattern in WantedTypes(events).unsaid {
            mistakes.append("'\(pattern)': Keptn says nothing of that kind; \(CDEvents.types.joined(separator: ", "))")
        }
        let credential = Credential(body["credential"], &mistakes)
        let wanted = Self(
            name: name, id: id, url: url, mode: Mode(rawValue: word) ?? .structured, credential: credential,
            events: events, projects: list("projects"), stages: list("stages"), services: list("services"))
        return mistakes.isEmpty ? .success(wanted) : .failure(Mistakes(list: mistakes))
    }

    /// What is wrong with the wishes of a client.
    package struct Mistakes: Error, Sendable, Hashable, CustomStringConvertible {
        package let list: [String]
        package var description: String { list.joined(separator: "; ") }
    }

    private static func isName(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "-_.".unicodeScalars.contains($0))
            }
    }

    private static func isUsable(_ url: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: url.lowercased().hasPrefix) else { return false }
        let rest = url.dropFirst(scheme.count)
        return url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && rest.first.map { !"/?#:".contains($0) } == true
    }

    private static func isPattern(_ pattern: String) -> Bool {
        let words = pattern.split(separator: ".", omittingEmptySubsequences: false)
        return words.enumerated().allSatisfy { number, word in
            word == ">"
                ? number == words.count - 1 : word == "*" || (!word.isEmpty && !word.contains { "*> ".contains($0) })
        }
    }
}

extension PushSubscription.Credential {
    fileprivate var json: JSON { ["secret": .string(secret), "key": .string(key), "header": .string(header)] }

    /// Nil where there is none.
    fileprivate init?(_ json: JSON?, _ mistakes: inout [String]) {
        guard let json, !json.isNull else { return nil }
        for member in json.members where !["secret", "key", "header"].contains(member.key) {
            mistakes.append("unknown field 'credential.\(member.key)'; known are secret, key, header")
        }
        func text(_ field: String) -> String { json[field]?.stringValue ?? "" }
        for field in ["secret", "key"] where text(field).isEmpty {
            mistakes.append("'credential.\(field)' is missing: the secret's name and the key of its value are needed")
        }
        let header = text("header").isEmpty ? Self.headerDefault : text("header")
        if !Self.isUsable(header) {
            mistakes.append(
                "'credential.header' is '\(header)'; the name of a header that is not set already is needed")
        }
        self.init(secret: text("secret"), key: text("key"), header: header)
    }

    /// A token (RFC 9110 section 5.6.2) that neither the client nor the event's own headers need.
    private static func isUsable(_ header: String) -> Bool {
        let name = header.lowercased()
        let taken = ["host", "content-type", "content-length", "transfer-encoding", "connection"]
        return !taken.contains(name) && !name.hasPrefix("ce-") && !name.hasPrefix("keptn-")
            && name.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "!#$%&'*+-.^_`|~".unicodeScalars.contains($0))
            }
    }
}
