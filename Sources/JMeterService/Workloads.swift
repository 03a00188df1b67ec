import KeptnModel
import Ports
import SpecFiles

/// What to run, from the service's configuration at the run's commit, or that of its stage or project.
struct Workloads: Sendable {
    static let file = "jmeter/jmeter.conf.yaml"

    let configuration: any Configuration

    /// The workloads of `jmeter.conf.yaml`, and for every strategy that is not in it the default one.
    func all(of scope: Scope, commit: String?) async throws -> [TestConfiguration.Workload] {
        guard let file = try await find(Self.file, scope, commit) else { return TestConfiguration.defaults }
        let own = try SpecFiles.testConfiguration(file.bytes, file: file.path).value.workloads
        let strategies = Set(own.map(\.testStrategy))
        return own + TestConfiguration.defaults.filter { !strategies.contains($0.testStrategy) }
    }

    enum Script: Sendable {
        case plan(TestPlan)
        /// A `.jmx` file.
        case jmeter([UInt8])
    }

    /// A workload's script; nil when there is no such file. Throws `InvalidFile` when it is no good.
    func script(
        of workload: TestConfiguration.Workload, for scope: Scope, commit: String?
    ) async throws -> Script? {
        guard let file = try await find(workload.script, scope, commit) else { return nil }
        guard workload.script.lowercased().hasSuffix(".jmx") else {
            return .plan(try SpecFiles.testPlan(file.bytes, file: file.path).value)
        }
        guard workload.rate == nil else {
            throw KeptnError(
                .invalidInput,
                "\(Self.file): workload '\(workload.testStrategy)' has a rate and the JMeter script "
                    + "'\(workload.script)': rates are for HTTP plans, a script says itself how it sends")
        }
        return .jmeter(file.bytes)
    }

    private func find(_ path: String, _ scope: Scope, _ commit: String?) async throws -> ConfigurationFile? {
        let service = ConfigurationPlace(scope)
        for place in service.fallbacks {
            // The project's own branch does not have the stage's commit.
            let commit = place.stage == nil ? nil : commit
            if let file = try await configuration.file(path, at: place, commit: commit) { return file }
        }
        return nil
    }
}
