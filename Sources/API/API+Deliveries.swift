import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import ServiceLifecycle

extension API {
    /// What is beyond Keptn's API: uploading what is delivered.
    var deliveryRoutes: [HTTPRoute] {
        [
            HTTPRoute(.put, "/api/v1/artifacts") { request in
                guard let name = request.query("name") else {
                    throw KeptnError(.invalidInput, "the query needs 'name', the artifact's file name")
                }
                let reference = try await parts.artifacts.store(request.body.chunks, name: name)
                return .json(["reference": .string(reference.description)], .created)
            }
        ]
    }

    /// A pull waits at most so long.
    static let pullMax = 60

    func pull(_ request: APIRequest) async throws -> APIResponse {
        let body = try await object(request)
        let (wanted, types) = try Self.wanted(
            request, client: body["client"]?.stringValue, window: body["window"]?.intValue
        ) { (body[$0]?.elements ?? []).compactMap(\.stringValue) }
        let count = min(max(1, body["max"]?.intValue ?? 256), 4096)
        let wait = min(max(0, body["waitSeconds"]?.intValue ?? 20), Self.pullMax)
        let isNew = body["restart"]?.boolValue ?? false
        let done = (body["settle"]?.elements ?? []).compactMap(\.intValue).map { Position(Int64($0)) }
        return try await pulled.pull(wanted, isNew: isNew, now: { parts.time.now }) { subscription in
            if !done.isEmpty { try await subscription.settle(done, sending: []) }
            let deliveries = try await next(subscription, count, within: .seconds(wait))
            return .json(["deliveries": .array(try await said(deliveries, to: types, settling: subscription))])
        }
    }

    /// A pull that does not end: server-sent events, each with one delivery.
    func streamDeliveries(_ request: APIRequest) async throws -> APIResponse {
        let (wanted, types) = try Self.wanted(
            request, client: request.query("client"), window: request.query("window").flatMap { Int($0) }
        ) { request.query($0)?.split(separator: ",").map(String.init) ?? [] }
        let subscription = try await pulled.open(wanted, now: parts.time.now)
        var response = APIResponse(contentType: "text/event-stream", body: [])
        response.headers[.cacheControl] = "no-store"
        response.stream = DeliveryStream {
            pulled.note(wanted, at: parts.time.now)
            do {
                let deliveries = try await next(subscription, wanted.window, within: EventStream.keepAlive)
                return .deliveries(try await said(deliveries, to: types, settling: subscription))
            } catch let error as KeptnError where error.code == .conflict {
                // Who was only silent for too long, as after a sleep of the machine, may come again.
                return pulled.isOpen(wanted) ? .takenOver : .left
            }
        }
        return response
    }

    private static func wanted(
        _ request: APIRequest, client: String?, window: Int?, _ list: (_ name: String) -> [String]
    ) throws -> (SubscriptionRequest, WantedTypes) {
        let types = WantedTypes(list("events"))
        var wanted = SubscriptionRequest(
            name: subscription(request), client: client ?? "", patterns: types.canonical,
            projects: list("projects"), stages: list("stages"), services: list("services"))
        guard !wanted.patterns.isEmpty else {
            throw KeptnError(.invalidInput, "field 'events' has to list event types")
        }
        if let projects = request.caller.grant.projects {
            if wanted.projects.isEmpty { wanted.projects = projects.sorted() }
            for project in wanted.projects { try request.caller.require(project: project) }
        }
        wanted.window = min(max(1, window ?? SubscriptionRequest.windowDefault), 4096)
        return (wanted, types)
    }

    /// What these are in the words of who asked; what is nothing to them is done.
    private func said(
        _ deliveries: [Delivery], to types: WantedTypes, settling subscription: any Subscription
    ) async throws -> [JSON] {
        var told: [JSON] = []
        for delivery in deliveries {
            let said = try await parts.words.said(delivery.recorded, to: types)
            if said.isEmpty { try await subscription.settle([delivery.position], sending: []) }
            told += said.map {
                .object([
                    ("position", .integer(delivery.position.value)), ("event", $0.structured),
                    ("repeated", delivery.isRepeated ? true : nil),
                ])
            }
        }
        return told
    }

