import CloudEvents
import Core
import HTTPTypes
import Ports

extension API {
    /// What happens, while it happens: server-sent events (https://html.spec.whatwg.org, section 9.2).
    var streamRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/v1/stream") { request in
                let head = try await parts.store.head()
                func list(_ name: String) -> [String] { request.query(name).map { [$0] } ?? [] }
                let types = WantedTypes([request.query("type") ?? ">"])
                let events = EventStream(
                    log: parts.store, time: parts.time, words: parts.words, types: types,
                    start: try Self.start(request, head: head),
                    filter: SubscriptionFilter(
                        patterns: types.canonical, projects: try Self.projects(request), stages: list("stage"),
                        services: list("service")),
                    context: request.query("keptnContext"), isFactsOnly: try Self.isFactsOnly(request))
                var response = APIResponse(contentType: "text/event-stream", body: [])
                response.headers[.cacheControl] = "no-store"
                response.stream = events
                return response
            }
        ]
    }

    /// The one that is asked for, else all that the caller may see; empty for those who may see every one.
    private static func projects(_ request: APIRequest) throws -> [String] {
        let named = request.query("project")
        guard named != nil || request.caller.grant.projects?.isEmpty == true else {
            return request.caller.grant.projects?.sorted() ?? []
        }
        try request.caller.require(project: named)
        return named.map { [$0] } ?? []
    }

    /// `view=facts`: what an event is about, without what it says.
    private static func isFactsOnly(_ request: APIRequest) throws -> Bool {
        guard let view = request.query("view") else { return false }
        guard view == "facts" else {
            throw KeptnError(.invalidInput, "view is '\(view)'; 'facts' or none is needed")
        }
        return true
    }

    /// Behind the event that the client saw last, or behind the newest one. A client whose first request cannot have
    /// the header says it in the query; `missedMax` is for those who would rather look anew than hear of more than so
    /// many events.
    private static func start(_ request: APIRequest, head: Position) throws -> EventStream.Start {
        let header = HTTPField.Name("last-event-id").flatMap { request.headers[$0] }
        guard let text = header.wanted ?? request.query("lastEventId") else { return EventStream.Start(position: head) }
        guard let number = Int64(text), number >= 0 else {
            throw KeptnError(
                .invalidInput, "Last-Event-ID is '\(text)'; the id of an event of this stream is needed, or 0 for all")
        }
        let last = Position(number)
        guard let most = request.query("missedMax") else { return EventStream.Start(position: min(last, head)) }
        guard let missedMax = Int64(most), missedMax >= 0 else {
            throw KeptnError(.invalidInput, "missedMax is '\(most)'; a number of events is needed")
        }
        // An id that is ahead is one of another log: nobody knows what its client has missed.
        let isTold = last <= head && head.value - last.value <= missedMax
        return isTold ? EventStream.Start(position: last) : EventStream.Start(position: head, skippedFrom: last)
    }
}

extension API {
    /// One server-sent event. Bytes of users: JSON may stand on several lines, of which each is a line of data.
    static func message(id: String, event: String? = nil, _ json: some Collection<UInt8>) -> [UInt8] {
        var text = Array("id: \(id)\n".utf8)
        if let event { text += "event: \(event)\n".utf8 }
        for line in json.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            text += "data: ".utf8
            text += line
            text.append(UInt8(ascii: "\n"))
        }
        text.append(UInt8(ascii: "\n"))
        return text
    }
}

/// The log from a position on, as the text of server-sent events; it never ends by itself.
///
/// It reads ahead by nothing: the next stretch of the log is read when the client has taken the one before. So a slow
/// client costs no memory, and loses nothing.
struct EventStream: AsyncSequence, Sendable {
    typealias Failure = any Error

    let log: any EventLog
    let time: any TimeSource
    let words: any EventWords
    let types: WantedTypes
    let start: Start
    let filter: SubscriptionFilter
    let context: String?
    let isFactsOnly: Bool

    /// Whoever stands between us and the client shall not take the connection for dead.
    static let keepAlive = Duration.seconds(15)
    private static let batch = 256

    /// Where a stream begins.
    struct Start: Sendable {
        var position: Position
        /// What the client saw last, when it is not told what came between.
        var skippedFrom: Position?
    }

    func makeAsyncIterator() -> Iterator { Iterator(stream: self, position: start.position) }

    struct Iterator: AsyncIteratorProtocol {
        let stream: EventStream
        var position: Position
        private var hasBegun = false

        init(stream: EventStream, position: Position) {
            self.stream = stream
            self.position = position
        }

        mutating func next() async throws -> [UInt8]? {
            guard hasBegun else {
                hasBegun = true
                return stream.beginning
            }
            let end = stream.time.now + EventStream.keepAlive
            while true {
                let events = try await stream.log.events(after: position, limit: EventStream.batch)
                if let last = events.last {
                    position = last.position
                    var text: [UInt8] = []
                    for event in events where stream.isWanted(event) { text += try await stream.text(of: event) }
                    if !text.isEmpty { return text }
                    // Nor shall it be taken for dead while only events come that it does not want.
                    if stream.time.now < end { continue }
                } else if try await stream.hasNews(after: position, until: end) {
                    continue
                }
                return Array("id: \(position.value)\n: nothing new\n\n".utf8)
            }
        }
    }

    /// An id without data: a client that sees no event resumes from here all the same.
    private var beginning: [UInt8] {
        let id = "id: \(start.position.value)\n"
        let skipped = start.skippedFrom.map {
            "event: skipped\ndata: {\"from\":\($0.value),\"to\":\(start.position.value)}\n"
        }
        return Array("retry: 2000\n\(id)\(skipped ?? "")\n".utf8)
    }

    private func isWanted(_ event: RecordedEvent) -> Bool {
        let facts = event.facts
        return (context ?? facts.context) == facts.context
            && filter.matches(
                type: event.event.type, project: facts.project, stage: facts.stage, service: facts.service)
    }

    /// False when nothing came until then.
    private func hasNews(after position: Position, until end: Timestamp) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await log.waitForEvents(after: position, matching: isWanted)
                return true
            }
            group.addTask {
                try await time.sleep(until: end)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    private func text(of recorded: RecordedEvent) async throws -> [UInt8] {
        let id = "\(recorded.position.value)"
        guard !isFactsOnly else { return API.message(id: id, Self.facts(of: recorded).bytes) }
        return try await words.said(recorded, to: types).flatMap { said in
            let json = said.version == .v1_0 ? API.view(said.event) : said.structured
            return API.message(id: id, event: said.event.type, json.bytes)
        }
    }

    private static func facts(of recorded: RecordedEvent) -> JSON {
        let (event, facts) = (recorded.event, recorded.facts)
        func text(_ value: String?) -> JSON? { value.map { .string($0) } }
        return [
            "id": .string(event.id), "type": .string(event.type), "project": text(facts.project),
            "stage": text(facts.stage), "service": text(facts.service), "context": text(facts.context),
            "triggeredid": text(facts.triggeredID), "result": text(facts.result),
        ]
    }
}
