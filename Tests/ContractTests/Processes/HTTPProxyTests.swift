import AsyncHTTPClient
import CloudEvents
import Core
import KeptnModel
import Logging
import NIOCore
import NIOHTTP1
import Ports
import ProcessRuntime
import Synchronization
import TestSupport
import Testing

@Suite("HTTPProxy", .timeLimit(.minutes(10)))
struct HTTPProxyTests {
    let primary = RouteKey(scope: Scope(project: "sockshop", stage: "dev", service: "carts"), kind: .primary)
    var canary: RouteKey { RouteKey(scope: primary.scope, kind: .canary) }

    @Test("A request goes through with its method, path, query, headers and body, and says where it came from")
    func forwards() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1")
            var request = HTTPClientRequest(url: "\(address)/carts/a%2Fb?x=1&y=%20")
            request.method = .PUT
            request.headers = ["X-Own": "yes", "Connection": "keep-alive, X-Hop", "X-Hop": "no"]
            request.body = .bytes(Array(repeating: 65, count: 1000))
            let answer = try await world.send(request)
            #expect(answer.status == 200)
            #expect(answer.headers["X-Name"] == ["v1"])
            #expect(answer.json["path"]?.stringValue == "/carts/a%2Fb?x=1&y=%20")
            #expect(answer.json["method"]?.stringValue == "PUT")
            #expect(answer.json["length"]?.intValue == 1000)
            let headers = try #require(answer.json["headers"])
            #expect(headers["x-own"]?.stringValue == "yes")
            #expect(headers["x-hop"] == nil)
            #expect(headers["x-forwarded-for"]?.stringValue == "127.0.0.1")
            #expect(headers["x-forwarded-proto"]?.stringValue == "http")
            #expect(headers["host"] == headers["x-forwarded-host"])
            #expect("http://\(headers["host"]?.stringValue ?? "")" == address)
        }
    }

    @Test("One client can be slowed down or refused, by the first address that was forwarded, and for his time only")
    func faults() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1")
            #expect(world.proxy.covers(primary.scope))
            #expect(!world.proxy.covers(Scope(project: "other", stage: "dev", service: "carts")))
            let now = MachineTime().now
            func fault(_ client: String, _ effect: ClientFault.Effect, seconds: Int) -> ClientFault {
                ClientFault(
                    id: client, client: client, effect: effect, until: now + .seconds(seconds), problemID: nil)
            }
            world.proxy.setFaults(
                [
                    fault("10.0.0.7", .refusal(status: 429), seconds: 600),
                    fault("10.0.0.8", .refusal(status: 403), seconds: -1),
                    fault("10.0.0.9", .delay(.milliseconds(1)), seconds: 600),
                ], of: primary.scope)
            for (forwarded, status) in [
                ("10.0.0.7", 429), ("10.0.0.7, 10.0.0.1", 429), ("::ffff:10.0.0.7", 429), ("10.0.0.1, 10.0.0.7", 200),
                ("10.0.0.8", 200), ("10.0.0.9", 200), ("nonsense", 200),
            ] {
                var request = HTTPClientRequest(url: "\(address)/x")
                request.headers = ["X-Forwarded-For": forwarded]
                #expect(try await world.send(request).status == status, "\(forwarded)")
                request.method = .POST
                request.body = .bytes(Array(repeating: 65, count: 100_000))
                #expect(try await world.send(request).status == status, "\(forwarded), with a body")
            }
            let totals = await world.proxy.totals()[primary]
            #expect(totals?.requests == 8, "those that were refused are not the service's")
            world.proxy.setFaults([fault("127.0.0.1", .refusal(status: 403), seconds: 600)], of: primary.scope)
            let refused = try await world.get("\(address)/x")
            #expect(refused.status == 403)
            #expect(refused.json["code"] == 403)
            world.proxy.setFaults([], of: primary.scope)
            #expect(try await world.get("\(address)/x").status == 200)
        }
    }

    @Test("Bodies stream in both directions, HEAD has none")
    func streams() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1")
            #expect(try await world.get("\(address)/stream").json["path"]?.stringValue == "/stream")
            var upload = HTTPClientRequest(url: "\(address)/upload")
            upload.method = .POST
            let part = ByteBuffer(repeating: 65, count: 100_000)
            upload.body = .stream(
                AsyncStream { continuation in
                    for _ in 0..<10 { continuation.yield(part) }
                    continuation.finish()
                }, length: .unknown)
            #expect(try await world.send(upload).json["length"]?.intValue == 1_000_000)
            upload.body = .stream(
                AsyncStream { continuation in
                    for _ in 0..<10 { continuation.yield(part) }
                    continuation.finish()
                }, length: .known(Int64(1_000_000)))
            #expect(try await world.send(upload).json["length"]?.intValue == 1_000_000)
            var head = HTTPClientRequest(url: "\(address)/")
            head.method = .HEAD
            let answer = try await world.send(head)
            #expect(answer.status == 200 && answer.body.isEmpty)
        }
    }

    @Test("Errors are JSON that tells what is missing")
    func errors() async throws {
        try await withProxy { world in
            let address = try await world.proxy.open(primary, port: nil).local
            let none = try await world.get("\(address)/")
            #expect(none.status == 503)
            #expect(none.json["message"]?.stringValue == "nothing of carts has been released in stage dev yet")
            #expect(none.headers["Retry-After"] == ["1"])
            let canaryAddress = try await world.proxy.open(canary, port: nil).local
            #expect(
                try await world.get(canaryAddress).json["message"]?.stringValue
                    == "there is no canary of carts in stage dev")
            await world.proxy.setUpstreams(Upstreams(deployment: "d", endpoints: []), of: primary)
            #expect(
                try await world.get("\(address)/").json["message"]?.stringValue
                    == "no process of carts in stage dev is up at the moment")
            let free = try await world.processes.freePort()
            await world.proxy.setUpstreams(Upstreams(deployment: "d", endpoints: [Endpoint(port: free)]), of: primary)
            let refused = try await world.get("\(address)/")
            #expect(refused.status == 502)
            #expect(refused.json["message"]?.stringValue?.hasPrefix("carts did not answer: ") == true)
        }
    }

    @Test("An answer that takes too long is 504")
    func tooLong() async throws {
        try await withProxy(.init(answerTime: .seconds(1))) { world in
            let address = try await world.serve(primary, by: "v1")
            #expect(try await world.get("\(address)/late").status == 504)
        }
    }

    @Test("A process that hangs up is asked again, but only when that does no harm")
    func retries() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1")
            var post = HTTPClientRequest(url: "\(address)/hangup")
            post.method = .POST
            #expect(try await world.send(post).status == 502)
            let free = try await world.processes.freePort()
            let good = try await world.upstream("v2")
            await world.proxy.setUpstreams(
                Upstreams(deployment: "d", endpoints: [Endpoint(port: free), good]), of: primary)
            // Nothing listens at the one, so even a POST may go to the other.
            for method in [HTTPMethod.GET, .POST, .GET, .POST] {
                var request = HTTPClientRequest(url: "\(address)/")
                request.method = method
                request.body = .bytes([1, 2, 3])
                #expect(try await world.send(request).json["name"]?.stringValue == "v2")
            }
        }
    }

    @Test("A process that closes kept connections without a word costs no request")
    func rudeProcess() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1", flags: ["rude"])
            let failures = await world.load(address, clients: 8, requests: 50)
            #expect(failures == 0)
        }
    }

    @Test("Requests go to the replicas in turn")
    func roundRobin() async throws {
        try await withProxy { world in
            let address = try await world.proxy.open(primary, port: nil).local
            let endpoints = [try await world.upstream("a"), try await world.upstream("b")]
            await world.proxy.setUpstreams(Upstreams(deployment: "d", endpoints: endpoints), of: primary)
            var names: [String] = []
            for _ in 0..<6 { names.append(try await world.get(address).json["name"]?.stringValue ?? "") }
            #expect(names.filter { $0 == "a" }.count == 3)
            #expect(names.filter { $0 == "b" }.count == 3)
        }
    }

    @Test("Under load the traffic is switched, the old process drained and stopped, and no request is lost")
    func switchover() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v0")
            async let failures = world.load(address, clients: 8, requests: 150)
            for number in 1...4 {
                let new = try await world.upstream("v\(number)")
                let old = world.upstreams["v\(number - 1)"]
                await world.proxy.setUpstreams(Upstreams(deployment: "v\(number)", endpoints: [new]), of: primary)
                let (endpoint, process) = try #require(old)
                #expect(await world.proxy.drain(endpoint, of: primary, within: .seconds(20)))
                await world.processes.stop(process, grace: .seconds(20))
            }
            #expect(await failures == 0)
            #expect(try await world.get(address).json["name"]?.stringValue == "v4")
        }
    }

    @Test("Draining waits for the requests under way, not longer than allowed")
    func drain() async throws {
        try await withProxy { world in
            let address = try await world.serve(primary, by: "v1")
            let endpoint = try #require(world.upstreams["v1"]).endpoint
            async let slow = world.get("\(address)/slow")
            // Until the request is at the process, there is nothing to wait for.
            try await eventually("the request is under way") {
                await !world.proxy.drain(endpoint, of: primary, within: .zero)
            }
            await world.proxy.setUpstreams(nil, of: primary)
            #expect(await world.proxy.drain(endpoint, of: primary, within: .seconds(20)))
            #expect(try await slow.status == 200)
        }
    }

    @Test("Measured are requests, errors and latencies, for each deployment by itself")
    func measures() async throws {
        try await withProxy { world in
            let begin = MachineTime().now
            let address = try await world.serve(primary, by: "v1")
            let canaryAddress = try await world.serve(canary, by: "v2")
            for path in ["/", "/500", "/", "/"] { _ = try await world.get(address + path) }
            _ = try? await world.get("\(address)/abort")
            _ = try await world.get("\(canaryAddress)/slow")
            let end = MachineTime().now + .seconds(1)
            func summary(_ name: String?) async -> TrafficSummary? {
                await world.proxy.summary(of: primary.scope, deployment: name, from: begin, to: end)
            }
            let direct = try #require(await summary("direct"))
            #expect(direct.requests == 5)
            #expect(direct.errors == 2)
            let slow = try #require(await summary("canary"))
            #expect(slow.requests == 1)
            #expect(try #require(slow.latency(quantile: 0.5)) >= 300)
            #expect(await world.proxy.totals()[primary]?.requests == 5)
            await world.proxy.setUpstreams(nil, of: canary)
            #expect(await summary("canary")?.requests == 1, "kept after its end")
        }
    }

    @Test("A route keeps its port over a restart; a port that is taken is an error that names it")
    func ports() async throws {
        var port = 0
        try await withProxy { world in
            let address = try await world.proxy.open(primary, port: nil)
            #expect(HTTPProxy.portRange.contains(address.port))
            #expect(try await world.proxy.open(primary, port: nil) == address)
            port = address.port
            let error = await #expect(throws: KeptnError.self) {
                try await world.proxy.open(canary, port: address.port)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("\(address.port)") == true)
        }
        try await withProxy { world in
            let address = try await world.proxy.open(primary, port: port)
            #expect(address.port == port)
            await world.proxy.close(primary)
            let problem = await HTTPHealthProbe().problem(at: Endpoint(port: port), path: "/", timeout: .seconds(2))
            #expect(problem != nil)
        }
    }
}

