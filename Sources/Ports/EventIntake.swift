package import CloudEvents

/// The door for events (implemented by eventbroker).
package protocol EventIntake: Sendable {
    /// The largest body that is read, in bytes.
    var bytesMax: Int { get }

    /// Takes the events of one HTTP message, durable when it returns, and says what it took, in their order. Throws
    /// `KeptnError.forbidden` for events of projects that the caller's grant does not reach.
    func accept(_ message: CloudEvent.HTTPMessage, from caller: Caller) async throws -> [AcceptedEvent]

    /// The same for events that a subscriber sends along with what it has done, to be stored by the caller: as they
    /// are, but for answers to approvals. Throws `KeptnError.conflict` for one that is not open (any more).
    func admit(_ events: [CloudEvent], from caller: Caller) async throws -> [CloudEvent]
}

/// An event that was taken.
package struct AcceptedEvent: Sendable, Hashable {
    package var context: String
    package var project: String?
    /// It came as clients of Keptn 0.5 and 0.6 send it: as CloudEvents 0.2.
    package var isOld: Bool

    package init(context: String, project: String?, isOld: Bool) {
        self.context = context
        self.project = project
        self.isOld = isOld
    }
}

/// For clients that read what they have just written.
package protocol EventBarrier: Sendable {
    /// Returns when whoever runs the sequences has handled everything up to the position.
    func handled(_ position: Position) async throws
}
