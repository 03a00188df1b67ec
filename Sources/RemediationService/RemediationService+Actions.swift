import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Ports
import ServiceLifecycle

/// What it does itself, and what it says of the rest.
extension RemediationService {
    /// Whose secrets actions use (K §2.12).
    private static let secretScope = "keptn-default"
    /// The secret with the address and the token of an Unleash server.
    private static let unleash = "unleash"

    /// Ours are those that we can carry out, and those that nobody else has taken for a while.
    func isOurs(_ task: TaskContext) async throws -> Bool {
        let canAct =
            switch BuiltInAction.Name(rawValue: task.remediationAction.action) {
            case .slowdown?, .abort?: environment.faults.covers(task.scope)
            case .featuretoggle?, .toggleFeature?: try await canToggle(in: task.scope)
            case .webhook?, .command?: true
            case .scaling?, .rollback?, .restart?, nil: false
            }
        if canAct { return true }
        return try await !isTakenByAnother(task)
    }

    func act(_ task: TaskContext) async throws -> TaskOutcome {
        let given = try await action(of: task)
        guard let name = BuiltInAction.Name(rawValue: given.action) else {
            return .errored(Self.unknown(given.action, task))
        }
        let action: BuiltInAction
        do throws(ActionMistake) {
            action = try BuiltInAction(name, value: given.value)
        } catch {
            return .errored("\(error)")
        }
        switch action {
        case .scaling, .rollback, .restart:
            return .errored(
                "nobody took action \(name.rawValue): process-service does, for services with a process.yaml, which "
                    + "\(task.scope.service) in stage \(task.scope.stage) is not; an integration of yours may")
        case .slowdown(let delay, let limit): return try await limited(by: .delay(delay), limit, task)
        case .abort(let status, let limit): return try await limited(by: .refusal(status: status), limit, task)
        case .featureToggle(let changes): return try await toggle(changes, task)
        case .webhook(let webhook):
            return try await call(
                webhook, secrets: try await secrets(of: webhook), task, done: "the webhook was called")
        case .command(let command): return try await environment.commands.run(command, for: task)
        }
    }

    private static func unknown(_ action: String, _ task: TaskContext) -> String {
        let ours = BuiltInAction.Name.allCases.map(\.rawValue).joined(separator: ", ")
        return "no executor took action '\(action)'; known here are \(ours), and integrations that hear "
            + "\(task.event.type) may know others"
    }

    /// The action as the file has it: in the task's own data the members of an earlier round's value would still stand
    /// among those of this one.
    private func action(of task: TaskContext) async throws -> RemediationAction {
        var action = task.remediationAction
        var query = EventQuery()
        query.context = task.contextID
        query.type = EventType.task(name: "get-action", kind: .finished).text
        (query.project, query.stage, query.service) = (task.scope.project, task.scope.stage, task.scope.service)
        query.limit = 1
        if let chosen = try await environment.queries.events(query).first?.event.json?["action"],
            chosen["action"]?.stringValue == action.action
        {
            action.value = chosen["value"] ?? .null
        }
        return action
    }

    // MARK: - Others

    private func isTakenByAnother(_ task: TaskContext) async throws -> Bool {
        var query = EventQuery()
        query.triggeredID = task.event.id
        query.context = task.contextID
        let (log, queries, question) = (environment.log, environment.queries, query)
        do {
            // The waiting goes on after a restart; the handlers of a server that stops have no time for it.
            return try await cancelWhenGracefulShutdown { [environment] in
                try await environment.time.withDeadline(environment.patience, "waiting for an executor") {
                    while true {
                        let head = try await log.head()
                        if try await queries.events(question).contains(where: { $0.event.source != Self.name }) {
                            return true
                        }
                        try await log.waitForEvents(after: head) { $0.facts.triggeredID == question.triggeredID }
                    }
                }
            }
        } catch is DeadlineExceeded {
            return false
        }
    }

    // MARK: - Clients

    private func limited(
        by effect: ClientFault.Effect, _ limit: BuiltInAction.ClientLimit, _ task: TaskContext
    ) async throws -> TaskOutcome {
        let problem = Problem(task.data["problem"] ?? .emptyObject)
        guard environment.faults.covers(task.scope) else {
            return .errored(
                "no request to \(task.scope.service) in stage \(task.scope.stage) comes through the built-in proxy")
        }
        guard let text = limit.client ?? problem.client else {
            return .errored(
                "whose requests? Neither 'client' of the action's value nor ProblemDetails.ClientIP of the problem says"
            )
        }
        guard let client = IPAddress(text) else { return .errored("the client '\(text.prefix(80))' is no IP address") }
        let fault = ClientFault(
            id: task.event.id, since: environment.time.now, client: client.description, effect: effect,
            until: environment.time.now + limit.duration, problemID: problem.id)
        self.limit(fault, in: task.scope)
        // An end that is heard from now on takes it away; one that was heard before found nothing to take away.
        guard try await !isOver(problem, task) else {
            unlimit(fault.id, in: task.scope)
            return .pass("the problem is over: nobody is slowed down or refused")
        }
        let what =
            switch effect {
            case .delay(let delay): "take \(delay.go) longer"
            case .refusal(let status): "are answered with \(status)"
            }
        return .pass(
            "requests of \(client) \(what) until the problem is over, at most until \(fault.until)",
            data: ["fault": fault.json])
    }

