package import CloudEvents

/// Questions about stored events (K §2.5), for the API, the CLI, comparisons of evaluations and the Bridge.
package protocol EventQueries: Sendable {
    func events(_ query: EventQuery) async throws -> [RecordedEvent]
    /// The same with their number on all pages, which may cost more than the page.
    func page(_ query: EventQuery) async throws -> EventPage
    /// The same as they are stored, for who hands them on: nothing of them is read.
    /// - Parameter counts: whether their number on all pages is wanted.
    func documents(_ query: EventQuery, counts: Bool) async throws -> EventDocuments
}

extension EventQueries {
    package func documents(_ query: EventQuery, counts: Bool) async throws -> EventDocuments {
        let page = try await page(query)
        return EventDocuments(events: page.events.map(\.event.structured), total: counts ? page.total : nil)
    }
}

/// Which events, newest first; nil and empty mean any.
package struct EventQuery: Sendable, Hashable {
    package var id: String?
    package var context: String?
    package var type: String?
    package var project: String?
    package var stage: String?
    package var service: String?
    package var source: String?
    package var triggeredID: String?
    /// `data.result` is one of these.
    package var results: [String] = []
    /// Strictly after this `time`.
    package var from: Timestamp?
    /// Strictly before this `time`.
    package var before: Timestamp?
    /// Only the first event of each context.
    package var rootOnly = false
    /// Leaves out events whose `triggeredid` has an `.invalidated` event.
    package var excludeInvalidated = false
    package var offset = 0
    package var limit = 20

    package init() {}
}

package struct EventPage: Sendable, Hashable {
    package var events: [RecordedEvent]
    /// How many events match, on all pages.
    package var total: Int

    package init(events: [RecordedEvent], total: Int) {
        self.events = events
        self.total = total
    }
}

package struct EventDocuments: Sendable, Hashable {
    /// In the structured JSON form of CloudEvents 1.0.
    package var events: [JSON]
    /// How many events match, on all pages; nil where nobody asked.
    package var total: Int?

    package init(events: [JSON], total: Int?) {
        self.events = events
        self.total = total
    }
}

/// The one store behind the components: SQLite in the embedded form, MongoDB scaled out, memory in tests.
package typealias Store = EventLog & EventQueries & SequenceStore & SubscriptionStore & Overviews

extension String? {
    /// What a filter asks for: nil and empty both mean any.
    package var wanted: String? { self?.isEmpty == false ? self : nil }
}
