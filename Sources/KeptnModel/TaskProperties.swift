package import CloudEvents

/// What the shipyard's properties of a task are limited to, beside their own rules.
package enum TaskProperties {
    /// No task is let wait for longer than this.
    package static let timeMax = Duration.seconds(366 * 86_400)
}

/// A property of a task in the shipyard that cannot be used.
package struct UnusableProperty: Error, Sendable, Hashable, CustomStringConvertible {
    /// Such as `duration`; nil where it is about all properties together.
    package let key: String?
    package let description: String

    package init(task: String, key: String? = nil, _ problem: String) {
        self.key = key
        description = "\(key.map { "\(task).\($0)" } ?? task) \(problem)"
    }
}

/// How long a `wait` task waits: its properties name a `duration` (as Go writes it, from the task's `.triggered` on)
/// or an instant, `until` (RFC 3339).
package enum WaitTerms: Sendable, Hashable {
    case duration(Duration)
    case until(Timestamp)

    package static let task = "wait"
    private static let example = "2026-12-24T18:00:00Z"

    /// - Parameter properties: `data.wait`.
    package init(properties: JSON) throws(UnusableProperty) {
        switch (properties["duration"].given, properties["until"].given) {
        case (nil, nil):
            throw UnusableProperty(
                task: Self.task,
                "needs a property: duration, such as 30m, or until, such as \(Self.example)")
        case (_?, _?): throw UnusableProperty(task: Self.task, "takes either duration or until, and has both")
        case (let value?, nil): self = .duration(try value.duration(of: Self.task, "duration"))
        case (nil, let value?):
            guard let instant = value.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else {
                throw UnusableProperty(
                    task: Self.task, key: "until",
                    "is \(value.shown); an instant such as \(Self.example) is needed")
            }
            self = .until(instant)
        }
    }

    package func end(triggeredAt start: Timestamp) throws(UnusableProperty) -> Timestamp {
        switch self {
        case .duration(let duration): return start + duration
        case .until(let instant):
            guard instant <= start + TaskProperties.timeMax else {
                throw UnusableProperty(
                    task: Self.task, key: "until", "is '\(instant.rfc3339)'; a wait takes 366 days at most")
            }
            return instant
        }
    }
}

extension JSON {
    /// A positive duration as Go writes it, at most `TaskProperties.timeMax`.
    func duration(of task: String, _ key: String) throws(UnusableProperty) -> Duration {
        guard let duration = stringValue.flatMap({ Duration(go: $0) }), duration > .zero else {
            throw UnusableProperty(
                task: task, key: key, "is \(shown); a duration such as 30s, 10m or 1h30m is needed")
        }
        guard duration <= TaskProperties.timeMax else {
            throw UnusableProperty(task: task, key: key, "is \(shown); \(TaskProperties.timeMax.go) is the most")
        }
        return duration
    }

    /// For messages, cut where it is long.
    var shown: String {
        let text = stringValue ?? text
        return text.count > 60 ? "'\(text.prefix(60))…'" : "'\(text)'"
    }
}

extension JSON? {
    /// Nil where nothing is said: absent, null or empty.
    var given: JSON? {
        guard let value = self, !value.isNull, value.stringValue != "" else { return nil }
        return value
    }
}