    /// Whether the problem has ended since the run began.
    private func isOver(_ problem: Problem, _ task: TaskContext) async throws -> Bool {
        guard let end = try await end(of: problem, in: task.scope) else { return false }
        var query = EventQuery()
        (query.context, query.rootOnly, query.limit) = (task.contextID, true, 1)
        guard let root = try await environment.queries.events(query).first else { return false }
        return root.position < end.position
    }

    // MARK: - Flags

    private func canToggle(in scope: Scope) async throws -> Bool {
        if await environment.flags.exist(for: scope) { return true }
        return try await unleashSecret() != nil
    }

    private func unleashSecret() async throws -> [String: String]? {
        try await environment.secrets.values(of: SecretName(Self.unleash, scope: Self.secretScope))
    }

    private func toggle(_ changes: [BuiltInAction.FlagChange], _ task: TaskContext) async throws -> TaskOutcome {
        let told = changes.map { "\($0.flag) is \($0.variant)" }.joined(separator: ", ")
        if await environment.flags.exist(for: task.scope) {
            do {
                try await environment.flags.change(changes, of: task.scope)
                return .pass(told)
            } catch let error as FlagMistake {
                return .errored("the flag file of \(task.scope): \(error)")
            }
        }
        guard let secret = try await unleashSecret() else {
            return .errored(
                "\(task.scope) has no flag file, and there is no secret '\(Self.unleash)' of an Unleash server")
        }
        let webhook = try unleashWebhook(changes, secret: secret, stage: task.scope.stage)
        return try await call(webhook, secrets: ["token": secret["token"] ?? ""], task, done: told)
    }

    /// Unleash's admin API: that of today, or with `user` that of Keptn 0.6 (K §1.13).
    private func unleashWebhook(
        _ changes: [BuiltInAction.FlagChange], secret: [String: String], stage: String
    ) throws -> WebhookSpec.Webhook {
        guard let url = secret["url"], secret["token"] != nil else {
            throw KeptnError(
                .invalidInput,
                "the secret '\(Self.unleash)' needs the keys 'url' and 'token', and may have 'project', "
                    + "'environment', and 'user'")
        }
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let requests = changes.map { change in
            let flag = URLText.encode(change.flag)
            let variant = URLText.encode(change.variant)
            if let user = secret["user"] {
                return WebhookSpec.Request(
                    method: .post, url: "\(base)/admin/features/\(flag)/toggle/\(variant)",
                    credentials: "\(user):{{.env.token}}")
            }
            let (project, environment) = (secret["project"] ?? "default", secret["environment"] ?? stage)
            return WebhookSpec.Request(
                method: .post,
                url: "\(base)/api/admin/projects/\(URLText.encode(project))/features/\(flag)/environments/"
                    + "\(URLText.encode(environment))/\(variant)",
                headers: [.init(name: "Authorization", value: "{{.env.token}}")])
        }
        return WebhookSpec.Webhook(
            type: "", subscriptionID: "", sendsStarted: false, sendsFinished: true,
            secrets: [.init(name: "token", secret: Self.unleash, key: "token")], requests: requests)
    }

    // MARK: - Requests

    private func secrets(of webhook: WebhookSpec.Webhook) async throws -> [String: String] {
        var values: [String: String] = [:]
        for variable in webhook.secrets {
            let secret = SecretName(variable.secret, scope: Self.secretScope)
            values[variable.name] = try await environment.secrets.values(of: secret)?[variable.key]
        }
        return values
    }

    /// Makes the requests as webhook-service does.
    private func call(
        _ webhook: WebhookSpec.Webhook, secrets: [String: String], _ task: TaskContext, done: String
    ) async throws -> TaskOutcome {
        var run = WebhookRun(webhook, event: task.event, secrets: secrets)
        var effects = run.begin()
        while true {
            var next: WebhookRequest?
            for effect in effects {
                switch effect {
                case .make(let request): next = request
                case .sendFinished(let answer):
                    guard answer.status == .succeeded else { return .errored(answer.message) }
                    return .pass(done)
                case .sendStarted, .log: continue
                }
            }
            guard let next else { return .errored("the webhook made no request") }
            let request = task.isRepeated ? next.markedAsRepeated() : next
            effects = run.finished(try await environment.webhooks.make(request))
        }
    }
}