/// A running proxy and what stands behind it.
private final class ProxyWorld: Sendable {
    let proxy: HTTPProxy
    let processes: LocalProcesses
    private let folder: String
    private let started = Mutex<[String: (endpoint: Endpoint, process: ProcessHandle)]>([:])

    struct Answer {
        let status: UInt
        let headers: HTTPHeaders
        let body: [UInt8]
        var json: JSON { (try? JSON(parsing: body)) ?? .null }
    }

    init(_ proxy: HTTPProxy, folder: String) {
        self.proxy = proxy
        self.folder = folder
        processes = LocalProcesses(name: folder, time: MachineTime())
    }

    var upstreams: [String: (endpoint: Endpoint, process: ProcessHandle)] { started.withLock { $0 } }

    func upstream(_ name: String, flags: [String] = []) async throws -> Endpoint {
        let program = try TestUpstream.write(to: folder)
        let port = try await processes.freePort()
        let process = try await processes.start(
            ProcessCommand(
                program: "python3", arguments: [program, String(port), name] + flags, environment: [:], folder: folder,
                logFile: "\(folder)/\(name).log"))
        let endpoint = Endpoint(port: port)
        started.withLock { $0[name] = (endpoint, process) }
        try await eventually("\(name) is up") {
            await HTTPHealthProbe().problem(at: endpoint, path: "/health", timeout: .seconds(2)) == nil
        }
        return endpoint
    }