    /// What comes within the time; what was handed out in the last moment is not dropped.
    private func next(
        _ subscription: any Subscription, _ count: Int, within wait: Duration
    ) async throws -> [Delivery] {
        let time = parts.time
        return try await withThrowingTaskGroup(of: [Delivery]?.self) { group in
            group.addTask { try await subscription.next(upTo: count) }
            group.addTask {
                try await time.sleep(for: wait)
                return nil
            }
            // Nobody who stops the server waits for somebody who waits for events.
            group.addTask {
                try await gracefulShutdown()
                return nil
            }
            if let deliveries = try await group.next() ?? nil {
                group.cancelAll()
                return deliveries
            }
            group.cancelAll()
            var late: [Delivery] = []
            while let result = await group.nextResult() {
                do { late += try result.get() ?? [] } catch is CancellationError {}
            }
            return late
        }
    }

    /// Names of their own: nobody takes over what a part of this server hears by, nor, with a token that is limited to
    /// projects, a subscription that hears more than they may.
    private static func subscription(_ request: APIRequest) -> String {
        let name = subscription(request.parameter("name"))
        return request.caller.grant.projects.map { "\(name)@\($0.sorted().joined(separator: ","))" } ?? name
    }

    static func subscription(_ name: String) -> String { "remote/" + name }

    func settle(_ request: APIRequest) async throws -> APIResponse {
        let body = try await object(request, upTo: Self.resourceBodyMax)
        let client = body["client"]?.stringValue ?? ""
        guard let subscription = pulled.known(Self.subscription(request), client: client, at: parts.time.now) else {
            throw KeptnError(.conflict, "subscription \(request.parameter("name")) is not open: pull first")
        }
        let positions = (body["positions"]?.elements ?? []).compactMap(\.intValue).map { Position(Int64($0)) }
        var events: [CloudEvent] = []
        for element in body["events"]?.elements ?? [] {
            let event = try CloudEvent(structured: element)
            try request.caller.require(project: event.keptnData?.project)
            events.append(event)
        }
        do {
            events = try await parts.intake.admit(events, from: request.caller)
        } catch let error as KeptnError where error.code == .conflict {
            // A 409 would say that the subscription is lost.
            throw KeptnError(.invalidInput, error.message)
        }
        try await subscription.settle(positions, sending: events)
        return .json([:])
    }
}

/// The deliveries of a subscription as the text of server-sent events: `data` is a delivery as in a pull's answer. It
/// ends when the client was not heard of for too long, and, with an event `taken-over`, when the same client opens the
/// subscription again.
///
/// Nothing is read ahead but what the subscription's window lets out.
private struct DeliveryStream: AsyncSequence, Sendable {
    typealias Failure = any Error

    enum Step {
        /// None when nothing has come for a while.
        case deliveries([JSON])
        /// Somebody else has opened the subscription as this client.
        case takenOver
        /// What the client held has gone to others.
        case left
    }

    let next: @Sendable () async throws -> Step

    func makeAsyncIterator() -> Iterator { Iterator(step: next) }

    struct Iterator: AsyncIteratorProtocol {
        let step: @Sendable () async throws -> Step
        private var hasBegun = false
        private var isOver = false

        init(step: @escaping @Sendable () async throws -> Step) { self.step = step }

        mutating func next() async throws -> [UInt8]? {
            guard hasBegun else {
                hasBegun = true
                return Array(": open\n\n".utf8)
            }
            guard !isOver else { return nil }
            switch try await step() {
            case .deliveries([]): return Array(": nothing new\n\n".utf8)
            case .deliveries(let deliveries):
                return deliveries.flatMap { API.message(id: "\($0["position"]?.intValue ?? 0)", $0.bytes) }
            case .takenOver:
                isOver = true
                return Array("event: taken-over\ndata: {}\n\n".utf8)
            case .left:
                isOver = true
                return nil
            }
        }
    }
}
