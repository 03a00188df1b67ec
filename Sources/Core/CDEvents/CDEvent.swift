package import CloudEvents

/// An event of another tool in the words of CDEvents 0.4 or 0.5.
package struct CDEvent: Sendable, Hashable {
    /// Together with `source` the identity of the event.
    package let id: String
    package let source: String
    package let type: CDEventType
    package let time: Timestamp
    /// The same for all events of one chain of work.
    package let chainID: String?
    /// The version of CDEvents that it follows, such as `0.5.1`.
    package let specVersion: String
    package let subject: Subject
    /// What the sender says besides: an object, or Base64 in a string.
    package let customData: JSON?

    /// What the event is about.
    package struct Subject: Sendable, Hashable {
        package let id: String
        /// That of the event where none is given.
        package let source: String
        package let content: JSON
    }

    /// What is wrong with it, all at once.
    package struct Mistakes: Error, Sendable, Hashable, CustomStringConvertible {
        package let list: [String]
        package var description: String { list.joined(separator: "; ") }
    }

    /// Reads what a CloudEvent carries.
    package static func reading(_ event: CloudEvent) -> Result<Self, Mistakes> {
        guard let json = event.json else {
            return .failure(Mistakes(list: ["the event has no JSON data; a CDEvent is needed there"]))
        }
        let type = json["context"]?["type"]?.stringValue
        guard type == nil || type == event.type else {
            return .failure(
                Mistakes(list: ["the event's type is '\(event.type)', but its 'context.type' is '\(type ?? "")'"]))
        }
        return reading(json)
    }

    /// Reads `context`, `subject` and `customData`. Types and members that CDEvents has got since are let through.
    package static func reading(_ json: JSON) -> Result<Self, Mistakes> {
        var reader = CDEventReader()
        let event = reader.event(json)
        return event.flatMap { reader.mistakes.isEmpty ? .success($0) : nil }
            ?? .failure(Mistakes(list: reader.mistakes))
    }
}

/// Takes a CDEvent apart and collects what is wrong with it.
struct CDEventReader {
    private(set) var mistakes: [String] = []

    mutating func event(_ json: JSON) -> CDEvent? {
        guard json.kind == .object else {
            mistakes.append("a CDEvent is a JSON object; this is a JSON \(json.kind.rawValue)")
            return nil
        }
        let context = object("context", in: json)
        let id = text("context.id", in: context)
        let source = text("context.source", in: context)
        let specVersion = specVersion(of: context)
        let type = type(of: context)
        let time = time(of: context)
        let chainID = context?["chainId"].flatMap { $0.isNull ? nil : text("context.chainId", in: context) }
        let about = object("subject", in: json)
        let subject = text("subject.id", in: about)
        let home = about?["source"].flatMap { $0.isNull ? nil : text("subject.source", in: about) }
        let content = object("subject.content", in: about)
        if let type, let content { check(content, of: type) }
        let customData = json["customData"].flatMap { $0.isNull ? nil : $0 }
        if let customData, customData.kind != .object, customData.kind != .string {
            mistakes.append("'customData' is a JSON \(customData.kind.rawValue); an object or Base64 text is needed")
        }
        guard let id, let source, let specVersion, let type, let time, let subject, let content else { return nil }
        return CDEvent(
            id: id, source: source, type: type, time: time, chainID: chainID, specVersion: specVersion,
            subject: CDEvent.Subject(id: subject, source: home ?? source, content: content), customData: customData)
    }

    /// `specversion` since 0.5, `version` before.
    private mutating func specVersion(of context: JSON?) -> String? {
        let isOld = context?["specversion"] == nil && context?["version"] != nil
        let path = isOld ? "context.version" : "context.specversion"
        guard let version = text(path, in: context) else { return nil }
        let words = version.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 3, words[0] == "0" else {
            mistakes.append("'\(path)' is '\(version)'; a version of CDEvents such as 0.5.1 is needed")
            return nil
        }
        return version
    }

    private mutating func type(of context: JSON?) -> CDEventType? {
        guard let text = text("context.type", in: context) else { return nil }
        guard let type = CDEventType(text) else {
            mistakes.append(
                "'context.type' is '\(text)'; dev.cdevents.SUBJECT.PREDICATE.VERSION is needed, such as "
                    + "dev.cdevents.artifact.published.0.3.0")
            return nil
        }
        return type
    }

    private mutating func time(of context: JSON?) -> Timestamp? {
        guard let text = text("context.timestamp", in: context) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            mistakes.append("'context.timestamp' is '\(text)'; a time such as 2006-01-02T15:04:05Z is needed")
            return nil
        }
        return time
    }
}

// MARK: - The content

extension CDEventReader {
    /// Nothing is known of a type that 0.5.1 does not have, nor of one that a tool has defined for itself.
    private mutating func check(_ content: JSON, of type: CDEventType) {
        guard let required = CDEventVocabulary.required(of: type) else { return }
        for name in required where content[name]?.isNull ?? true {
            mistakes.append("'subject.content.\(name)' is missing; \(type.subject) \(type.predicate) needs it")
        }
        for (name, value) in content.members where !value.isNull {
            let path = "subject.content.\(name)"
            if CDEventVocabulary.references.contains(name) {
                if object(path, in: content) != nil { _ = text("\(path).id", in: value) }
            } else if let words = CDEventVocabulary.choices(of: name, in: type) {
                if let word = text(path, in: content), !words.contains(word) {
                    mistakes.append("'\(path)' is '\(word)'; \(words.joined(separator: ", ")) are possible")
                }
            } else if required.contains(name) {
                _ = text(path, in: content)
            }
        }
    }

    /// The last word of the path is the name of the member.
    private mutating func text(_ path: String, in parent: JSON?) -> String? {
        guard let parent else { return nil }
        let value = parent[Self.name(path)] ?? .null
        guard let text = value.stringValue, !text.isEmpty else {
            let found = value.isNull ? "missing" : value.kind == .string ? "empty" : "a JSON \(value.kind.rawValue)"
            mistakes.append("'\(path)' is \(found); a text is needed")
            return nil
        }
        return text
    }

    private mutating func object(_ path: String, in parent: JSON?) -> JSON? {
        guard let parent else { return nil }
        let value = parent[Self.name(path)] ?? .null
        guard value.kind == .object else {
            let found = value.isNull ? "missing" : "a JSON \(value.kind.rawValue)"
            mistakes.append("'\(path)' is \(found); an object is needed")
            return nil
        }
        return value
    }

    private static func name(_ path: String) -> String {
        path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