    /// The address of the route, which one new process serves from now on.
    func serve(_ route: RouteKey, by name: String, flags: [String] = []) async throws -> String {
        let address = try await proxy.open(route, port: nil)
        let endpoint = try await upstream(name, flags: flags)
        await proxy.setUpstreams(Upstreams(deployment: name, endpoints: [endpoint]), of: route)
        return address.local
    }

    func get(_ url: String) async throws -> Answer { try await send(HTTPClientRequest(url: url)) }

    func send(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 1 << 20)
        return Answer(status: response.status.code, headers: response.headers, body: Array(buffer: body))
    }

    /// Each client sends its requests one after the other, every third as POST. Returns how many had no good answer.
    func load(_ address: String, clients: Int, requests: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var failures = 0
                    for number in 0..<requests {
                        var request = HTTPClientRequest(url: "\(address)/load")
                        if number % 3 == 0 {
                            request.method = .POST
                            request.body = .bytes([1, 2, 3])
                        }
                        do {
                            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
                            _ = try await response.body.collect(upTo: 1 << 20)
                            if response.status != .ok { failures += 1 }
                        } catch {
                            failures += 1
                        }
                    }
                    return failures
                }
            }
            return await group.reduce(0, +)
        }
    }

    func stop() async {
        for process in await processes.running() { await processes.stop(process, grace: .zero) }
    }
}

private func withProxy(
    _ configuration: HTTPProxy.Configuration = .init(), _ body: (ProxyWorld) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let proxy = HTTPProxy(
            configuration: configuration, time: MachineTime(),
            logger: Logger(label: "proxy") { _ in SwiftLogNoOpLogHandler() })
        let world = ProxyWorld(proxy, folder: folder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await proxy.run() }
            do {
                try await body(world)
            } catch {
                await world.stop()
                throw error
            }
            await world.stop()
            group.cancelAll()
        }
    }
}
