import API
import CloudEvents
import ConfigurationService
import Core
import Distributor
import EventBroker
import HTTPServing
import HTTPTypes
import KeptnModel
import Logging
import Ports
import Testing

/// The API behind its door, without a socket: every request goes through the same table and the same guard.
struct AccessBench {
    static let firstToken = "first-token"

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let api: API
    let access: TokenGuard
    let tokens: TokenRegistry
    let sessions: SessionRegistry
    let sessionStore = InMemorySessionStore()
    let tokenStore: InMemoryTokenStore
    let secrets: InMemorySecretStore
    let store: InMemoryStore
    let time: ManualTime
    private let table: RouteTable

    init(
        identities: (any IdentityVerifier)? = nil, login: (any BrowserLogin)? = nil,
        barrier: any EventBarrier = NoBarrier()
    ) async throws {
        let logger = Self.logger
        let (time, ids, store) = (ManualTime(), SequentialIDs(), InMemoryStore())
        let configuration = try await ConfigurationBench.withSockshop().service
        try await configuration.createService("carts", in: "sockshop")
        (self.time, self.store, tokenStore, secrets) = (time, store, InMemoryTokenStore(), InMemorySecretStore())
        tokens = try await TokenRegistry(
            firstToken: Self.firstToken, store: tokenStore, time: time, logger: logger)
        sessions = try await SessionRegistry(tokens: tokens, issuer: login?.issuer, store: sessionStore, time: time)
        api = API(
            .init(
                store: store, configuration: configuration,
                intake: EventBroker(
                    log: store, queries: store, sequences: store, configuration: configuration, time: time, ids: ids),
                barrier: barrier,
                subscriptions: Distributor(store: store, logger: logger), words: PushBench.words(store),
                push: PushBench.idle(store),
                artifacts: InMemoryArtifactStore(), reports: InMemoryTestReports(),
                uniform: UniformBench.uniform(store), zips: InMemoryZipArchives(), secrets: secrets, tokens: tokens,
                channels: ChannelTokens(secret: [1]), sessions: sessions, login: login, time: time, ids: ids,
                version: "1", metrics: { "" }))
        access = TokenGuard(tokens: tokens, sessions: sessions, identities: identities, time: time)
        table = RouteTable(api.routes)
    }

    /// Status and body; errors as the server would answer them.
    @discardableResult
    func send(
        _ method: String, _ target: String, _ body: JSON? = nil, token: String? = firstToken,
        headers: [String: String] = [:]
    ) async throws -> (status: Int, json: JSON) {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let method = try #require(HTTPRequest.Method(rawValue: method))
        let match = table.find(method, parts[0])
        let route = try #require(match.route, "\(method) \(target)")
        let pairs = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { $0.split(separator: "=") }
        var fields = HTTPFields()
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        if let token { fields[try #require(HTTPField.Name("x-token"))] = token }
        if body != nil { fields[.contentType] = "application/json" }
        var request = APIRequest(
            parameters: match.parameters,
            query: Dictionary(pairs.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 }),
            headers: fields, body: IncomingBody(body.map { Array($0.bytes) } ?? []))
        do {
            if route.access == .token { request.caller = try await access.admit(request, to: route) }
            let response = try await route.handler(request)
            return (response.status.code, response.body.isEmpty ? .null : try JSON(parsing: response.body))
        } catch {
            let failure = Failure.response(to: error, logger: Self.logger)
            return (failure.status.code, try JSON(parsing: failure.body))
        }
    }

    /// Makes a token by the API and returns its text.
    func token(_ name: String, _ scopes: [String], projects: [String]? = nil) async throws -> String {
        let answer = try await send(
            "POST", "/api/v1/tokens",
            [
                "name": .string(name), "scopes": .array(scopes.map { .string($0) }),
                "projects": projects.map { .array($0.map { .string($0) }) },
            ])
        return try #require(answer.json["token"]?.stringValue, "\(answer)")
    }
}

/// Nobody handles events here, so nobody waits for it.
struct NoBarrier: EventBarrier {
    func handled(_ position: Position) async throws {}
}
