import CloudEvents
import ConfigurationService
import Core
import Distributor
import KeptnModel
import Logging
import Ports
import Synchronization
import WebhookService

/// The webhook-service in memory, with a web that answers as a test says.
struct WebhookBench {
    let store: InMemoryStore
    let uniform: InMemoryUniform
    let configuration: ConfigurationBench
    let secrets = InMemorySecretStore()
    let service: WebhookService
    /// Everything that was requested, in its order.
    let requests: AsyncStream<WebhookRequest>

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameters:
    ///   - earlier: The bench of an earlier life.
    ///   - answer: To a request, with what is in the log at that moment.
    init(
        after earlier: WebhookBench? = nil,
        answer: @escaping @Sendable (WebhookRequest) async throws -> WebhookRun.Outcome = { _ in
            .answered(status: 200, body: #"{"ok":true}"#)
        }
    ) async throws {
        store = earlier?.store ?? InMemoryStore()
        uniform = earlier?.uniform ?? InMemoryUniform()
        if let earlier {
            configuration = earlier.configuration
        } else {
            configuration = try await ConfigurationBench.withSockshop()
            try await configuration.service.createService("carts", in: "sockshop")
        }
        let (requests, requested) = AsyncStream.makeStream(
            of: WebhookRequest.self, bufferingPolicy: .bufferingOldest(1000))
        self.requests = requests
        service = WebhookService(
            .init(
                uniform: uniform, subscriptions: Distributor(store: store, logger: Self.logger), events: store,
                configuration: configuration.service, secrets: secrets,
                requester: ScriptedWeb { request in
                    requested.yield(request)
                    return try await answer(request)
                }, failures: uniform, time: ManualTime(), logger: Self.logger))
        try await service.register(Self.integration)
    }

    /// For a bench of something else.
    static func idle(_ store: InMemoryStore, _ uniform: InMemoryUniform) -> WebhookService {
        WebhookService(
            .init(
                uniform: uniform, subscriptions: Distributor(store: store, logger: logger), events: store,
                configuration: ConfigurationBench().service, secrets: InMemorySecretStore(),
                requester: ScriptedWeb { _ in .failed("nobody is there") }, failures: uniform, time: ManualTime(),
                logger: logger))
    }

    static let integration = UniformIntegration(
        id: "webhooks", name: WebhookService.name,
        metadata: .init(hostname: "keptn", namespace: "keptn", lastSeen: Timestamp(seconds: 1_700_000_000)),
        subscriptions: [])

    /// Lets a subscription hear this type, as the API does.
    func subscribe(_ id: String, to type: String = "sh.keptn.event.mytask.triggered") async throws {
        let subscription = UniformSubscription(id: id, event: type, projects: ["sockshop"])
        try await uniform.change { _ = $0.subscribe(Self.integration.id, to: subscription) }
        try await service.subscriptionsChanged()
    }

    func write(_ webhooks: String, at place: ConfigurationPlace = devCarts) async throws {
        let text =
            "apiVersion: webhookconfig.keptn.sh/v1beta1\nkind: WebhookConfig\nmetadata: {name: w}\nspec:\n  webhooks:\n"
            + webhooks
        _ = try await configuration.service.write([(WebhookSpec.fileName, Array(text.utf8))], at: place)
    }

    /// Writes the service's file as somebody with Git may, whom nobody checks.
    func commitPastKeptn(_ text: String) async throws {
        let commit = try NewCommit(
            message: "", author: CommitAuthor(name: "other", email: "other@example.com"),
            time: Timestamp(seconds: 1_700_000_000),
            changes: [RepositoryPath("carts/\(WebhookSpec.fileName)"): .write(Array(text.utf8))])
        let tip = try await configuration.files.head(of: "dev", in: "sockshop")
        _ = try await configuration.files.commit(commit, to: "dev", in: "sockshop", expecting: tip)
    }

    static func event(_ id: String, _ type: String = "mytask.triggered", of run: String = "run") -> CloudEvent {
        CloudEvent(
            id: id, source: "shipyard-controller", type: "sh.keptn.event.\(type)",
            extensions: [CloudEvent.KeptnExtension.context: .string(run)],
            data: .json(["project": "sockshop", "stage": "dev", "service": "carts"]))
    }

    /// The service runs while the body does.
    func run(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
        }
    }

    func next(_ count: Int) async -> [WebhookRequest] {
        var found: [WebhookRequest] = []
        for await request in requests.prefix(count) { found.append(request) }
        return found
    }

    /// Waits for the first `count` events of this type.
    func events(_ type: String, _ count: Int) async throws -> [CloudEvent] {
        var position = Position.start
        while true {
            let all = try await store.events(after: .start, limit: 1000)
            let found = all.map(\.event).filter { $0.type == "sh.keptn.event.\(type)" }
            if found.count >= count { return found }
            position = all.last?.position ?? position
            try await store.waitForEvents(after: position) { _ in true }
        }
    }
}

/// A web of which every request is answered by a function.
struct ScriptedWeb: WebhookRequester {
    let answer: @Sendable (WebhookRequest) async throws -> WebhookRun.Outcome

    func make(_ request: WebhookRequest) async throws -> WebhookRun.Outcome { try await answer(request) }
}
