package import Core
import FoundationEssentials
package import KeptnModel
import NIOPosix
package import Ports

/// Releases as files: `PROJECT/STAGE/SERVICE/state.json`, and `logs/` beside it.
package struct FileReleaseStore: ReleaseStore {
    private static let stateFile = "state.json"
    private static let logFolder = "logs"
    /// Of the deployments of one service in one stage, those that run not counted.
    private static let oldLogsKept = 10

    private let folder: String
    private let ids: any IDSource

    /// - Parameter folder: Created when the first release is stored.
    package init(folder: String, ids: any IDSource) {
        self.folder = folder
        self.ids = ids
    }

    package func load(_ scope: Scope) async throws -> Release? {
        let folder = try folder(of: scope)
        return try await NIOThreadPool.singleton.runIfActive { try Self.release(in: folder) }
    }

    package func save(_ release: Release) async throws {
        let folder = try folder(of: release.scope)
        let temporaryName = "state-\(ids.newID()).json"
        try await NIOThreadPool.singleton.runIfActive {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let bytes = Array(try encoder.encode(release))
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(Self.logFolder)", withIntermediateDirectories: true)
            do {
                try DurableFile.replace("\(folder)/\(Self.stateFile)", with: bytes, temporaryName: temporaryName)
            } catch {
                throw KeptnError(.unavailable, "\(folder)/\(Self.stateFile) cannot be written: \(error)")
            }
            try Self.removeOldLogs(of: release, in: "\(folder)/\(Self.logFolder)")
        }
    }

    package func remove(_ scope: Scope) async throws {
        let folder = try folder(of: scope)
        try await NIOThreadPool.singleton.runIfActive {
            guard FileManager.default.fileExists(atPath: folder) else { return }
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    package func all() async throws -> (releases: [Release], problems: [KeptnError]) {
        let root = folder
        return try await NIOThreadPool.singleton.runIfActive {
            var releases: [Release] = []
            var problems: [KeptnError] = []
            for project in try Self.subfolders(of: root) {
                for stage in try Self.subfolders(of: project) {
                    for service in try Self.subfolders(of: stage) {
                        do {
                            if let release = try Self.release(in: service) { releases.append(release) }
                        } catch let problem as KeptnError {
                            problems.append(problem)
                        }
                    }
                }
            }
            return (releases, problems)
        }
    }

    package func logFile(of scope: Scope, deployment: String, replica: Int) -> String {
        "\(folder)/\(scope)/\(Self.logFolder)/\(deployment)-\(replica).log"
    }

    /// The names come from events: what is no good name must not become a path.
    private func folder(of scope: Scope) throws(KeptnError) -> String {
        let problem =
            Names.problem(project: scope.project) ?? Names.problem(stage: scope.stage)
            ?? Names.problem(service: scope.service)
        if let problem { throw KeptnError(.invalidInput, problem) }
        return "\(folder)/\(scope)"
    }

    private static func release(in folder: String) throws -> Release? {
        let path = "\(folder)/\(stateFile)"
        guard let bytes = try FileReading.bytes(of: path) else { return nil }
        do {
            return try JSONDecoder().decode(Release.self, from: Data(bytes))
        } catch {
            throw KeptnError(.internalFailure, "\(path) cannot be read: \(error)")
        }
    }

    private static func subfolders(of folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
            .filter { (try? FileManager.default.contentsOfDirectory(atPath: $0)) != nil }
    }

    private static func removeOldLogs(of release: Release, in folder: String) throws {
        let running = release.deployments.map(\.id)
        let old = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { name in !running.contains { name.hasPrefix($0) } }
            .map { name -> (path: String, changed: Date) in
                let path = "\(folder)/\(name)"
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                return (path, attributes[.modificationDate] as? Date ?? .distantPast)
            }
            .sorted { $0.changed > $1.changed }
        for log in old.dropFirst(oldLogsKept) { try FileManager.default.removeItem(atPath: log.path) }
    }
}
