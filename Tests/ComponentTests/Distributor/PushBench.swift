import CloudEvents
import Core
import Distributor
import KeptnModel
import Logging
import Ports
import Synchronization

/// Push subscriptions in memory, with endpoints that answer as a test says.
struct PushBench {
    let store: InMemoryStore
    let pushes: InMemoryPushStore
    let secrets = InMemorySecretStore()
    let time: ManualTime
    let service: PushService
    /// Everything that was posted, in its order.
    let posts: AsyncStream<OutgoingRequest>

    static let url = "http://endpoint/hear"
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameters:
    ///   - store: of an earlier life.
    ///   - answer: to the request with this number, counted from 1.
    init(
        _ store: InMemoryStore = InMemoryStore(), _ pushes: InMemoryPushStore = InMemoryPushStore(),
        answer: @escaping @Sendable (OutgoingRequest, Int) throws -> IncomingResponse = { _, _ in .init(status: 202) }
    ) {
        let (posts, posted) = AsyncStream.makeStream(of: OutgoingRequest.self, bufferingPolicy: .bufferingOldest(1000))
        let count = Mutex(0)
        let requester = InMemoryHTTPRequester { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            defer { posted.yield(request) }
            return try answer(request, number)
        }
        (self.store, self.pushes, self.posts) = (store, pushes, posts)
        time = ManualTime()
        service = PushService(
            store: pushes, subscriptions: Distributor(store: store, logger: Self.logger), requester: requester,
            secrets: secrets, words: Self.words(store), time: time, random: { 0 }, logger: Self.logger)
    }

    static func words(_ store: InMemoryStore) -> Interpreter {
        Interpreter(queries: store, configuration: ConfigurationBench().service) { "http://keptn" }
    }

    /// For a bench of something else.
    static func idle(_ store: InMemoryStore) -> PushService { PushBench(store).service }

    static func subscription(
        _ name: String = "audit", url: String = url, mode: PushSubscription.Mode = .structured
    ) -> PushSubscription {
        PushSubscription(name: name, id: "id-\(name)", url: url, mode: mode, events: ["sh.keptn.event.>"])
    }

    static func event(_ id: String, of run: String = "run") -> CloudEvent {
        CloudEvent(
            keptn: .task(name: "test", kind: .triggered), id: id, source: "test",
            time: Timestamp(seconds: 1_700_000_000), context: run,
            data: ["project": "shop", "stage": "dev", "service": "cart"])
    }

    /// The service runs while the body does.
    func run(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// The ids of what was posted, in its order.
    static func ids(_ requests: [OutgoingRequest]) throws -> [String] {
        try requests.map { try CloudEvent(structured: $0.body).id }
    }

    func next(_ count: Int) async -> [OutgoingRequest] {
        var requests: [OutgoingRequest] = []
        for await request in posts.prefix(count) { requests.append(request) }
        return requests
    }
}
