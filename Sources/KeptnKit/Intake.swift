import Core
import Logging
import Ports
import ServiceLifecycle

/// Receives what a subscription brings until a graceful shutdown or cancellation.
struct Intake: Sendable {
    let controlPlane: any ControlPlane
    let interest: Interest
    let retry: Retry

    /// Opens the subscription again, after a while, whenever it breaks. Throws `ControlPlaneError` when that is no use:
    /// somebody else opened it, or Keptn does not accept it.
    func run(
        _ take: (_ events: [ReceivedEvent], _ subscription: any EventSubscription) async throws -> Void
    ) async throws {
        var open: (any EventSubscription)?
        var failures = 0
        while !isEnding {
            do {
                let (events, subscription) = try await receive(from: open)
                open = subscription
                failures = 0
                try await take(events, subscription)
            } catch {
                if isEnding { return }
                if let error = error as? ControlPlaneError, error.kind != .unavailable { throw error }
                open = nil
                failures += 1
                await pause(after: failures, because: error)
            }
        }
    }

    private var isEnding: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    private func receive(
        from open: (any EventSubscription)?
    ) async throws -> (events: [ReceivedEvent], subscription: any EventSubscription) {
        try await cancelWhenGracefulShutdown {
            let subscription: any EventSubscription
            if let open { subscription = open } else { subscription = try await controlPlane.subscribe(interest) }
            return (try await subscription.receive(upTo: interest.window), subscription)
        }
    }

    private func pause(after failures: Int, because error: any Error) async {
        retry.logger.warning(
            "a subscription broke and will be opened again",
            metadata: ["keptn.subscription": "\(interest.name)", "error.message": "\(error)"])
        let wait = retry.backoff.delay(attempt: failures, random: retry.random())
        // Broken off only at the end, which the caller notices by itself.
        try? await cancelWhenGracefulShutdown { try await retry.time.sleep(for: wait) }
    }
}
