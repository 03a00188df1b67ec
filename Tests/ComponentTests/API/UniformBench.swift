import API
import CloudEvents
import Core
import Distributor
import EventBroker
import HTTPServing
import HTTPTypes
import Logging
import Ports
import Testing

/// The API's routes without a socket, over a store and integrations in memory, at a time that stands still.
struct UniformBench {
    let store = InMemoryStore()
    let lines = InMemoryUniform()
    let secrets = InMemorySecretStore()
    let hooks = Hooks()
    let time = ManualTime()
    let uniform: Uniform
    let api: API

    static let own = UniformIntegration.embedded(
        name: "lighthouse-service", version: "1", hears: ["sh.keptn.event.evaluation.triggered"],
        at: Timestamp(nanoseconds: 0))

    /// - Parameters:
    ///   - zips: What is in which archive; an archive is given by its bytes.
    ///   - configuration: Nil for one with the project `sockshop`.
    init(zips: [String: [String: String]] = [:], configuration given: (any ConfigurationEditing)? = nil) async throws {
        uniform = Uniform(
            store: lines, log: lines, reports: store, embedded: [Self.own],
            webhooks: WebhookBench.idle(store, lines))
        let configuration: any ConfigurationEditing =
            if let given { given } else { try await ConfigurationBench.withSockshop().service }
        let ids = SequentialIDs()
        let tokens = try await TokenRegistry(
            firstToken: "first", store: InMemoryTokenStore(), time: time, logger: Self.logger)
        api = API(
            .init(
                store: store, configuration: configuration,
                intake: EventBroker(
                    log: store, queries: store, sequences: store, configuration: configuration, time: time, ids: ids),
                barrier: NoBarrier(),
                subscriptions: Distributor(store: store, logger: Self.logger), words: PushBench.words(store),
                hooks: hooks,
                push: PushBench.idle(store),
                artifacts: InMemoryArtifactStore(), reports: InMemoryTestReports(),
                uniform: uniform, zips: InMemoryZipArchives(zips), secrets: secrets, tokens: tokens,
                channels: ChannelTokens(secret: [1]),
                sessions: try await SessionRegistry(tokens: tokens, store: InMemorySessionStore(), time: time),
                time: time, ids: ids, version: "1", metrics: { "" }))
    }

    static let caller = Caller(name: "test", grant: .admin)

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Integrations in memory, for a bench that has its own store.
    static func uniform(_ store: InMemoryStore) -> Uniform {
        let lines = InMemoryUniform()
        return Uniform(
            store: lines, log: lines, reports: store, embedded: [own], webhooks: WebhookBench.idle(store, lines))
    }

    /// Asks as HTTPServing would, with the thrown error as status and message.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", headers: HTTPFields = [:]
    ) async throws -> (status: Int, json: JSON) {
        let parts = path.split(separator: "?", maxSplits: 1)
        let match = RouteTable(api.routes).find(method, String(parts[0]))
        guard let route = match.route else { return (match.allowed.isEmpty ? 404 : 405, .null) }
        var query: [String: String] = [:]
        for item in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let pair = item.split(separator: "=", maxSplits: 1)
            query[String(pair[0])] = pair.count > 1 ? String(pair[1]) : ""
        }
        do {
            var request = APIRequest(
                parameters: match.parameters, query: query, headers: headers, body: IncomingBody(Array(body.utf8)))
            request.caller = Self.caller
            let answer = try await route.handler(request)
            return (answer.status.code, (try? JSON(parsing: answer.body)) ?? .null)
        } catch {
            let failure = Failure.response(to: error, logger: Self.logger)
            return (failure.status.code, try JSON(parsing: failure.body))
        }
    }

    /// What a GET without parameters answers.
    func text(_ path: String) async throws -> String {
        guard let route = RouteTable(api.routes).find(.get, path).route else { return "" }
        return String(decoding: try await route.handler(APIRequest()).body, as: UTF8.self)
    }

    /// For requests that no command is part of.
    private struct NoBarrier: EventBarrier {
        func handled(_ position: Position) async throws {}
    }
}

/// The subscription `testers`, which hears of triggered tests.
extension UniformBench {
    func append(_ ids: String...) async throws {
        try await store.append(
            ids.map {
                CloudEvent(
                    id: $0, source: "test", type: "sh.keptn.event.test.triggered", dataContentType: "application/json",
                    data: .json(["project": "sockshop"]))
            })
    }

    func settle(_ client: String, _ positions: Int...) async throws {
        let body: JSON = ["positions": .array(positions.map { .integer($0) }), "client": .string(client)]
        let answer = try await send(.post, "/api/v1/subscriptions/testers/settle", body.text)
        #expect(answer.status == 200, "\(answer.json)")
    }
}
