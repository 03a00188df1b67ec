import AsyncHTTPClient
import CloudEvents
import Core
import FoundationEssentials
import KeptnModel
import Logging
import NIOCore
import NIOHTTP1
import Ports
import ProcessRuntime
import ProcessService
import ServiceLifecycle
import TestSupport
import Testing

@Suite("ProcessService: with real processes behind the real proxy", .timeLimit(.minutes(10)))
struct RealProcessTests {
    let scope = Scope(project: "sockshop", stage: "production", service: "carts")

    @Test(
        "Three versions replace one another under load, and no request is lost",
        arguments: ["direct", "blue_green_service"])
    func noRequestLost(_ strategy: String) async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder: folder)
            try await machine.whileRunning {
                let address = try await machine.deliver(scope, strategy, version: "v1")
                async let failures = machine.load(address, clients: 4, requests: 200)
                for version in ["v2", "v3"] {
                    #expect(try await machine.deliver(scope, strategy, version: version) == address)
                    #expect(try await machine.answer(address)["name"]?.stringValue == version)
                }
                #expect(await failures == 0)
                #expect(await machine.processes.running().count == 1, "the old versions are stopped")
            }
            #expect(await machine.processes.running().isEmpty, "a graceful stop ends them all")
        }
    }

    @Test("A process that crashes is started again")
    func crash() async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder: folder)
            try await machine.whileRunning {
                let address = try await machine.deliver(scope, "direct", version: "v1")
                let pid = try await machine.answer(address)["pid"]?.intValue
                _ = try? await machine.answer("\(address)/crash")
                try await eventually("another process answers") {
                    guard let now = try? await machine.answer(address)["pid"]?.intValue else { return false }
                    return now != pid
                }
            }
        }
    }

    @Test("A version that is never healthy fails with its output, and the old one serves on")
    func neverHealthy() async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder: folder)
            try await machine.whileRunning {
                let address = try await machine.deliver(scope, "direct", version: "v1")
                let error = await #expect(throws: KeptnError.self) {
                    try await machine.deliver(scope, "direct", version: "sick")
                }
                let message = error?.message ?? ""
                let begin = "carts did not start in stage production: GET /health had no good answer within 20s; "
                #expect(message.hasPrefix(begin + "the last time: it answered 503"))
                #expect(message.contains("Its last output:\nserving "))
                #expect(try await machine.answer(address)["name"]?.stringValue == "v1")
                #expect(await machine.processes.running().count == 1)
            }
        }
    }

    @Test("After a kill of the server the same process serves at the same address")
    func adoption() async throws {
        try await withTemporaryFolder { folder in
            var address = ""
            var pid: Int?
            let machine = try Machine(folder: folder)
            // Cancelled, not stopped: nothing is cleaned up, as after kill -9.
            try await machine.untilKilled {
                address = try await machine.deliver(scope, "direct", version: "v1")
                pid = try await machine.answer(address)["pid"]?.intValue
            }
            let next = try Machine(folder: folder)
            try await next.whileRunning {
                try await eventually("the address is back") {
                    try await next.service.addresses(of: scope)[.primary]?.local == address
                }
                #expect(try await next.answer(address)["pid"]?.intValue == pid)
            }
            #expect(await next.processes.running().isEmpty)
        }
    }
}

/// Everything but the events: component, proxy, processes and files in one folder.
private struct Machine: Sendable {
    let service: ProcessService
    let proxy: HTTPProxy
    let processes: LocalProcesses
    private let artifacts: ArtifactFolder
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(folder: String) throws {
        let (time, ids) = (MachineTime(), RandomIDs())
        artifacts = try ArtifactFolder(folder: "\(folder)/artifacts", time: time, ids: ids)
        processes = LocalProcesses(name: folder, time: time)
        proxy = HTTPProxy(time: time, logger: quiet)
        service = ProcessService(
            .init(
                artifacts: artifacts, processes: processes, health: HTTPHealthProbe(), router: proxy,
                releases: FileReleaseStore(folder: "\(folder)/releases", ids: ids),
                configuration: PythonServer(program: try TestUpstream.write(to: folder)), time: time, ids: ids,
                logger: quiet))
    }

    /// Deploys and releases a version; returns the address at which the stage serves it.
    @discardableResult
    func deliver(_ scope: Scope, _ strategy: String, version: String) async throws -> String {
        // The version is the artifact's content, which the server reads from its folder.
        let artifact = try await artifacts.store(Content(version), name: "version")
        let request = DeploymentRequest(scope: scope, strategy: strategy, image: artifact.description, commit: version)
        let deployed = try await service.deploy(request)
        let released = try await service.release(scope, result: .pass)
        return (released ?? deployed).address.local
    }

    func answer(_ address: String) async throws -> JSON {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: address), timeout: .seconds(20))
        return try JSON(parsing: Array(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    /// Returns how many of the requests had no good answer.
    func load(_ address: String, clients: Int, requests: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var failures = 0
                    for _ in 0..<requests {
                        do {
                            failures += try await answer("\(address)/load")["name"] == nil ? 1 : 0
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

    func whileRunning(_ body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: [proxy, service], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                await stopEverything()
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func untilKilled(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await proxy.run() }
            tasks.addTask { try await service.run() }
            do {
                try await body()
            } catch {
                await stopEverything()
                throw error
            }
            tasks.cancelAll()
        }
    }

    private func stopEverything() async {
        for process in await processes.running() { await processes.stop(process, grace: .zero) }
    }
}

private struct Content: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error
    let text: String
    init(_ text: String) { self.text = text }
    func makeAsyncIterator() -> Iterator { Iterator(rest: Array(text.utf8)) }

    struct Iterator: AsyncIteratorProtocol {
        typealias Failure = any Error
        var rest: [UInt8]?
        mutating func next() async throws -> [UInt8]? { rest.take() }
    }
}

/// The version's name is the content of the artifact, and its only flag. A sick one is not waited for as long.
private struct PythonServer: Configuration {
    let program: String

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        let text = """
            command: sh
            arguments: ["-c", 'exec python3 \(program) "$PORT" "$(cat version)" "$(cat version)"']
            health_check:
              start_timeout: \(commit == "sick" ? "20s" : "60s")
              interval: 50ms
            """
        return ConfigurationFile(path: path, bytes: Array(text.utf8), commit: commit ?? "c1")
    }

    func head(of place: ConfigurationPlace) async throws -> String { "c1" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        throw KeptnError(.notFound, "there is no project '\(project)'")
    }
}
