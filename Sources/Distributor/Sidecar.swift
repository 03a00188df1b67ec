import CloudEvents
package import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports
package import ServiceLifecycle
import Synchronization

/// A distributor of its own beside an integration that knows nothing of Keptn's log (K §2.14).
///
/// It hears: the events of the integration's subscriptions, which it asks the API for with each heartbeat. It decides
/// what becomes of an answer, or of none, as for push subscriptions (`PushRetry` in Core). It answers: by settling what
/// the integration has taken; what it does not take goes into its log.
package struct Sidecar: Service {
    private let settings: SidecarSettings
    private let plane: any ControlPlane
    private let requester: any HTTPRequester
    private let api: SidecarAPI
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let heard: Mutexed<[UniformSubscription]>
    private let runners: SubscriptionRunners<UniformSubscription>

    private static let retry = PushRetry()
    /// As Keptn's distributor waits.
    private static let answerTimeMax = Duration.seconds(5)
    private static let answerBytesMax = 1 << 20
    private static let window = 16

    /// - Parameters:
    ///   - api: Asks Keptn's API.
    ///   - requester: Posts to the integration.
    package init(
        _ settings: SidecarSettings, plane: any ControlPlane, api: any HTTPRequester, requester: any HTTPRequester,
        time: any TimeSource,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger
    ) {
        self.settings = settings
        self.plane = plane
        self.requester = requester
        self.time = time
        self.random = random
        self.logger = logger
        self.api = SidecarAPI(settings, requester: api)
        let heard = Mutexed<[UniformSubscription]>([])
        self.heard = heard
        runners = SubscriptionRunners("subscription", time: time, random: random, logger: logger) {
            Dictionary(heard.value.map { ($0.id, $0) }) { $1 }
        }
    }

    /// What the integration asks of the API goes through here.
    package var routes: [HTTPRoute] { api.routes }

    /// Until a graceful shutdown. Throws when the API does not answer as often as the settings allow.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                try await withThrowingDiscardingTaskGroup { group in
                    group.addTask { try await keepRegistered() }
                    group.addTask { try await runners.run { try await self.forward($0) } }
                }
            }
        } catch is CancellationError {}
    }

    // MARK: Being known

    private func keepRegistered() async throws {
        guard settings.isRegistered else { return listen(to: settings.subscriptions) }
        var id = try await registered()
        var failures = 0
        while true {
            do {
                guard let subscriptions = try await api.ping(id) else {
                    id = try await registered()
                    continue
                }
                listen(to: subscriptions)
                failures = 0
            } catch let error as SidecarAPI.Unavailable {
                failures += 1
                guard failures < settings.heartbeatsMax else { throw error }
                warn("no heartbeat", error)
            }
            try await time.sleep(for: settings.heartbeatInterval)
        }
    }

    private func registered() async throws -> String {
        var attempt = 1
        while true {
            do {
                return try await api.register()
            } catch let error as SidecarAPI.Unavailable {
                guard attempt < settings.registrationsMax else { throw error }
                warn("not registered yet", error)
                attempt += 1
                try await time.sleep(for: settings.registrationInterval)
            }
        }
    }

    private func listen(to subscriptions: [UniformSubscription]) {
        guard heard.replace(by: subscriptions) else { return }
        runners.noteChange()
    }

    private func warn(_ message: String, _ error: any Error) {
        logger.warning("\(message)", metadata: ["error.message": "\(error)"])
    }

    // MARK: Forwarding

    private func forward(_ subscription: UniformSubscription) async throws {
        // By what is heard, not by its id: replicas that are not registered share it too.
        let open = try await plane.subscribe(
            Interest(
                name: "\(settings.name)/\(subscription.id)", patterns: [subscription.event],
                projects: subscription.projects, stages: subscription.stages, services: subscription.services,
                window: Self.window))
        try await inOrder {
            try await Self.byPosition(open.receive(upTo: Self.window))
        } lane: { events in
            events.first?.event.keptnContext ?? events.first?.event.id ?? ""
        } handle: { events in
            for event in events { try await deliver(event, of: subscription) }
            try await open.settle(events.prefix(1).map(\.position), sending: [])
        }
    }

    /// What is one event to Keptn may be several to those of other vocabularies.
    private static func byPosition(_ events: [ReceivedEvent]) -> [[ReceivedEvent]] {
        events.reduce(into: []) { groups, event in
            if groups.last?.first?.position == event.position {
                groups[groups.count - 1].append(event)
            } else {
                groups.append([event])
            }
        }
    }

    private func deliver(_ received: ReceivedEvent, of subscription: UniformSubscription) async throws {
        let event = received.event.notingSubscription(settings.isRegistered ? subscription.id : nil)
        var attempt = 1
        while true {
            let outcome = try await post(event, isRepeated: received.isRepeated || attempt > 1)
            switch Self.retry.verdict(on: outcome, attempt: attempt, random: random()) {
            case .delivered: return
            case .again(let wait, _):
                try await time.sleep(for: wait)
                attempt += 1
            case .failed(let reason):
                logger.error("an event was not taken", metadata: ["event.id": "\(event.id)", "reason": "\(reason)"])
                return await api.note(failure: "\(event.type) was not taken by \(settings.recipient): \(reason)", event)
            }
        }
    }

    private func post(_ event: CloudEvent, isRepeated: Bool) async throws -> PushRetry.Outcome {
        let message = event.structuredMessage(as: WantedTypes.version(of: event.type))
        var headers = ["content-type": CloudEvent.structuredContentType]
        if isRepeated { headers["keptn-repeated"] = "true" }
        return try await requester.outcome(
            of: OutgoingRequest(
                method: "POST", url: settings.recipient, headers: headers, body: message.body,
                timeout: Self.answerTimeMax, responseBytesMax: Self.answerBytesMax), time)
    }
}

extension HTTPRequester {
    /// What became of an event in this request. Throws only `CancellationError`.
    func outcome(of request: OutgoingRequest, _ time: any TimeSource) async throws -> PushRetry.Outcome {
        do {
            let answer = try await send(request)
            return .answered(
                status: answer.status,
                retryAfter: answer.headers["retry-after"].flatMap { RetryAfter.wait($0, from: time.now) })
        } catch let failure as RequestFailure {
            switch failure.kind {
            case .badURL, .tooLarge: return .impossible(reason: failure.description)
            case .unreachable, .timeout: return .unanswered(reason: failure.description)
            }
        }
    }
}

/// A value that several tasks read and one changes.
private final class Mutexed<Value: Sendable & Equatable>: Sendable {
    private let current: Mutex<Value>

    init(_ value: Value) { current = Mutex(value) }

    var value: Value { current.withLock { $0 } }

    /// False when it is what it was.
    func replace(by new: Value) -> Bool {
        current.withLock { value in
            defer { value = new }
            return value != new
        }
    }
}
