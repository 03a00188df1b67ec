import KeptnModel
import Ports
import SpecFiles

/// What to run, from the service's configuration at the run's commit, or that of its stage or project.
struct Workloads: Sendable {
    static let file = "jmeter/jmeter.conf.yaml"

    /// Of the files in a JMeter script's folder.
    private static let filesMax = 1000
    private static let bytesMax = 64 << 20

    let configuration: any ConfigurationListing

    /// The workloads of `jmeter.conf.yaml`, and for every strategy that is not in it the default one.
    func all(of scope: Scope, commit: String?) async throws -> [TestConfiguration.Workload] {
        guard let file = try await find(Self.file, scope, commit) else { return TestConfiguration.defaults }
        let own = try SpecFiles.testConfiguration(file.bytes, file: file.path).value.workloads
        let strategies = Set(own.map(\.testStrategy))
        return own + TestConfiguration.defaults.filter { !strategies.contains($0.testStrategy) }
    }

    enum Script: Sendable {
        case plan(TestPlan)
        /// A `.jmx` file: its path, and it with whatever lies in its folder.
        case jmeter(path: String, files: [String: [UInt8]])
    }

    /// By its name: the file is read when its turn has come.
    static func isForJMeter(_ script: String) -> Bool { script.lowercased().hasSuffix(".jmx") }

    /// A workload's script; nil when there is no such file. Throws `InvalidFile` when it is no good.
    func script(
        of workload: TestConfiguration.Workload, for scope: Scope, commit: String?
    ) async throws -> Script? {
        guard let file = try await find(workload.script, scope, commit) else { return nil }
        guard Self.isForJMeter(workload.script) else {
            return .plan(try SpecFiles.testPlan(file.bytes, file: file.path).value)
        }
        guard workload.rate == nil else {
            throw KeptnError(
                .invalidInput,
                "\(Self.file): workload '\(workload.testStrategy)' has a rate and the JMeter script "
                    + "'\(workload.script)': rates are for HTTP plans, a script says itself how it sends")
        }
        var files = try await folder(of: file.path, scope, commit)
        files[file.path] = file.bytes
        return .jmeter(path: file.path, files: files)
    }

    /// The files in a script's folder, those of project, stage and service together; the more special ones count.
    private func folder(of script: String, _ scope: Scope, _ commit: String?) async throws -> [String: [UInt8]] {
        guard let slash = script.lastIndex(of: "/") else { return [:] }
        var places: [String: ConfigurationPlace] = [:]
        for place in ConfigurationPlace(scope).fallbacks.reversed() {
            let listed = try await configuration.list(place, commit: commit).paths
            for path in listed where path.hasPrefix(script[...slash]) { places[path] = place }
        }
        guard places.count <= Self.filesMax else {
            throw KeptnError(
                .invalidInput, "the folder of '\(script)' has \(places.count) files; \(Self.filesMax) are the most")
        }
        var files: [String: [UInt8]] = [:]
        var bytes = 0
        for (path, place) in places {
            files[path] = try await configuration.file(path, at: place, commit: commit)?.bytes
            bytes += files[path]?.count ?? 0
            guard bytes <= Self.bytesMax else {
                throw KeptnError(
                    .invalidInput, "the folder of '\(script)' has more than \(Self.bytesMax >> 20) MiB of files")
            }
        }
        return files
    }

    private func find(_ path: String, _ scope: Scope, _ commit: String?) async throws -> ConfigurationFile? {
        for place in ConfigurationPlace(scope).fallbacks {
            if let file = try await configuration.file(path, at: place, commit: commit) { return file }
        }
        return nil
    }
}
