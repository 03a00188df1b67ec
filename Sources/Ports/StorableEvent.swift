package import CloudEvents

/// An event on its way into a store: as bytes, and exactly as it will be read back from them.
package struct StorableEvent: Sendable, Hashable {
    package let event: CloudEvent
    package let facts: EventFacts
    /// The structured JSON form.
    package let bytes: ArraySlice<UInt8>

    /// Refuses what could not be read back: such an event would stop everybody who reads the log.
    package init(_ event: CloudEvent) throws {
        var event = event
        event.time = event.time?.wholeMilliseconds
        let structured = event.structured
        if event.isCanonical {
            self.event = event
        } else {
            do {
                self.event = try CloudEvent(structured: structured)
            } catch {
                throw KeptnError(
                    .invalidInput, "event '\(event.id)' of type '\(event.type)' cannot be stored: \(error)")
            }
        }
        facts = EventFacts(of: self.event)
        bytes = structured.bytes
    }
}
