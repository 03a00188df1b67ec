import CloudEvents
import KeptnKit
import KeptnModel
import Ports

/// A subscription whose events come by a stream of server-sent events, and are settled by calls beside it.
actor HTTPSubscription: EventSubscription {
    private let connection: HTTPConnection
    private let client: String
    private let path: String
    private var chunks: any AsyncIteratorProtocol<[UInt8], any Error>
    private var messages = EventStreamMessages()
    /// What has come and was not asked for yet; no more than the subscription's window.
    private var early: ArraySlice<ReceivedEvent> = []

    /// What this subscription had before comes again.
    static func open(
        _ interest: Interest, as client: String, by connection: HTTPConnection
    ) async throws -> HTTPSubscription {
        let path = "/v1/subscriptions/\(URLText.encode(interest.name))"
        let query = [
            "events": interest.patterns.joined(separator: ","), "projects": interest.projects.joined(separator: ","),
            "stages": interest.stages.joined(separator: ","), "services": interest.services.joined(separator: ","),
            "window": "\(interest.window)", "client": client,
        ]
        let stream = try await connection.stream("\(path)/stream" + URLText.query(query.filter { $1 != "" }))
        return HTTPSubscription(connection, client: client, path: path, stream.makeAsyncIterator())
    }

    private init(
        _ connection: HTTPConnection, client: String, path: String,
        _ chunks: sending any AsyncIteratorProtocol<[UInt8], any Error>
    ) {
        self.connection = connection
        self.client = client
        self.path = path
        self.chunks = chunks
    }

    /// Throws `ControlPlaneError.unavailable` when the stream breaks: what was on its way is lost, and only a new
    /// subscription brings it again.
    func receive(upTo count: Int) async throws -> [ReceivedEvent] {
        while early.isEmpty { early = try messages.take(try await nextChunk()).map(Self.event)[...] }
        let first = early.prefix(count)
        early = early.dropFirst(first.count)
        return Array(first)
    }

    private func nextChunk() async throws -> [UInt8] {
        do {
            if let chunk = try await chunks.next(isolation: self) { return chunk }
        } catch {
            try Task.checkCancellation()
            throw ControlPlaneError(.unavailable, "the stream of events broke: \(error)")
        }
        try Task.checkCancellation()
        throw ControlPlaneError(.unavailable, "the stream of events ended")
    }

    func settle(_ positions: [Int64], sending events: [CloudEvent]) async throws {
        let body: JSON = [
            "positions": .array(positions.map { .integer($0) }), "events": .array(events.map(\.structured)),
            "client": .string(client),
        ]
        _ = try await connection.call("POST", "\(path)/settle", Array(body.bytes))
    }

    private static func event(_ message: EventStreamMessages.Message) throws -> ReceivedEvent {
        guard message.event != "taken-over" else {
            throw ControlPlaneError(
                .takenOver,
                "somebody else opened the subscription: replicas need a client of their own each (KEPTN_CLIENT)")
        }
        let delivery = try? JSON(parsing: message.data)
        guard let position = delivery?["position"]?.intValue, let event = delivery?["event"] else {
            throw ControlPlaneError(.rejected, "Keptn told a delivery without position or event")
        }
        return ReceivedEvent(
            position: Int64(position), event: try CloudEvent(structured: event),
            isRepeated: delivery?["repeated"]?.boolValue ?? false)
    }
}
