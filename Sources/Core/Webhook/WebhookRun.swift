package import CloudEvents
package import KeptnModel

/// What a webhook does about one event (K §2.11): says that the task was begun, makes its requests one after the other
/// up to the first that fails, and says what came of it. The shell carries the effects out in their order and reports
/// what the requests came to.
package struct WebhookRun: Sendable {
    package enum Effect: Sendable, Hashable {
        /// Send a `.started` for the event; one such effect for each.
        case sendStarted
        case make(WebhookRequest)
        /// Send a `.finished` for the event.
        case sendFinished(Answer)
        /// Write it to the log of integrations; it goes nowhere else.
        case log(String)
    }

    /// The contents of a `.finished`.
    package struct Answer: Sendable, Hashable {
        package let status: KeptnStatus
        package let result: KeptnResult
        package let message: String
        /// Members of the event's data beside the common ones.
        package let data: JSON
    }

    /// What a request came to.
    package enum Outcome: Sendable, Hashable {
        case answered(status: Int, body: String)
        /// There is no answer; the sentence says why.
        case failed(String)
    }

    /// How much of an answer a message shows.
    private static let excerptLengthMax = 1000

    private let webhook: WebhookSpec.Webhook
    /// The name of the task, for a task's `.triggered`; only such an event is answered.
    private let task: String?
    private let data: JSON
    private let missingSecret: WebhookSpec.SecretVariable?
    package private(set) var mask: SecretMask
    private var responses: [JSON] = []

    /// - Parameter secrets: The values of the webhook's variables by their names; what is not there could not be read.
    package init(_ webhook: WebhookSpec.Webhook, event: CloudEvent, secrets: [String: String]) {
        self.webhook = webhook
        task = Self.task(of: event)
        let variables = Dictionary(webhook.secrets.map { ($0.name, secrets[$0.name] ?? "") }) { $1 }
        data = event.structured.setting("env", to: .object(variables.mapValues { .string($0) }))
        missingSecret = webhook.secrets.first { secrets[$0.name] == nil }
        mask = SecretMask(variables.values)
    }

    /// The webhook of the subscription that an event came by, in the first of these files that has it: that of the
    /// service, of the stage, of the project.
    package static func webhook(for subscriptionID: String, in files: [WebhookSpec]) -> WebhookSpec.Webhook? {
        files.lazy.compactMap { file in file.webhooks.first { $0.subscriptionID == subscriptionID } }.first
    }

    /// What to do when no file has the subscription, or a file cannot be read.
    package static func withoutWebhook(_ event: CloudEvent, reason: String) -> [Effect] {
        let message = "could not retrieve Webhook config: \(reason)"
        return task(of: event) == nil
            ? [.log(message)] : [.sendStarted, .sendFinished(failure(message)), .log(message)]
    }

    private static func task(of event: CloudEvent) -> String? {
        if case .task(let name, .triggered) = event.eventType { name } else { nil }
    }

    package mutating func begin() -> [Effect] {
        var effects: [Effect] = []
        if task != nil, webhook.sendsStarted {
            effects += Array(repeating: .sendStarted, count: webhook.sendsFinished ? 1 : webhook.requests.count)
        }
        if let missingSecret {
            return effects + failed("could not read secret \(missingSecret.secret).\(missingSecret.key)")
        }
        return effects + next()
    }

    /// Takes what the last request came to.
    package mutating func finished(_ outcome: Outcome) -> [Effect] {
        guard responses.count < webhook.requests.count else { return [] }
        let request = webhook.requests[responses.count]
        switch outcome {
        case .answered(let status, let body) where status < 400:
            let text = mask.masked(body)
            responses.append((try? JSON(parsing: text)) ?? .string(text))
            return next()
        case .answered(let status, let body):
            let excerpt = body.isEmpty ? "" : ": \(mask.masked(body).prefix(Self.excerptLengthMax))"
            return failed("could not execute request '\(Self.name(request))': it was answered with \(status)\(excerpt)")
        case .failed(let reason):
            return failed("could not execute request '\(Self.name(request))': \(reason)")
        }
    }

    private mutating func next() -> [Effect] {
        guard responses.count < webhook.requests.count else { return succeeded() }
        let request = webhook.requests[responses.count]
        do throws(WebhookMistake) {
            let made = try WebhookRequest(request, data: data)
            // Others may repeat what they were told.
            mask.add(made.authorizations)
            return [.make(made)]
        } catch {
            return failed("could not parse request '\(Self.name(request))': \(error)")
        }
    }

    private func succeeded() -> [Effect] {
        guard let task, webhook.sendsFinished else { return [] }
        let data: JSON = [task: ["responses": .array(responses)]]
        return [.sendFinished(Answer(status: .succeeded, result: .pass, message: "", data: data))]
    }

    /// Where the called tool would have answered, there is one `.finished` for each request that was not made.
    private func failed(_ message: String) -> [Effect] {
        let message = mask.masked(message)
        guard task != nil else { return [.log(message)] }
        let count = webhook.sendsFinished ? 1 : webhook.requests.count - responses.count
        return Array(repeating: .sendFinished(Self.failure(message)), count: count) + [.log(message)]
    }

    private static func failure(_ message: String) -> Answer {
        Answer(status: .errored, result: .fail, message: message, data: .emptyObject)
    }

    /// As messages call a request: as it stands in the file, without secrets.
    private static func name(_ request: WebhookSpec.Request) -> String { "\(request.method.rawValue) \(request.url)" }
}
