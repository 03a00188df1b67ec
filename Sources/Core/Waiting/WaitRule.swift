package import CloudEvents
package import KeptnModel

/// How long a `wait` task waits: its properties name a `duration` (as Go writes it, from the task's `.triggered` on)
/// or an instant, `until` (RFC 3339).
package struct WaitRule: Sendable, Hashable {
    package let until: Timestamp

    /// - Parameter properties: `data.wait`.
    package init(properties: JSON, triggeredAt: Timestamp) throws(UnusableProperty) {
        let (duration, until) = (properties["duration"].given, properties["until"].given)
        switch (duration, until) {
        case (nil, nil):
            throw UnusableProperty("wait", "needs a property: duration, such as 30m, or until, such as \(Self.example)")
        case (_?, _?):
            throw UnusableProperty("wait", "takes either duration or until, and has both")
        case (let value?, nil):
            self.until = triggeredAt + (try value.duration(of: "wait.duration", upTo: TaskDeadlines.announcedMax))
        case (nil, let value?):
            guard let instant = value.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else {
                throw UnusableProperty("wait.until", "is \(value.shown); an instant such as \(Self.example) is needed")
            }
            guard instant <= triggeredAt + TaskDeadlines.announcedMax else {
                throw UnusableProperty("wait.until", "is \(value.shown); a wait takes 366 days at most")
            }
            self.until = instant
        }
    }

    private static let example = "2026-12-24T18:00:00Z"
}

/// A property of a task in the shipyard that cannot be used.
package struct UnusableProperty: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ property: String, _ problem: String) { description = "\(property) \(problem)" }
}

extension JSON {
    /// A positive duration as Go writes it.
    package func duration(of property: String, upTo most: Duration) throws(UnusableProperty) -> Duration {
        guard let duration = stringValue.flatMap({ Duration(go: $0) }), duration > .zero else {
            throw UnusableProperty(property, "is \(shown); a duration such as 30s, 10m or 1h30m is needed")
        }
        guard duration <= most else { throw UnusableProperty(property, "is \(shown); \(most.go) is the most") }
        return duration
    }

    /// For messages, cut where it is long.
    package var shown: String {
        let text = stringValue ?? text
        return text.count > 60 ? "'\(text.prefix(60))…'" : "'\(text)'"
    }
}

extension JSON? {
    /// Nil where nothing is said: absent, null or empty.
    package var given: JSON? {
        guard let value = self, !value.isNull, value.stringValue != "" else { return nil }
        return value
    }
}
