package import CloudEvents
package import Core
import Glibc
import HummingbirdCore
package import KeptnModel
package import Logging
import NIOCore
import NIOPosix
package import Ports
import ServiceLifecycle
import Synchronization

/// The built-in proxy: every route listens on a port of its own, hands requests on to the processes behind it, and
/// measures.
///
/// Routes can be opened while `run()` runs. At a graceful shutdown requests under way are finished.
package final class HTTPProxy: TrafficRouter, Service {
    /// Below the range of outgoing connections, as nothing but a listener may ever have a route's port.
    package static let portRange = 10_000..<20_000

    package struct Configuration: Sendable {
        /// The address to listen on.
        package var host: String
        /// The name under which others reach this machine.
        package var publicHost: String
        /// How long a process may take until it begins to answer; then the client gets 504.
        package var answerTime: Duration
        /// How long an idle connection of a client is kept.
        package var clientIdleTime: Duration

        package init(
            host: String = "127.0.0.1", publicHost: String? = nil, answerTime: Duration = .seconds(60),
            clientIdleTime: Duration = .seconds(75)
        ) {
            self.host = host
            self.publicHost = publicHost ?? host
            self.answerTime = answerTime
            self.clientIdleTime = clientIdleTime
        }
    }

    struct State {
        var listeners: [RouteKey: Listener] = [:]
        var table = RouteTable()
        var traffic: TrafficLedger
        var faults: [Scope: [ClientFault]] = [:]
    }

    struct Listener: Sendable {
        let address: RouteAddress
        let close: @Sendable () async throws -> Void
    }

    private struct OpenRequest: Sendable {
        let route: RouteKey
        let port: Int
        let reply: AsyncStream<Result<RouteAddress, any Error>>.Continuation
    }

    private static let openRequestsMax = 256
    private static let openTime = Duration.seconds(30)
    private static let portTriesMax = 100
    /// Between two looks whether the last request has ended.
    private static let drainInterval = Duration.milliseconds(10)

    let configuration: Configuration
    let time: any TimeSource
    let logger: Logger
    let state: Mutex<State>
    private let openRequests: AsyncStream<OpenRequest>
    private let openRequestsInput: AsyncStream<OpenRequest>.Continuation

    package init(configuration: Configuration = Configuration(), time: any TimeSource, logger: Logger) {
        self.configuration = configuration
        self.time = time
        self.logger = logger
        state = Mutex(State(traffic: TrafficLedger(startedAt: time.now)))
        (openRequests, openRequestsInput) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.openRequestsMax))
    }

    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for await request in openRequests.cancelOnGracefulShutdown() {
                group.addTask { await self.listen(request) }
            }
        }
    }

    package func open(_ route: RouteKey, port: Int?) async throws -> RouteAddress {
        if let listener = state.withLock({ $0.listeners[route] }) { return listener.address }
        if let port {
            do {
                return try await open(route, at: port)
            } catch let error as IOError {
                throw KeptnError(.unavailable, "\(route) needs port \(port) of \(configuration.host): \(error)")
            }
        }
        for _ in 1..<Self.portTriesMax {
            do {
                return try await open(route, at: .random(in: Self.portRange))
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                continue
            }
        }
        throw KeptnError(.unavailable, "no port of \(Self.portRange) is free")
    }

    package func close(_ route: RouteKey) async {
        let listener = state.withLock { state in
            state.table.remove(route)
            state.traffic.serve(nil, on: route, at: time.now)
            return state.listeners.removeValue(forKey: route)
        }
        do {
            try await listener?.close()
        } catch {
            logger.warning("a route was not closed", metadata: ["route": "\(route)", "error": "\(error)"])
        }
    }

    package func setUpstreams(_ upstreams: Upstreams?, of route: RouteKey) async {
        let now = time.now
        state.withLock { state in
            state.table.set(upstreams, of: route)
            state.traffic.serve(
                upstreams?.deployment, startedAt: upstreams?.startedAt, on: route, at: now)
        }
    }

    package func drain(_ endpoint: Endpoint, of route: RouteKey, within patience: Duration) async -> Bool {
        let end = time.now + patience
        while state.withLock({ $0.table.requestsUnderWay(at: endpoint, of: route) }) > 0 {
            guard time.now < end else { return false }
            do {
                try await time.sleep(for: Self.drainInterval)
            } catch {
                return false
            }
        }
        return true
    }

    package func summary(
        of scope: Scope, deployment: String?, from: Timestamp, to: Timestamp
    ) async -> TrafficSummary? {
        state.withLock { $0.traffic.summary(of: scope, deployment: deployment, from: from, to: to) }
    }

    package func totals() async -> [RouteKey: TrafficTotals] { state.withLock { $0.traffic.totals } }
}

// MARK: - Listening

extension HTTPProxy {
    /// `run()` is the one that listens; here is only asked for it.
    private func open(_ route: RouteKey, at port: Int) async throws -> RouteAddress {
        let (replies, reply) = AsyncStream<Result<RouteAddress, any Error>>.makeStream(
            bufferingPolicy: .bufferingOldest(1))
        guard case .enqueued = openRequestsInput.yield(OpenRequest(route: route, port: port, reply: reply)) else {
            throw KeptnError(.unavailable, "the proxy cannot open \(route): it is shutting down or overloaded")
        }
        let result = try await time.withDeadline(Self.openTime, "opening \(route)") {
            for await reply in replies { return reply }
            throw CancellationError()
        }
        return try result.get()
    }

    private func listen(_ request: OpenRequest) async {
        let route = request.route
        let channel = HTTP1Channel(
            responder: { [weak self] request, writer, channel in
                try await self?.answer(request, writer, client: channel.remoteAddress?.ipAddress, on: route)
            },
            configuration: .init(idleTimeout: TimeAmount(configuration.clientIdleTime)))
        let address = address(port: request.port)
        // Set once the server exists: its own start-up report needs it.
        let closing = Mutex<(@Sendable () async throws -> Void)?>(nil)
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(address: .hostname(configuration.host, port: request.port)),
            onServerRunning: { [weak self] _ in
                guard let self, let close = closing.withLock({ $0 }) else { return }
                state.withLock { $0.listeners[route] = Listener(address: address, close: close) }
                request.reply.yield(.success(address))
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        closing.withLock { $0 = { try await server.shutdownGracefully() } }
        do {
            try await server.run()
        } catch {
            request.reply.yield(.failure(error))
        }
    }

    private func address(port: Int) -> RouteAddress {
        let isEverywhere = ["0.0.0.0", "::"].contains(configuration.host)
        let localHost = isEverywhere ? "127.0.0.1" : configuration.host
        let publicHost = ["0.0.0.0", "::"].contains(configuration.publicHost) ? localHost : configuration.publicHost
        return RouteAddress(local: "http://\(localHost):\(port)", public: "http://\(publicHost):\(port)", port: port)
    }
}
