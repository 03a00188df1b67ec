import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Ports
import SpecFiles

/// Does what the webhook of a subscription says about one event.
struct WebhookWorker: Sendable {
    let parts: WebhookService.Parts
    let subscriptionID: String

    /// The scope whose secrets webhooks may use (K §2.12).
    private static let secretScope = "keptn-webhook-service"

    /// Makes the requests and returns the events that end the task. Throws `CancellationError`, and what only the
    /// machine can keep from working.
    func answers(to delivery: Delivery) async throws -> [CloudEvent] {
        let event = delivery.event.notingSubscription(subscriptionID)
        switch try await webhook(for: event) {
        case .failure(let reason):
            return try await Answering(self, event)
                .carryOut(WebhookRun.withoutWebhook(event, reason: reason.description)).finished
        case .success(let webhook):
            var run = WebhookRun(webhook, event: event, secrets: try await secrets(of: webhook))
            var step = try await Answering(self, event).carryOut(run.begin())
            while let request = step.request {
                let marked = delivery.isRepeated ? request.markedAsRepeated() : request
                step = try await step.carryOut(run.finished(try await parts.requester.make(marked)))
            }
            return step.finished
        }
    }

    /// The webhook in the first of the files that has the subscription: that of the service, the stage, the project;
    /// at the commit that the run is pinned to.
    private func webhook(for event: CloudEvent) async throws -> Result<WebhookSpec.Webhook, WebhookMistake> {
        var reason = WebhookMistake("no valid webhook config found")
        guard let data = event.keptnData, let project = data.project else { return .failure(reason) }
        let place = ConfigurationPlace(
            project: project, stage: data.stage, service: data.stage == nil ? nil : data.service)
        for place in place.fallbacks {
            do {
                let name = WebhookSpec.fileName
                guard let file = try await parts.configuration.file(name, at: place, commit: event.gitCommitID) else {
                    continue
                }
                let spec = try SpecFiles.webhook(file.bytes, file: "\(place)/\(name)").value
                if let webhook = WebhookRun.webhook(for: subscriptionID, in: [spec]) { return .success(webhook) }
            } catch let error as InvalidFile {
                reason = WebhookMistake("\(error)")
            } catch let error as KeptnError where error.code == .notFound {
                continue
            }
        }
        return .failure(reason)
    }

    private func secrets(of webhook: WebhookSpec.Webhook) async throws -> [String: String] {
        var values: [String: String] = [:]
        for variable in webhook.secrets {
            let secret = SecretName(variable.secret, scope: Self.secretScope)
            values[variable.name] = try await parts.secrets.values(of: secret)?[variable.key]
        }
        return values
    }
}

/// What was said about an event so far. Everything that is sent about it has an id of its own that is the same in every
/// life of the process.
private struct Answering {
    private let worker: WebhookWorker
    private let event: CloudEvent
    private var startedCount = 0
    private(set) var finished: [CloudEvent] = []
    /// What is to be asked next.
    private(set) var request: WebhookRequest?

    init(_ worker: WebhookWorker, _ event: CloudEvent) {
        (self.worker, self.event) = (worker, event)
    }

    /// The state after these effects. A `.started` is on the disk when it returns: the called tool may answer at once.
    func carryOut(_ effects: [WebhookRun.Effect]) async throws -> Answering {
        var next = self
        next.request = nil
        var started: [CloudEvent] = []
        for effect in effects {
            switch effect {
            case .sendStarted:
                started += reply(.started, number: next.startedCount)
                next.startedCount += 1
            case .make(let request): next.request = request
            case .sendFinished(let answer):
                next.finished += reply(.finished, number: next.finished.count, answer)
            case .log(let message): try await note(message)
            }
        }
        if !started.isEmpty { try await worker.parts.events.append(started) }
        return next
    }

    private func reply(_ kind: EventType.Kind, number: Int, _ answer: WebhookRun.Answer? = nil) -> [CloudEvent] {
        guard let task = try? TaskContext(answering: event) else { return [] }
        let verdict: [(key: String, value: JSON?)] = [
            ("status", answer.map { .string($0.status.rawValue) }),
            ("result", answer.map { .string($0.result.rawValue) }),
        ]
        return [
            task.reply(
                kind, by: WebhookService.name, at: worker.parts.time.now, part: "\(worker.subscriptionID)\n\(number)",
                message: answer?.message ?? "", members: verdict, data: answer?.data ?? .emptyObject)
        ]
    }

    private func note(_ message: String) async throws {
        let parts = worker.parts
        let now = parts.time.now
        let id = try await parts.uniform.registry().sorted.first { $0.name == WebhookService.name }?.id
        var task = ""
        if case .task(let name, .triggered)? = event.eventType { task = name }
        let entry = LogEntry(
            integrationID: id ?? WebhookService.name, message: message, time: now, context: event.keptnContext ?? "",
            task: task, triggeredID: task.isEmpty ? "" : event.id, gitCommitID: event.gitCommitID ?? "")
        try await parts.failures.append([entry], oldest: now - LogEntry.ageMax, readUpTo: nil)
    }
}
