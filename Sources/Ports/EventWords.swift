package import Core

/// Says events in the words that a subscriber asks for (implemented by distributor).
package protocol EventWords: Sendable {
    /// The event in all wanted words: itself where its own type is wanted, and what it is called by others.
    func said(_ recorded: RecordedEvent, to wanted: WantedTypes) async throws -> [SaidEvent]
}
