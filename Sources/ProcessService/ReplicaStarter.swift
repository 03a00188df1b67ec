import CloudEvents
import Core
import KeptnModel
import Ports

/// Starts processes and waits until they are healthy.
struct ReplicaStarter: Sendable {
    /// Of a process's output, in the message about its failure.
    private static let outputLinesShown = 20
    private static let host = "127.0.0.1"
    /// A port can be lost to another program before our process is there.
    private static let portTriesMax = 3

    let scope: Scope
    let environment: ProcessService.Environment

    /// All replicas of a deployment, or none.
    func start(_ deployment: Deployment) async throws -> Deployment {
        var started = deployment
        started.replicas = try await start(Array(0..<deployment.spec.replicas), of: deployment)
        return started
    }

    /// The replicas with these numbers, or none.
    func start(_ numbers: [Int], of deployment: Deployment) async throws -> [Replica] {
        try await withThrowingTaskGroup(of: (Int, Replica).self) { group in
            for index in numbers {
                group.addTask { (index, try await start(index, of: deployment)) }
            }
            var replicas: [Int: Replica] = [:]
            do {
                for try await (index, replica) in group { replicas[index] = replica }
            } catch {
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .success(let (index, replica)) = result { replicas[index] = replica }
                }
                await stop(Array(replicas.values), grace: deployment.spec.gracefulStop)
                throw error
            }
            return replicas.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// One replica. When it does not come up it is stopped, and its last output is in the error. One that ends after
    /// somebody else got its port is started again at another.
    func start(_ index: Int, of deployment: Deployment) async throws -> Replica {
        var triesLeft = Self.portTriesMax
        while true {
            triesLeft -= 1
            let port = try await environment.processes.freePort()
            switch try await start(index, of: deployment, at: port) {
            case .success(let replica): return replica
            case .failure(let failure):
                let isPortLost = failure.hasEnded ? await !environment.processes.isFree(port) : false
                guard isPortLost, triesLeft > 0 else { throw KeptnError(.unavailable, failure.message) }
            }
        }
    }

    private func start(_ index: Int, of deployment: Deployment, at port: Int) async throws -> Result<Replica, Failure> {
        let (spec, processes) = (deployment.spec, environment.processes)
        let folder = try await environment.artifacts.unpacked(deployment.artifact)
        let variables = ProcessVariables(
            scope: scope, deployment: deployment.strategy.deploymentName, host: Self.host, port: port,
            artifactFolder: folder)
        let logFile = environment.releases.logFile(of: scope, deployment: deployment.id, replica: index)
        let process = try await processes.start(
            ProcessCommand(
                program: variables.expand(spec.command), arguments: spec.arguments.map(variables.expand),
                environment: variables.environment(of: spec), folder: folder, logFile: logFile))
        do {
            let endpoint = Endpoint(host: Self.host, port: port)
            guard let problem = try await problem(of: process, at: endpoint, spec.healthCheck) else {
                return .success(Replica(port: port, process: process))
            }
            let hasEnded = await !processes.isRunning(process)
            let output = await processes.lastLines(of: logFile, max: Self.outputLinesShown)
            await processes.stop(process, grace: spec.gracefulStop)
            return .failure(Failure(message: message(problem, output), hasEnded: hasEnded))
        } catch {
            await processes.stop(process, grace: spec.gracefulStop)
            throw error
        }
    }

    func stop(_ replicas: [Replica], grace: Duration) async {
        let processes = environment.processes
        await withDiscardingTaskGroup { group in
            for process in replicas.compactMap(\.process) {
                group.addTask { await processes.stop(process, grace: grace) }
            }
        }
    }

    /// Nil as soon as the process is healthy; else why it never will be.
    private func problem(
        of process: ProcessHandle, at endpoint: Endpoint, _ check: ProcessSpec.HealthCheck
    ) async throws -> String? {
        try await withThrowingTaskGroup(of: String?.self) { group in
            defer { group.cancelAll() }
            group.addTask { "it \(try await environment.processes.exited(process))" }
            group.addTask {
                let end = environment.time.now + check.startTimeout
                while let problem = await environment.health.problem(
                    at: endpoint, path: check.path, timeout: check.timeout)
                {
                    guard environment.time.now < end else {
                        return "GET \(check.path) had no good answer within \(check.startTimeout.go); "
                            + "the last time: \(problem)"
                    }
                    try await environment.time.sleep(for: check.interval)
                }
                return nil
            }
            return try await group.next() ?? nil
        }
    }

    private func message(_ problem: String, _ output: [String]) -> String {
        let start = "\(scope.service) did not start in stage \(scope.stage): \(problem)"
        guard !output.isEmpty else { return "\(start). It wrote nothing." }
        return "\(start). Its last output:\n" + output.joined(separator: "\n")
    }

    /// Why a process never was healthy.
    private struct Failure: Error {
        let message: String
        /// By itself, before we stopped it.
        let hasEnded: Bool
    }
}
