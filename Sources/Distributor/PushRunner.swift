import CloudEvents
import Core
import KeptnKit
import Ports
import Synchronization

/// The way of one push subscription: events of one run in their order, those of different runs side by side.
struct PushRunner: Sendable {
    let subscription: PushSubscription
    let wanted: WantedTypes
    let store: any PushStore
    let subscriptions: any Subscriptions
    let requester: any HTTPRequester
    let secrets: any SecretStore
    let words: any EventWords
    let time: any TimeSource
    let random: @Sendable () -> Double
    let progress: PushProgress
    let changes: PositionSignal

    private static let retry = PushRetry()
    /// As Keptn's distributor waits.
    private static let answerTimeMax = Duration.seconds(5)
    private static let answerBytesMax = 1 << 20
    private static let replaysAtOnce = 16

    /// Until cancelled. Throws what the store and the log throw.
    func run() async throws {
        let window = subscription.request.window
        let open = try await subscriptions.open(subscription.request)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await replayFailures() }
            group.addTask {
                try await open.deliverInOrder(window: window) { delivery in
                    try await deliver(delivery.recorded, isRepeated: delivery.isRepeated)
                    return []
                }
            }
        }
    }

    private func replayFailures() async throws {
        while true {
            let seen = changes.position
            let failures = try await store.failuresToReplay(of: subscription.name, limit: Self.replaysAtOnce)
            for failure in failures {
                guard try await deliver(failure.recorded, isRepeated: true) else { continue }
                _ = try await store.deleteFailure(of: failure.subscription, at: failure.recorded.position)
            }
            if failures.isEmpty { try await changes.wait(for: Position(seen.value + 1)) }
        }
    }

    /// Returns when the event is delivered, or kept as a failure: then false.
    @discardableResult
    private func deliver(_ recorded: RecordedEvent, isRepeated: Bool) async throws -> Bool {
        for said in try await words.said(recorded, to: wanted) {
            guard try await deliver(said, of: recorded, isRepeated: isRepeated) else { return false }
        }
        return true
    }

    private func deliver(_ said: SaidEvent, of recorded: RecordedEvent, isRepeated: Bool) async throws -> Bool {
        var attempt = 1
        while true {
            let outcome = try await post(said, isRepeated: isRepeated || attempt > 1)
            let verdict = Self.retry.verdict(on: outcome, attempt: attempt, random: random())
            progress.note(verdict, of: subscription.name, at: time.now)
            switch verdict {
            case .delivered: return true
            case .again(let wait, _):
                try await time.sleep(for: wait)
                attempt += 1
            case .failed(let reason):
                try await store.save(
                    FailedDelivery(
                        subscription: subscription.name, recorded: recorded, attempts: attempt, reason: reason,
                        failedAt: time.now))
                return false
            }
        }
    }

    private func post(_ said: SaidEvent, isRepeated: Bool) async throws -> PushRetry.Outcome {
        let message = subscription.mode == .binary ? said.binaryMessage : said.structuredMessage
        var headers = Dictionary(message.headers.map { ($0.name, $0.value) }) { $1 }
        headers["content-type"] = message.contentType
        headers["keptn-subscription"] = subscription.name
        if isRepeated { headers["keptn-repeated"] = "true" }
        if let credential = subscription.credential {
            // Somebody may still make it: the event waits for that as for an endpoint that is not there.
            guard let secret = try await secrets.values(of: credential.secretName)?[credential.key] else {
                return .unanswered(reason: credential.missing)
            }
            headers[credential.header.lowercased()] = credential.value(of: secret)
        }
        return try await requester.outcome(
            of: OutgoingRequest(
                method: "POST", url: subscription.url, headers: headers, body: message.body,
                timeout: Self.answerTimeMax, responseBytesMax: Self.answerBytesMax), time)
    }
}

extension PushSubscription.Credential {
    var secretName: SecretName { SecretName(secret, scope: Self.scope) }
}

/// How the subscriptions fare, since the start of the process.
final class PushProgress: Sendable {
    private struct Figures {
        var delivered = 0
        var lastDeliveredAt: Timestamp?
        var trouble: String?
    }

    private let figures = Mutex<[String: Figures]>([:])

    func note(_ verdict: PushRetry.Verdict, of name: String, at now: Timestamp) {
        figures.withLock { figures in
            switch verdict {
            case .delivered:
                figures[name, default: Figures()].delivered += 1
                figures[name]?.lastDeliveredAt = now
                figures[name]?.trouble = nil
            case .again(_, let reason), .failed(let reason):
                figures[name, default: Figures()].trouble = reason
            }
        }
    }

    func forget(_ name: String) { figures.withLock { $0[name] = nil } }

    func status(of subscription: PushSubscription, failures: Int) -> PushStatus {
        let known = figures.withLock { $0[subscription.name] } ?? Figures()
        return PushStatus(
            subscription, failures: failures, delivered: known.delivered, lastDeliveredAt: known.lastDeliveredAt,
            trouble: known.trouble)
    }
}
