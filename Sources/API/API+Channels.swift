import CloudEvents
import Core
import HTTPTypes
import KeptnModel
package import Ports

extension API {
    /// The WebSocket of Keptn 0.5 (K §1.2): commands follow their run over it, and services tell of their work. Clients
    /// of that time open it at the very address that they know as the API's.
    package var sockets: [SocketRoute] {
        ["/", "/api", "/v1", "/api/v1", "/websocket", "/api/websocket"].map { path in
            SocketRoute(path) { try await channel(for: $0) }
        }
    }

    /// Who names the channel follows it. Both may write lines; a service names nothing and only writes.
    private func channel(for request: APIRequest) async throws -> Conversation {
        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] }.wanted }
        let channel = try parts.channels.channel(of: header("token") ?? "", at: parts.time.now)
        let conversation = Conversation { try await write($0, to: channel) }
        guard let name = header("x-keptn-ws-channel-id") ?? header("keptn-ws-channel-id") else { return conversation }
        guard name == channel.context else {
            throw KeptnError(.forbidden, "the header 'Token' is for channel \(channel.context); this is \(name)")
        }
        var following = conversation
        following.told = ChannelStream(
            log: parts.store, queries: parts.store, channel: channel, head: try await parts.store.head())
        return following
    }

    /// A line is an event like any other: stored, and then heard by whoever follows the run.
    private func write(_ text: [UInt8], to channel: Channel) async throws {
        guard let line = try? JSON(parsing: text), line["type"]?.stringValue == Legacy.OldType.log.rawValue,
            let data = line["data"], data.kind == .object, data["message"]?.stringValue != nil
        else {
            throw KeptnError(.invalidInput, "a message is a \(Legacy.OldType.log.rawValue) event with data.message")
        }
        let context = line[CloudEvent.KeptnExtension.context]?.stringValue
        guard context.wanted ?? channel.context == channel.context else {
            throw KeptnError(.forbidden, "the channel's token is for \(channel.context), not for \(context ?? "")")
        }
        let event = line.setting(CloudEvent.KeptnExtension.context, to: .string(channel.context))
            .setting("data", to: data.setting("project", to: channel.project.map { .string($0) }))
        let grant = Grant(scopes: [.eventsWrite], projects: channel.project.map { [$0] })
        do {
            _ = try await parts.intake.accept(
                CloudEvent.HTTPMessage(contentType: CloudEvent.structuredContentType, body: Array(event.bytes)),
                from: Caller(name: "channel \(channel.context)", grant: grant))
        } catch let error as CloudEventError {
            throw KeptnError(.invalidInput, error.description)
        }
    }

    /// What a client of Keptn 0.5 or 0.6 hears of the event that it has sent: in both forms, of which each finds its
    /// own (0.5 an event with `data.channelInfo`, 0.6 `keptnContext` and `token`).
    func channelInfo(_ event: AcceptedEvent) -> APIResponse {
        let channel = Channel(context: event.context, project: event.project)
        let token = JSON.string(parts.channels.token(for: channel, at: parts.time.now))
        let context = JSON.string(event.context)
        let answer: JSON = [
            "specversion": "0.2", "type": "ChannelInfo", "source": "api", "id": .string(parts.ids.newID()),
            "time": .string(parts.time.now.rfc3339), "contenttype": "application/json", "shkeptncontext": context,
            "data": ["channelInfo": ["token": token, "channelID": context]],
            "keptnContext": context, "token": token,
        ]
        return APIResponse(contentType: CloudEvent.structuredContentType, body: Array(answer.bytes))
    }
}

/// The lines of a run from its beginning on, until it is over.
struct ChannelStream: AsyncSequence, Sendable {
    typealias Failure = any Error

    let log: any EventLog
    let queries: any EventQueries
    let channel: Channel
    /// Where the log ended when the client came: before, the run is looked up; behind, the log is read.
    let head: Position

    /// How many of its last events are told of a run that goes on already.
    private static let historyMax = 2000
    private static let batch = 256

    func makeAsyncIterator() -> Iterator { Iterator(stream: self, position: head) }

    struct Iterator: AsyncIteratorProtocol {
        private let stream: ChannelStream
        private var position: Position
        private var hasBegun = false
        private var said = ChannelLog()
        private var lines: ArraySlice<CloudEvent> = []

        init(stream: ChannelStream, position: Position) {
            self.stream = stream
            self.position = position
        }

        mutating func next() async throws -> [UInt8]? {
            while true {
                if let line = lines.popFirst() { return Array(line.structured(as: Legacy.version).bytes) }
                guard !said.isClosed else { return nil }
                let events = try await more()
                for event in events where !said.isClosed && stream.isWanted(event) {
                    if let line = said.line(about: event.event) { lines.append(line) }
                }
                guard events.isEmpty else { continue }
                if said.isOver { lines.append(contentsOf: [said.close()].compactMap(\.self)) } else { try await wait() }
            }
        }

        /// The next stretch; empty at the end of the log.
        private mutating func more() async throws -> [RecordedEvent] {
            guard hasBegun else {
                hasBegun = true
                return try await stream.history()
            }
            let events = try await stream.log.events(after: position, limit: ChannelStream.batch)
            position = events.last?.position ?? position
            return events
        }

        private func wait() async throws {
            let stream = stream
            try await stream.log.waitForEvents(after: position, matching: stream.isWanted)
        }
    }

    private func history() async throws -> [RecordedEvent] {
        var query = EventQuery()
        (query.context, query.project, query.limit) = (channel.context, channel.project, Self.historyMax)
        return try await queries.events(query).reversed().filter { $0.position <= head }
    }

    private func isWanted(_ event: RecordedEvent) -> Bool {
        event.facts.context == channel.context && (channel.project == nil || event.facts.project == channel.project)
    }
}
