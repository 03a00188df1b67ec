package import CloudEvents

/// What a subscriber wants to hear, by patterns of event types, and in whose words: those of Keptn, of Keptn 0.5 or of
/// CDEvents. Whose they are is told by the types themselves.
package struct WantedTypes: Sendable, Hashable {
    private let keptn: [String]
    private let old: [Legacy.OldType]
    private let cdEvents: [String]
    /// Of Keptn's own types, and of those out of which CDEvents come.
    private let keptnFilter: SubscriptionFilter
    private let cdEventsFilter: SubscriptionFilter

    /// Types that Keptn 0.5 and Keptn of today have in common are those of today.
    private static let common: [Legacy.OldType] = [.problem, .monitoringConfigure]

    /// - Parameter patterns: With the wildcards of NATS subjects; types of Keptn 0.5 only as they are.
    package init(_ patterns: [String]) {
        var (keptn, old, cdEvents): ([String], [Legacy.OldType], [String]) = ([], [], [])
        for pattern in patterns {
            if let type = Legacy.OldType(rawValue: pattern), !Self.common.contains(type) {
                old.append(type)
            } else if pattern.hasPrefix(Self.cdEventsPrefix) {
                cdEvents.append(pattern)
            } else {
                keptn.append(pattern)
            }
        }
        (self.keptn, self.old, self.cdEvents) = (keptn, old, cdEvents)
        keptnFilter = SubscriptionFilter(patterns: keptn)
        cdEventsFilter = SubscriptionFilter(patterns: cdEvents.flatMap { CDEvents.canonicalPatterns(for: $0) })
    }

    /// Of `dev.cdevents` and `dev.cdeventsx`.
    private static let cdEventsPrefix = "dev.cdevents"

    /// The types of the log out of which come the wanted ones.
    package var canonical: [String] {
        let others = old.flatMap(\.canonicalPatterns) + cdEvents.flatMap { CDEvents.canonicalPatterns(for: $0) }
        return keptn + Set(others).subtracting(keptn).sorted()
    }

    /// Patterns of other vocabularies in which nothing is ever said.
    package var unsaid: [String] { cdEvents.filter { CDEvents.canonicalPatterns(for: $0).isEmpty } }

    /// The version of CloudEvents in which events of a type are written.
    package static func version(of type: String) -> CloudEvent.SpecVersion {
        Legacy.OldType(rawValue: type).map { common.contains($0) ? .v1_0 : Legacy.version } ?? .v1_0
    }

    /// The types of Keptn 0.5 as which the event may have to be said; then its surroundings have to be known.
    package func oldTypes(of event: CloudEvent) -> [Legacy.OldType] {
        old.filter { Self.matches(SubscriptionFilter(patterns: $0.canonicalPatterns), event.type) }
    }

    /// The same for CDEvents.
    package func wantsCDEvents(of event: CloudEvent) -> Bool {
        !cdEvents.isEmpty && Self.matches(cdEventsFilter, event.type)
    }

    /// The event in all words that are wanted; none where it means nothing in them.
    ///
    /// - Parameters:
    ///   - old: It as an event of this type of Keptn 0.5.
    ///   - inCDEvents: It in CDEvents.
    package func said(
        _ event: CloudEvent, old: (Legacy.OldType) -> CloudEvent?, inCDEvents: () -> [CloudEvent]
    ) -> [SaidEvent] {
        var said: [SaidEvent] = []
        if Self.matches(keptnFilter, event.type) { said.append(SaidEvent(event)) }
        said += oldTypes(of: event).compactMap(old).map { SaidEvent($0, as: Legacy.version) }
        if wantsCDEvents(of: event) {
            let wanted = SubscriptionFilter(patterns: cdEvents)
            said += inCDEvents().filter { Self.matches(wanted, $0.type) }.map { SaidEvent($0) }
        }
        return said
    }

    private static func matches(_ filter: SubscriptionFilter, _ type: String) -> Bool {
        filter.matches(type: type, project: nil, stage: nil, service: nil)
    }
}

/// An event as a subscriber gets it: in the words of its vocabulary and of its version of CloudEvents.
package struct SaidEvent: Sendable, Hashable {
    package let event: CloudEvent
    package let version: CloudEvent.SpecVersion

    package init(_ event: CloudEvent, as version: CloudEvent.SpecVersion = .v1_0) {
        self.event = event
        self.version = version
    }

    package var structured: JSON { event.structured(as: version) }
    package var structuredMessage: CloudEvent.HTTPMessage { event.structuredMessage(as: version) }
    package var binaryMessage: CloudEvent.HTTPMessage { event.binaryMessage(as: version) }
}
